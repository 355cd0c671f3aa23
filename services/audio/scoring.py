"""From windows to a timeline of perceived emotions and its summary."""

import numpy as np
from numpy.typing import NDArray

from services.audio.features import SAMPLE_RATE_HZ, FloatArray, log_mel
from services.audio.windowing import Window
from services.common.contracts.labels import EMOTIONS, Emotion
from services.common.contracts.results import EmotionScores, TimelineSegment
from services.common.serving.client import Predictor
from services.common.serving.registry import VOICE_EMOTION


def window_probabilities(windows: list[Window], predictor: Predictor) -> FloatArray:
    """Calibrated probabilities of windows, shape `(n, 7)`, columns in the order of `EMOTIONS`."""
    features = log_mel(np.stack([window.samples for window in windows]))
    labels = predictor.manifest(VOICE_EMOTION).labels
    order = [labels.index(emotion) for emotion in EMOTIONS]
    return predictor.predict(VOICE_EMOTION, features)[:, order]


class EmotionTimeline:
    """Scores windows in batches and grows a timeline; neighbours with one label become one segment.

    Attributes:
        segments: the timeline, in order, complete after `finish`.
        speech_s: seconds of speech that the segments cover.
        stretches: stretches of speech seen.
    """

    def __init__(self, predictor: Predictor, *, batch_windows: int, offset_s: float = 0.0) -> None:
        """Times of the segments count from `offset_s`, where the sound starts on the media's clock."""
        self._predictor = predictor
        self._batch_windows = batch_windows
        self._offset_s = offset_s
        self._waiting: list[Window] = []
        self._open: _OpenSegment | None = None
        self._total = np.zeros(len(EMOTIONS))
        self.segments: list[TimelineSegment] = []
        self.speech_s = 0.0
        self.stretches = 0

    def add(self, window: Window) -> None:
        """Take the next window; the model is called once a batch is full."""
        self._waiting.append(window)
        if len(self._waiting) == self._batch_windows:
            self._score()

    def finish(self, *, duration_s: float) -> None:
        """Score what is left and close the timeline; spans are cut at the end of the sound."""
        self._waiting = [w for w in self._waiting if w.start < duration_s * SAMPLE_RATE_HZ]
        self._score(limit=round(duration_s * SAMPLE_RATE_HZ))
        self._close()

    def summary(self) -> EmotionScores:
        """Mean probabilities, every second of speech counting the same. Sums to 1.

        Raises:
            ValueError: no speech was added.
        """
        if self.speech_s <= 0.0:
            raise ValueError("there is no speech to sum up")
        return _scores(self._total / self._total.sum())

    def _score(self, limit: int | None = None) -> None:
        if not self._waiting:
            return
        probabilities = window_probabilities(self._waiting, self._predictor)
        for window, row in zip(self._waiting, probabilities, strict=True):
            end = window.end if limit is None else min(window.end, limit)
            self._append(window, end=end, row=row.astype(np.float64))
        self._waiting.clear()

    def _append(self, window: Window, *, end: int, row: NDArray[np.float64]) -> None:
        seconds = (end - window.start) / SAMPLE_RATE_HZ
        label = int(row.argmax())
        self._total += row * seconds
        self.speech_s += seconds
        self.stretches = window.stretch + 1
        if self._open is None or not self._open.continues(label, window.stretch):
            self._close()
            self._open = _OpenSegment(label, window.stretch, window.start)
        self._open.extend(row, seconds, end)

    def _close(self) -> None:
        if self._open is not None:
            self.segments.append(self._open.closed(self._offset_s))
            self._open = None


class _OpenSegment:
    """A segment that may still grow."""

    def __init__(self, label: int, stretch: int, start: int) -> None:
        self._label, self._stretch, self._start, self._end = label, stretch, start, start
        self._total = np.zeros(len(EMOTIONS))

    def continues(self, label: int, stretch: int) -> bool:
        return label == self._label and stretch == self._stretch

    def extend(self, row: NDArray[np.float64], seconds: float, end: int) -> None:
        self._total += row * seconds
        self._end = end

    def closed(self, offset_s: float) -> TimelineSegment:
        emotions = _scores(self._total / self._total.sum())
        label = EMOTIONS[self._label]
        return TimelineSegment(
            start_s=round(offset_s + self._start / SAMPLE_RATE_HZ, 3),
            end_s=round(offset_s + self._end / SAMPLE_RATE_HZ, 3),
            label=label,
            confidence=emotions[label],
            emotions=emotions,
        )


def _scores(probabilities: NDArray[np.float64]) -> dict[Emotion, float]:
    return {emotion: float(p) for emotion, p in zip(EMOTIONS, probabilities, strict=True)}
