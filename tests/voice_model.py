"""Stand-ins for the served voice model."""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from services.audio.features import N_MELS, WINDOW_FRAMES
from services.common.contracts.labels import EMOTIONS, Emotion
from services.common.contracts.results import ErrorCode
from services.common.errors import TemporaryError
from services.common.serving.registry import Manifest, TensorSpec


class FakeVoicePredictor:
    """Names the given emotions, one per window, in order; remembers what it was asked."""

    def __init__(
        self, script: Sequence[Emotion], *, confidence: float = 0.9, labels: Sequence[Emotion] = EMOTIONS
    ) -> None:
        self._script, self._confidence, self._labels = list(script), confidence, list(labels)
        self.batches: list[int] = []
        self.shapes: set[tuple[int, ...]] = set()

    def manifest(self, model: str) -> Manifest:
        return Manifest(
            name=model,
            version=3,
            labels=[label.value for label in self._labels],
            input=TensorSpec(name="log_mel", shape=[None, N_MELS, WINDOW_FRAMES]),
            output=TensorSpec(name="probabilities", shape=[None, len(self._labels)]),
            created_at=datetime(2026, 1, 1, tzinfo=UTC),
            licence="none",
        )

    def asset(self, model: str, name: str) -> bytes:
        raise FileNotFoundError(f"{model} has no {name}")

    def predict(self, model: str, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        self.batches.append(len(batch))
        self.shapes.add(batch.shape[1:])
        rest = (1.0 - self._confidence) / (len(self._labels) - 1)
        rows = np.full((len(batch), len(self._labels)), rest, np.float32)
        for row in rows:
            row[self._labels.index(self._script.pop(0))] = self._confidence
        return rows


class UnreachablePredictor(FakeVoicePredictor):
    """Has a manifest, but no model server answers."""

    def __init__(self) -> None:
        super().__init__([])

    def predict(self, model: str, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        raise TemporaryError(ErrorCode.MODEL_UNAVAILABLE, f"{model} did not answer {len(batch)} rows")
