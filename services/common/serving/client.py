"""The `Predictor` protocol and the choice between its two runtimes."""

import socket

from services.common.contracts.results import ErrorCode
from services.common.errors import TemporaryError
from services.common.serving.predictor import Predictor
from services.common.settings import CommonSettings, Serving


def open_predictor(settings: CommonSettings) -> Predictor:
    """The predictor that the settings ask for. Neither runtime's packages load unless it is chosen."""
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
    """Raise `TemporaryError` where TF Serving is asked for and nothing listens at its address.

    A plain connection: a gRPC channel has threads, which a process that forks must not have.
    """
    if settings.serving is not Serving.TF_SERVING:
        return
    host, _, port = settings.tf_serving_target.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=3).close()
    except OSError as fault:
        raise TemporaryError(ErrorCode.MODEL_UNAVAILABLE, "The model server is out of reach.") from fault
