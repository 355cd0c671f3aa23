"""Chunks of speech for the encoder, cut from pieces of sound by their speech probability, as a stream."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from services.audio.features import CHUNK_SAMPLES, TOKEN_SAMPLES, FloatArray
from services.audio.vad import PIECE_SAMPLES, Hysteresis, cut_pieces

PAD_PIECES = 3
"""Pieces (32 ms each) kept from before speech was noticed, and the most that are kept after its end."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One input of the encoder.

    Attributes:
        samples: speech, shape `(k,)`, 1 ≤ k ≤ `CHUNK_SAMPLES`.
        start: where it starts in the stream, in samples.
        heard: number of its first samples that an earlier chunk held already, a multiple of `TOKEN_SAMPLES`:
            the last chunk of a stretch reaches back, so that the encoder never gets a mere fragment of a
            word.
        stretch: number of the stretch of speech, from 0.
    """

    samples: FloatArray
    start: int
    heard: int
    stretch: int

    @property
    def end(self) -> int:
        """One past the last sample, in the stream."""
        return self.start + self.samples.size


class SpeechChunks:
    """Collects pieces into stretches of speech and cuts those into chunks that tile them.

    Holds at most two chunks of sound and a pause, however long the stream is. A chunk is complete once
    speech was found up to its end, so that only the last one of a stretch ends in a pause.
    """

    def __init__(self, hysteresis: Hysteresis) -> None:
        self._rule = hysteresis
        self._before: deque[FloatArray] = deque(maxlen=PAD_PIECES)
        self._position = 0
        self._stretches = 0
        self._speaking = False
        self._reset(origin=0)

    def _reset(self, *, origin: int) -> None:
        self._held: list[FloatArray] = []
        self._held_start = origin
        self._speech_end = origin
        self._voiced = 0
        self._earlier: FloatArray | None = None

    def push(self, piece: FloatArray, probability: float) -> list[Chunk]:
        """Add the next piece of the stream; return the chunks that it completed."""
        ready: list[Chunk] = []
        if not self._speaking and probability >= self._rule.threshold:
            self._speaking = True
            self._reset(origin=self._position - len(self._before) * PIECE_SAMPLES)
            self._held.extend(self._before)
            self._before.clear()
        if self._speaking:
            self._held.append(piece)
            if probability >= self._rule.negative_threshold:
                self._speech_end = self._position + PIECE_SAMPLES
                self._voiced += PIECE_SAMPLES
                ready = self._cut()
        else:
            self._before.append(piece)
        self._position += PIECE_SAMPLES
        if self._speaking and self._position - self._speech_end >= self._rule.min_pause_samples:
            ready += self._close()
        return ready

    def finish(self) -> list[Chunk]:
        """Return what was still held, when the stream has ended."""
        return self._close() if self._speaking else []

    def _cut(self) -> list[Chunk]:
        if self._speech_end - self._held_start < CHUNK_SAMPLES:
            return []
        sound = np.concatenate(self._held)
        self._earlier = sound[:CHUNK_SAMPLES].copy()
        chunk = Chunk(self._earlier, self._held_start, 0, self._stretches)
        self._held = [sound[CHUNK_SAMPLES:].copy()]
        self._held_start += CHUNK_SAMPLES
        return [chunk]

    def _close(self) -> list[Chunk]:
        """End the stretch: return a last chunk up to its end, unless only a pause is left."""
        self._speaking = False
        self._keep_tail()
        end = min(self._speech_end + PAD_PIECES * PIECE_SAMPLES, self._position)
        rest = np.concatenate(self._held)[: min(max(0, end - self._held_start), CHUNK_SAMPLES)]
        if self._earlier is None and self._voiced < self._rule.min_speech_samples:
            return []
        number, self._stretches = self._stretches, self._stretches + 1
        if self._earlier is None:
            return [Chunk(rest, self._held_start, 0, number)]
        if rest.size <= PAD_PIECES * PIECE_SAMPLES:
            return []
        heard = (CHUNK_SAMPLES - rest.size) // TOKEN_SAMPLES * TOKEN_SAMPLES
        back = self._earlier[CHUNK_SAMPLES - heard :]
        return [Chunk(np.concatenate([back, rest]), self._held_start - heard, heard, number)]

    def _keep_tail(self) -> None:
        """Keep the pause after a stretch: it may lead into the next one."""
        tail = np.concatenate(self._held)[-PAD_PIECES * PIECE_SAMPLES :]
        pause = tail[max(0, len(tail) - (self._position - self._speech_end)) :]
        pause = pause[len(pause) % PIECE_SAMPLES :]
        self._before.extend(pause.reshape(-1, PIECE_SAMPLES))


def cut_speech_chunks(
    blocks: Iterable[FloatArray],
    *,
    hysteresis: Hysteresis,
    probability: Callable[[FloatArray], float],
    listen: Callable[[FloatArray, bool], None] | None = None,
) -> Iterator[Chunk]:
    """Yield the chunks of speech in a stream; serving, training and evaluation all use this function.

    Args:
        blocks: consecutive sound, 16 kHz mono, float32, -1..1, of any lengths.
        hysteresis: when speech starts and ends.
        probability: speech probability of consecutive pieces, a new `SpeechProbability` for example.
        listen: called with every piece, shape `(PIECE_SAMPLES,)`, and whether it is speech.
    """
    collector = SpeechChunks(hysteresis)
    for piece in cut_pieces(blocks):
        share = probability(piece)
        if listen is not None:
            listen(piece, share >= hysteresis.negative_threshold)
        yield from collector.push(piece, share)
    yield from collector.finish()
