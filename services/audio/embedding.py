"""Windows of the embedding, made from chunks of speech by the encoder."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from services.audio.features import (
    EMBEDDING_SIZE,
    TOKEN_SAMPLES,
    WINDOW_HOP_TOKENS,
    WINDOW_TOKENS,
    FloatArray,
    compute_log_mel,
    count_tokens,
    pool,
)
from services.audio.windowing import Chunk
from services.common.serving.predictor import Predictor
from services.common.serving.registry import VOICE_ENCODER

MIN_TOKENS = 10
"""If less than this (0.2 s) follows the last full window of a stretch, it gets no window of its own."""


@dataclass(frozen=True, slots=True)
class Window:
    """Up to 3 s of speech, the input of the classifier.

    Attributes:
        embedding: mean and deviation of its frames, shape `(WINDOW_SIZE,)`.
        samples: the sound behind it, shape `(k,)`.
        start: first sample of the stream that this window represents.
        end: one past the last. The spans of the windows of a stretch tile it: the sounds of neighbours
            overlap, and their spans meet half-way between their centres.
        stretch: number of the stretch of speech, from 0.
        heard_from: where `samples` start in the stream.
    """

    embedding: FloatArray
    samples: FloatArray
    start: int
    end: int
    stretch: int
    heard_from: int


class Embedder:
    """Sends chunks to the encoder in batches and pools its frames into windows.

    Holds one batch of chunks and one window of frames, however long the stream is.
    """

    def __init__(self, predictor: Predictor, *, batch_chunks: int) -> None:
        self._predictor = predictor
        self._batch_chunks = batch_chunks
        self._waiting: list[Chunk] = []
        self._stretch: _Stretch | None = None

    def add(self, chunk: Chunk) -> list[Window]:
        """Add the next chunk; return the windows that became complete."""
        self._waiting.append(chunk)
        return self._embed() if len(self._waiting) == self._batch_chunks else []

    def finish(self) -> list[Window]:
        """Return the windows that were still open, when the stream has ended."""
        ready = self._embed() if self._waiting else []
        return ready + self._end_stretch()

    def _embed(self) -> list[Window]:
        frames = self._predictor.predict(
            VOICE_ENCODER, compute_log_mel([chunk.samples for chunk in self._waiting])
        )
        ready: list[Window] = []
        for chunk, rows in zip(self._waiting, frames, strict=True):
            if self._stretch is None or self._stretch.number != chunk.stretch:
                ready += self._end_stretch()
                self._stretch = _Stretch(chunk.stretch, chunk.start)
            ready += self._stretch.add(chunk, rows)
        self._waiting.clear()
        return ready

    def _end_stretch(self) -> list[Window]:
        ended, self._stretch = self._stretch, None
        return [] if ended is None else ended.finish()


class _Stretch:
    """The frames of one stretch that no window has used up yet."""

    def __init__(self, number: int, start: int) -> None:
        self.number = number
        self._frames = np.zeros((0, EMBEDDING_SIZE), np.float32)
        self._samples = np.zeros(0, np.float32)
        self._start = self._span_start = start
        self._end = start
        self._last_end = start
        self._pending: Window | None = None

    def add(self, chunk: Chunk, rows: FloatArray) -> list[Window]:
        new = rows[count_tokens(chunk.heard) if chunk.heard else 0 : count_tokens(chunk.samples.size)]
        self._frames = np.concatenate([self._frames, new])
        self._samples = np.concatenate([self._samples, chunk.samples[chunk.heard :]])
        self._end = chunk.end
        return list(self._full_windows())

    def finish(self) -> list[Window]:
        """Return the last windows; their spans go on to the end of the stretch."""
        left = self._end - self._last_end
        ready: list[Window] = []
        if self._pending is None or left >= MIN_TOKENS * TOKEN_SAMPLES:
            ready = self._queue(max(0, len(self._frames) - WINDOW_TOKENS), len(self._frames))
        if self._pending is not None:
            last = self._pending
            ready.append(replace(last, start=self._span_start, end=self._end))
        return ready

    def _full_windows(self) -> Iterator[Window]:
        """Yield full windows. Frames that only they needed are dropped, those of the last one are kept."""
        while self._next_offset + WINDOW_TOKENS <= len(self._frames):
            yield from self._queue(self._next_offset, self._next_offset + WINDOW_TOKENS)
            self._drop(max(0, self._next_offset - WINDOW_TOKENS))

    @property
    def _next_offset(self) -> int:
        """Where the next full window starts within the frames held."""
        if self._pending is None:
            return 0
        return (self._pending.heard_from - self._start) // TOKEN_SAMPLES + WINDOW_HOP_TOKENS

    def _drop(self, tokens: int) -> None:
        self._frames = self._frames[tokens:]
        self._samples = self._samples[tokens * TOKEN_SAMPLES :]
        self._start += tokens * TOKEN_SAMPLES

    def _queue(self, first: int, last: int) -> list[Window]:
        """Make a window pending; return the one that was pending before, whose span now has its end."""
        start = self._start + first * TOKEN_SAMPLES
        ready: list[Window] = []
        if self._pending is not None:
            before = self._pending
            border = (before.heard_from + start + WINDOW_TOKENS * TOKEN_SAMPLES) // 2
            ready = [replace(before, start=self._span_start, end=border)]
            self._span_start = border
        samples = self._samples[first * TOKEN_SAMPLES : last * TOKEN_SAMPLES].copy()
        self._pending = Window(pool(self._frames[first:last]), samples, start, start, self.number, start)
        self._last_end = start + samples.size
        return ready
