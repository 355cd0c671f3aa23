"""The timeline of perceived emotions and its summary, from the windows of a recording."""

from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from services.audio.embedding import Window
from services.audio.features import SAMPLE_RATE_HZ, WINDOW_SIZE, FloatArray, normalise_windows
from services.audio.normalisation import Normaliser
from services.audio.voices import VOICES_FILE, VoiceCounter
from services.common.contracts.labels import EMOTIONS, Emotion
from services.common.contracts.results import EmotionScores, TimelineSegment
from services.common.serving.predictor import Predictor
from services.common.serving.registry import VOICE_EMOTION

Floats = NDArray[np.float64]
SMOOTHING = (0.25, 0.5, 0.25)
"""Weights of the window before, the window itself and the one after; neighbours share half of their sound."""


def predict_windows(rows: FloatArray, normaliser: Normaliser, predictor: Predictor) -> FloatArray:
    """Return the calibrated probabilities of windows, shape `(n, 7)`, columns in the order of `EMOTIONS`.

    Args:
        rows: embeddings, shape `(n, WINDOW_SIZE)`.
        normaliser: of the speaker.
        predictor: runs the model `voice_emotion`.
    """
    labels = predictor.manifest(VOICE_EMOTION).labels
    order = [labels.index(emotion) for emotion in EMOTIONS]
    batch = normalise_windows(rows, normaliser.population, normaliser.mean)
    ordered: FloatArray = predictor.predict(VOICE_EMOTION, batch)[:, order]
    return ordered


def apply_temperature(probabilities: Floats, temperature: Floats | float) -> Floats:
    """Return the probabilities of `logits / temperature`, less confident above 1. Rows keep their ranking.

    Args:
        probabilities: shape `(n, k)`, rows sum to 1.
        temperature: of all rows or of each, shape `(n,)`; > 0.
    """
    exponent = 1.0 / np.broadcast_to(np.asarray(temperature, np.float64), len(probabilities))
    powers = np.maximum(probabilities, 1e-12) ** exponent[:, None]
    rows: Floats = powers / powers.sum(axis=1, keepdims=True)
    return rows


def smooth_windows(probabilities: Floats, stretch: NDArray[np.int64]) -> Floats:
    """Mix each row with its neighbours in the same stretch of speech; rows still sum to 1.

    Args:
        probabilities: shape `(n, k)`, in order of time.
        stretch: number of each row's stretch, shape `(n,)`.
    """
    before, own, after = SMOOTHING
    mixed, weight = own * probabilities, np.full(len(probabilities), own)
    same = stretch[1:] == stretch[:-1]
    mixed[1:][same] += before * probabilities[:-1][same]
    weight[1:][same] += before
    mixed[:-1][same] += after * probabilities[1:][same]
    weight[:-1][same] += after
    smooth: Floats = mixed / weight[:, None]
    return smooth


@dataclass(frozen=True, slots=True)
class Span:
    """The part of the stream that one window represents.

    Attributes:
        start: first sample of the stream.
        end: one past the last.
        stretch: number of the stretch of speech.
        heard_s: seconds of speech that the window rests on.
    """

    start: int
    end: int
    stretch: int
    heard_s: float


