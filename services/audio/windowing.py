"""From chunks with a speech probability to windows of speech, as a stream in flat memory."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from services.audio.features import WINDOW_HOP_SAMPLES, WINDOW_SAMPLES, FloatArray, wrap
from services.audio.vad import CHUNK_SAMPLES, Hysteresis, chunks

PAD_CHUNKS = 3
"""Chunks (32 ms each) kept from before speech was noticed, and at most kept after its end."""


@dataclass(frozen=True, slots=True)
class Window:
    """One input of the network.

    Attributes:
        samples: shape `(WINDOW_SAMPLES,)`, speech, wrapped where the stretch was shorter.
        start: first sample of the stream that this window speaks for.
        end: one past the last. The spans of the windows of a stretch tile it: neighbours overlap in
            `samples` and meet half-way between their centres. Up to `PAD_CHUNKS` of the quiet after the
            last word may lie in a span without lying in `samples`.
        stretch: number of the stretch of speech, from 0.
    """

    samples: FloatArray
    start: int
    end: int
    stretch: int


class SpeechWindows:
    """Collects chunks into stretches of speech and cuts those into windows.

    Holds at most one window of sound, one pause and one finished window, however long the stream is.
    A window is complete once speech was heard up to its end, so that it never ends in a pause.
    """

    def __init__(self, hysteresis: Hysteresis) -> None:
        self._rule = hysteresis
        self._before: deque[FloatArray] = deque(maxlen=PAD_CHUNKS)
        self._position = 0
        self._stretches = 0
        self._speaking = False
        self._reset(origin=0)

    def _reset(self, *, origin: int) -> None:
        self._held: list[FloatArray] = []
        self._held_start = self._origin = origin
        self._speech_end = origin
        self._voiced = 0
        self._pending: tuple[FloatArray, int] | None = None
        self._told = origin

    def push(self, chunk: FloatArray, probability: float) -> list[Window]:
        """Take the next chunk of the stream; returns the windows that it completed."""
        ready: list[Window] = []
        if not self._speaking and probability >= self._rule.threshold:
            self._speaking = True
            self._reset(origin=self._position - len(self._before) * CHUNK_SAMPLES)
            self._held.extend(self._before)
            self._before.clear()
        if self._speaking:
            self._held.append(chunk)
            if probability >= self._rule.negative_threshold:
                self._speech_end = self._position + CHUNK_SAMPLES
                self._voiced += CHUNK_SAMPLES
                ready = self._cut()
        else:
            self._before.append(chunk)
        self._position += CHUNK_SAMPLES
        if self._speaking and self._position - self._speech_end >= self._rule.min_pause_samples:
            ready += self._close()
        return ready

    def finish(self) -> list[Window]:
        """The stream has ended; returns what was still held."""
        return self._close() if self._speaking else []

    def _cut(self) -> list[Window]:
        """Cut the next full window if speech reaches its end; hand out the one before it."""
        if self._speech_end - self._held_start < WINDOW_SAMPLES:
            return []
        sound = np.concatenate(self._held)
        ready = self._queue(sound[:WINDOW_SAMPLES], self._held_start)
        self._held = [sound[WINDOW_HOP_SAMPLES:]]
        self._held_start += WINDOW_HOP_SAMPLES
        return ready

    def _queue(self, samples: FloatArray, start: int) -> list[Window]:
        """Make a window pending. The one that was pending now knows where its span ends."""
        ready: list[Window] = []
        if self._pending is not None:
            before, before_start = self._pending
            border = (before_start + start + WINDOW_SAMPLES) // 2
            ready = [Window(before, self._told, border, self._stretches)]
            self._told = border
        self._pending = (samples.copy(), start)
        return ready

    def _close(self) -> list[Window]:
        """End the stretch: a last window up to its end, spans up to its end."""
        self._speaking = False
        self._keep_tail()
        end = min(self._speech_end + PAD_CHUNKS * CHUNK_SAMPLES, self._position)
        if self._voiced < self._rule.min_speech_samples:
            return []
        ready = self._last_window(end)
        if self._pending is not None:
            ready.append(Window(self._pending[0], self._told, end, self._stretches))
        self._stretches += 1
        return ready

    def _last_window(self, end: int) -> list[Window]:
        sound = np.concatenate(self._held)[: end - self._held_start]
        if self._pending is None:
            return self._queue(wrap(sound), self._origin)
        before, before_start = self._pending
        if end - (before_start + WINDOW_SAMPLES) <= PAD_CHUNKS * CHUNK_SAMPLES:
            return []
        whole = np.concatenate([before[: self._held_start - before_start], sound])
        return self._queue(whole[-WINDOW_SAMPLES:], end - WINDOW_SAMPLES)

    def _keep_tail(self) -> None:
        """The pause after a stretch may lead into the next one."""
        tail = np.concatenate(self._held)[-PAD_CHUNKS * CHUNK_SAMPLES :]
        pause = tail[max(0, len(tail) - (self._position - self._speech_end)) :]
        pause = pause[len(pause) % CHUNK_SAMPLES :]
        self._before.extend(pause.reshape(-1, CHUNK_SAMPLES))


def speech_windows(
    blocks: Iterable[FloatArray], *, hysteresis: Hysteresis, probability: Callable[[FloatArray], float]
) -> Iterator[Window]:
    """Windows of speech in a stream: the one path of serving, training and evaluation.

    Args:
        blocks: consecutive sound, 16 kHz mono, float32, -1..1, of any lengths.
        hysteresis: when speech starts and ends.
        probability: speech probability of consecutive chunks, a new `SpeechProbability` for example.
    """
    collector = SpeechWindows(hysteresis)
    for chunk in chunks(blocks):
        yield from collector.push(chunk, probability(chunk))
    yield from collector.finish()
