"""The protocol that hides which runtime computes a prediction."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from services.common.serving.registry import Manifest

FloatArray = NDArray[np.float32]


class Predictor(Protocol):
    """Runs the served models, on whichever runtime."""

    def manifest(self, model: str) -> Manifest:
        """Return the manifest of `model`: labels, input, preprocessing, version."""
        ...

    def asset(self, model: str, name: str) -> bytes:
        """Return the bytes of a side file of `model` (its vocabulary, for example)."""
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
