"""Utterances for a speech recogniser, made from pieces of sound and their speech probability."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from services.audio.features import SAMPLE_RATE_HZ, FloatArray
from services.audio.vad import PIECE_SAMPLES, Hysteresis, cut_pieces

MAX_UTTERANCE_S = 28.0
"""Whisper takes 30 s at once; the difference leaves room for its time stamps."""
LONG_PAUSE_S = 3.0
"""A pause this long ends an utterance. A shorter one stays in it: each utterance costs as much as 30 s."""
MIN_LENGTH_SHARE = 0.5
"""An utterance that is too long is cut no earlier than at this share of its length."""
PAD_PIECES = 6
"""Pieces (32 ms each) kept before the first sign of speech and after the last."""
_LULL_PIECES = 9
"""Speech probability is averaged over this many pieces (0.29 s) to find where to cut."""

_MAX_PIECES = int(MAX_UTTERANCE_S * SAMPLE_RATE_HZ) // PIECE_SAMPLES
_PAUSE_PIECES = int(LONG_PAUSE_S * SAMPLE_RATE_HZ) // PIECE_SAMPLES


@dataclass(frozen=True, slots=True)
class Utterance:
    """A part of a recording that holds speech.

    Attributes:
        samples: shape `(k,)`, float32, -1..1, 16 kHz mono, at most `MAX_UTTERANCE_S`.
        start: where it starts in the stream, in samples.
        voiced: how many of its samples are speech by voice activity.
    """

    samples: FloatArray
    start: int
    voiced: int


class Utterances:
    """Collects pieces into utterances. Holds at most one of them, however long the stream is."""

    def __init__(self, rule: Hysteresis) -> None:
        self._rule = rule
        self._before: deque[FloatArray] = deque(maxlen=PAD_PIECES)
        self._held: list[FloatArray] = []
        self._probabilities: list[float] = []
        self._position = 0

    def push(self, piece: FloatArray, probability: float) -> list[Utterance]:
        """Add the next piece, shape `(PIECE_SAMPLES,)`; return the utterances that it completed."""
        self._position += 1
        if not self._held and probability < self._rule.threshold:
            self._before.append(piece)
            return []
        if not self._held:
            self._held = list(self._before)
            self._probabilities = [0.0] * len(self._held)
            self._before.clear()
        self._held.append(piece)
        self._probabilities.append(probability)
        if self._count_quiet_pieces() >= _PAUSE_PIECES:
            return self.finish()
        return self._cut(self._find_cut()) if len(self._held) >= _MAX_PIECES else []

    def finish(self) -> list[Utterance]:
        """Return what was still held, when the stream or the speech in it has ended."""
        quiet = self._count_quiet_pieces()
        kept = len(self._held) - max(0, quiet - PAD_PIECES)
        found = self._cut(kept) if self._held else []
        self._before.extend(self._held)
        self._held, self._probabilities = [], []
        return found

    def _cut(self, length: int) -> list[Utterance]:
        """Return the first `length` pieces as an utterance, if enough of them is speech; keep the rest."""
        start = (self._position - len(self._held)) * PIECE_SAMPLES
        voiced = PIECE_SAMPLES * sum(map(self._is_speech, self._probabilities[:length]))
        given, self._held = self._held[:length], self._held[length:]
        self._probabilities = self._probabilities[length:]
        if voiced < self._rule.min_speech_samples:
            return []
        return [Utterance(np.concatenate(given), start, voiced)]

    def _find_cut(self) -> int:
        """Find the last pause in the later part, or else the place that is least like speech."""
        first = int(_MAX_PIECES * MIN_LENGTH_SHARE)
        lulls = np.convolve(self._probabilities, np.full(_LULL_PIECES, 1.0 / _LULL_PIECES), mode="same")
        late = lulls[first : -_LULL_PIECES // 2]
        pauses = np.flatnonzero(late < self._rule.negative_threshold)
        return first + int(pauses[-1] if pauses.size else late.argmin())

    def _count_quiet_pieces(self) -> int:
        """Count the pieces without speech at the end of what is held."""
        for number, probability in enumerate(reversed(self._probabilities)):
            if self._is_speech(probability):
                return number
        return len(self._probabilities)

    def _is_speech(self, probability: float) -> bool:
        return probability >= self._rule.negative_threshold


def find_utterances(
    blocks: Iterable[FloatArray], *, rule: Hysteresis, probability: Callable[[FloatArray], float]
) -> Iterator[Utterance]:
    """Yield the utterances of a stream, in order, in bounded memory.

    Args:
        blocks: consecutive sound, 16 kHz mono, float32, -1..1, of any lengths.
        rule: when speech starts and how little of it counts; its pauses are not used (`LONG_PAUSE_S`).
        probability: speech probability of consecutive pieces, a new `SpeechProbability` for example.
    """
    collector = Utterances(rule)
    for piece in cut_pieces(blocks):
        yield from collector.push(piece, probability(piece))
    yield from collector.finish()
