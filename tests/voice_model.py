"""Stand-ins for the served voice models."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.audio.features import EMBEDDING_SIZE, FRAMES, N_MELS, TOKENS, WINDOW_SIZE, Population
from services.audio.normalisation import POPULATION_FILE, dump_population
from services.audio.voices import VOICES_FILE, dump_voices
from services.common.contracts.labels import EMOTIONS, Emotion
from services.common.contracts.results import ErrorCode
from services.common.errors import TemporaryError
from services.common.serving.registry import VOICE_ENCODER, Manifest, TensorSpec


class FakeVoicePredictor:
    """Hears in each frame only how loud the loudest band is, and names the given emotions in order.

    A row of the classifier costs one entry of the script; the last entry is repeated.
    """

    def __init__(
        self,
        script: Sequence[Emotion],
        *,
        confidence: float = 0.9,
        labels: Sequence[Emotion] = EMOTIONS,
        preprocessing: dict[str, Any] | None = None,
        encoder_version: int = 1,
    ) -> None:
        self._script, self._confidence, self._labels = list(script), confidence, list(labels)
        self._preprocessing = preprocessing or {}
        self._encoder_version = encoder_version
        self.batches: dict[str, list[int]] = {}
        self.rows: list[NDArray[np.float32]] = []

    def manifest(self, model: str) -> Manifest:
        encoder = model == VOICE_ENCODER
        return Manifest(
            name=model,
            version=self._encoder_version if encoder else 3,
            labels=[] if encoder else [label.value for label in self._labels],
            input=TensorSpec(name="x", shape=[None, N_MELS, FRAMES] if encoder else [None, WINDOW_SIZE]),
            output=TensorSpec(
                name="y", shape=[None, TOKENS, EMBEDDING_SIZE] if encoder else [None, len(self._labels)]
            ),
            preprocessing=self._preprocessing,
            created_at=datetime(2026, 1, 1, tzinfo=UTC),
            licence="none",
        )

    def asset(self, model: str, name: str) -> bytes:
        if name == VOICES_FILE:
            thresholds = np.array([[8.0, 0.6], [32.0, 0.6]])
            return dump_voices(np.eye(WINDOW_SIZE, 2, dtype=np.float32), thresholds)
        if name != POPULATION_FILE:
            raise FileNotFoundError(f"{model} has no {name}")
        return dump_population(
            Population(np.zeros(WINDOW_SIZE, np.float32), np.ones(WINDOW_SIZE, np.float32))
        )

    def predict(self, model: str, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        self.batches.setdefault(model, []).append(len(batch))
        if model == VOICE_ENCODER:
            loudest = batch.max(axis=1)[:, ::2, np.newaxis]
            return np.repeat(loudest, EMBEDDING_SIZE, axis=2)
        self.rows.append(batch)
        return np.stack([self._scripted() for _ in batch])

    def _scripted(self) -> NDArray[np.float32]:
        label = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        row = np.full(len(self._labels), (1.0 - self._confidence) / (len(self._labels) - 1), np.float32)
        row[self._labels.index(label)] = self._confidence
        return row


class UnreachablePredictor(FakeVoicePredictor):
    """Has manifests, but no model server answers."""

    def __init__(self) -> None:
        super().__init__([Emotion.NEUTRAL])

    def predict(self, model: str, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        raise TemporaryError(ErrorCode.MODEL_UNAVAILABLE, f"{model} did not answer {len(batch)} rows")
