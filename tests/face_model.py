"""A stand-in for the served face model."""

from datetime import UTC, datetime

import numpy as np

from services.common.contracts.labels import EMOTIONS, Emotion
from services.common.contracts.results import ErrorCode
from services.common.errors import TemporaryError
from services.common.serving.predictor import FloatArray, check_batch
from services.common.serving.registry import FACE_EMOTION, Manifest, TensorSpec


class FakeFacePredictor:
    """Names one emotion after the other, the last one for ever. `batches` holds what it was given."""

    def __init__(self, labels: list[Emotion] | None = None) -> None:
        self._labels = labels or [Emotion.NEUTRAL]
        self.batches: list[FloatArray] = []

    def manifest(self, model: str) -> Manifest:
        return Manifest(
            name=model,
            version=7,
            labels=[str(emotion) for emotion in EMOTIONS],
            input=TensorSpec(name="face", shape=[None, 48, 48, 1]),
            output=TensorSpec(name="probabilities", shape=[None, len(EMOTIONS)]),
            created_at=datetime(2026, 1, 1, tzinfo=UTC),
            licence="none",
        )

    def asset(self, model: str, name: str) -> bytes:
        raise FileNotFoundError(name)

    def predict(self, model: str, batch: FloatArray) -> FloatArray:
        assert model == FACE_EMOTION
        check_batch(self.manifest(model), batch)
        done = sum(len(earlier) for earlier in self.batches)
        self.batches.append(batch)
        probabilities = np.full((len(batch), len(EMOTIONS)), 0.05, np.float32)
        for row in range(len(batch)):
            label = self._labels[min(done + row, len(self._labels) - 1)]
            probabilities[row, EMOTIONS.index(label)] = 0.7
        return probabilities


class UnreachableFacePredictor(FakeFacePredictor):
    """A model server that is down."""

    def predict(self, model: str, batch: FloatArray) -> FloatArray:
        raise TemporaryError(ErrorCode.MODEL_UNAVAILABLE, "down")
