"""The choice between the two runtimes that compute predictions."""

import socket

from services.common.contracts.results import ErrorCode
from services.common.errors import TemporaryError
from services.common.serving.predictor import Predictor
from services.common.settings import CommonSettings, Serving


def open_predictor(settings: CommonSettings) -> Predictor:
    """Return the predictor of the runtime that the settings choose.

    Only that runtime's packages are loaded.
    """
    if settings.serving is Serving.TF_SERVING:
        from services.common.serving.tf_serving import TfServingPredictor

        return TfServingPredictor(
            models_dir=settings.models_dir,
            target=settings.tf_serving_target,
            timeout_s=settings.tf_serving_timeout_s,
        )
    from services.common.serving.litert import LiteRtPredictor

    return LiteRtPredictor(models_dir=settings.models_dir)


def check_model_server(settings: CommonSettings) -> None:
    """Raise `TemporaryError` if TF Serving is chosen and nothing listens at its address.

    The check opens a plain socket: a gRPC channel starts threads, and a process that forks must not have any.
    """
    if settings.serving is not Serving.TF_SERVING:
        return
    host, _, port = settings.tf_serving_target.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=3).close()
    except OSError as fault:
        raise TemporaryError(ErrorCode.MODEL_UNAVAILABLE, "The model server is out of reach.") from fault