class EmotionTimeline:
    """Scores windows in batches and makes a timeline; neighbours with one label become one segment.

    Holds seven numbers per window, 1.5 s of speech each, one batch of windows and one window per label.

    Attributes:
        stretches: number of stretches of speech so far.
        voices: detects several speakers.
    """

    def __init__(self, predictor: Predictor, normaliser: Normaliser, *, batch_windows: int) -> None:
        self._predictor = predictor
        self._normaliser = normaliser
        self._batch_windows = batch_windows
        self._waiting: list[Window] = []
        self._spans: list[Span] = []
        self._rows: list[FloatArray] = []
        self._sum = np.zeros(WINDOW_SIZE)
        self._clearest: dict[int, tuple[float, int, Window]] = {}
        self.voices = VoiceCounter(predictor.asset(VOICE_EMOTION, VOICES_FILE), normaliser.population)
        self.stretches = 0

    def add(self, window: Window) -> None:
        """Add the next window; the model is called once a batch is full."""
        self._waiting.append(window)
        if len(self._waiting) == self._batch_windows:
            self.score()

    def score(self) -> None:
        """Score the waiting windows."""
        if not self._waiting:
            return
        rows = np.stack([window.embedding for window in self._waiting])
        found = predict_windows(rows, self._normaliser, self._predictor)
        for window, row in zip(self._waiting, found, strict=True):
            heard_s = window.samples.size / SAMPLE_RATE_HZ
            self._spans.append(Span(window.start, window.end, window.stretch, heard_s))
            self._rows.append(row)
            self._sum += window.embedding * (window.end - window.start)
            self._keep_clearest(window, row, len(self._rows) - 1)
            self.stretches = window.stretch + 1
        self.voices.add(rows)
        self._waiting.clear()

    def _keep_clearest(self, window: Window, row: FloatArray, number: int) -> None:
        label, confidence = int(row.argmax()), float(row.max())
        if label not in self._clearest or confidence > self._clearest[label][0]:
            self._clearest[label] = (confidence, number, window)

    def find_clearest(self, label: Emotion) -> tuple[int, Window] | None:
        """Return the number and the window with the highest confidence for this label.

        None if no window has it.
        """
        found = self._clearest.get(EMOTIONS.index(label))
        return None if found is None else found[1:]

    @property
    def speech_s(self) -> float:
        """Seconds of speech that the windows represent."""
        return sum(span.end - span.start for span in self._spans) / SAMPLE_RATE_HZ

    @property
    def mean_embedding(self) -> FloatArray:
        """Mean window, every second of speech counting the same, shape `(WINDOW_SIZE,)`.

        Raises:
            ValueError: no speech was scored.
        """
        if not self._spans:
            raise ValueError("there is no speech to sum up")
        return (self._sum / (self.speech_s * SAMPLE_RATE_HZ)).astype(np.float32)

    @property
    def heard_s(self) -> Floats:
        """Seconds of speech behind each window, shape `(n,)`."""
        return np.array([span.heard_s for span in self._spans])

    def finish(self, *, temperature: Floats | float, offset_s: float, duration_s: float) -> "Timeline":
        """Return the smoothed timeline, with the confidence that the sound allows.

        Args:
            temperature: of all windows or of each; above 1 lowers the confidence.
            offset_s: where the sound starts on the media's clock.
            duration_s: of the sound; spans are cut there.
        """
        self.score()
        limit = round(duration_s * SAMPLE_RATE_HZ)
        spans = [Span(s.start, min(s.end, limit), s.stretch, s.heard_s) for s in self._spans]
        if not spans:
            return Timeline([], {}, np.zeros((0, len(EMOTIONS))))
        stretch = np.array([span.stretch for span in spans])
        rows = apply_temperature(np.stack(self._rows).astype(np.float64), temperature)
        weights = np.array([max(0, span.end - span.start) for span in spans], np.float64)
        summary = np.average(rows, axis=0, weights=weights if weights.any() else None)
        return Timeline(
            _merge_windows(spans, smooth_windows(rows, stretch), offset_s), _make_scores(summary), rows
        )


@dataclass(frozen=True, slots=True)
class Timeline:
    """The emotions of all windows of a recording.

    Attributes:
        segments: in order of time, smoothed.
        summary: mean of the windows weighted by speech.
        windows: probabilities of every window, not smoothed, shape `(n, 7)`.
    """

    segments: list[TimelineSegment]
    summary: EmotionScores
    windows: Floats


def _merge_windows(spans: list[Span], rows: Floats, offset_s: float) -> list[TimelineSegment]:
    label_of = rows.argmax(axis=1)
    runs = groupby(range(len(spans)), key=lambda i: (spans[i].stretch, int(label_of[i])))
    return [
        _make_segment(EMOTIONS[label], spans, rows, list(members), offset_s) for (_, label), members in runs
    ]


def _make_segment(
    label: Emotion, spans: list[Span], rows: Floats, members: list[int], offset_s: float
) -> TimelineSegment:
    weights = np.array([max(1, spans[i].end - spans[i].start) for i in members], np.float64)
    emotions = _make_scores(np.average(rows[members], axis=0, weights=weights))
    return TimelineSegment(
        start_s=round(offset_s + spans[members[0]].start / SAMPLE_RATE_HZ, 3),
        end_s=round(offset_s + max(spans[members[-1]].end, spans[members[0]].start) / SAMPLE_RATE_HZ, 3),
        label=label,
        confidence=emotions[label],
        emotions=emotions,
    )


def _make_scores(probabilities: Floats) -> dict[Emotion, float]:
    return {emotion: min(1.0, float(p)) for emotion, p in zip(EMOTIONS, probabilities, strict=True)}
