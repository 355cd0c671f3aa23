"""The `Predictor` protocol and the choice between its two runtimes."""

import socket
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from services.common.contracts.results import ErrorCode
from services.common.errors import TemporaryError
from services.common.serving.registry import Manifest
from services.common.settings import CommonSettings, Serving

FloatArray = NDArray[np.float32]


class Predictor(Protocol):
    """Answers predictions of the served models, whichever runtime computes them."""

    def manifest(self, model: str) -> Manifest:
        """What `model` says about itself (labels, input, preprocessing, version)."""
        ...

    def asset(self, model: str, name: str) -> bytes:
        """A side file of `model` (a vocabulary, say), from the folder of its version."""
        ...

    def predict(self, model: str, batch: FloatArray) -> FloatArray:
        """Run `batch` through `model`.

        Args:
            model: a name of the registry, `voice_emotion` for example.
            batch: shape `(n, *manifest.input.shape[1:])`, float32, n ≥ 1.

        Returns:
            Shape `(n, *manifest.output.shape[1:])`, float32; for classifiers calibrated
            probabilities 0..1 in the order of `manifest.labels`.

        Raises:
            TemporaryError: `model_unavailable`, the runtime is out of reach.
            ValueError: the batch does not fit the manifest's input.
        """
        ...


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


def check_batch(manifest: Manifest, batch: FloatArray) -> None:
    """Raise `ValueError` unless `batch` fits the manifest's input (dtype, rank, fixed sizes)."""
    shape = manifest.input.shape
    fits = len(batch.shape) == len(shape) and all(
        want is None or want == have for want, have in zip(shape, batch.shape, strict=True)
    )
    if batch.dtype != np.float32 or not fits or batch.shape[0] == 0:
        raise ValueError(
            f"{manifest.name} takes float32 {shape} with at least one row, got {batch.dtype} {batch.shape}"
        )
