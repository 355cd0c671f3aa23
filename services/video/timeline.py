"""Emotions over time: from samples to segments of one perceived emotion. Pure."""

import numpy as np
from numpy.typing import NDArray

from services.common.contracts.labels import EMOTIONS
from services.common.contracts.results import EmotionScores, TimelineSegment

FloatArray = NDArray[np.float32]
SMOOTHING_SAMPLES = 5
"""Samples in the moving mean that names a segment (one second at five samples a second)."""


def emotion_scores(probabilities: FloatArray) -> EmotionScores:
    """Return a probability vector `(7,)` by label, normalised and rounded to four digits."""
    share = probabilities.astype(np.float64) / float(probabilities.sum())
    return {
        emotion: round(float(np.clip(p, 0.0, 1.0)), 4) for emotion, p in zip(EMOTIONS, share, strict=True)
    }


def moving_mean(values: FloatArray, width: int) -> FloatArray:
    """Compute the centred moving mean over the first axis of `(n, k)`; the window shrinks at the ends."""
    half = width // 2
    total = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0, dtype=np.float64)])
    rows = np.arange(len(values))
    low, high = np.maximum(rows - half, 0), np.minimum(rows + half + 1, len(values))
    mean = (total[high] - total[low]) / (high - low)[:, np.newaxis]
    return np.asarray(mean, dtype=np.float32)


def merge_segments(
    times_s: NDArray[np.float64], probabilities: FloatArray, *, interval_s: float, duration_s: float
) -> list[TimelineSegment]:
    """Join neighbouring samples with the same label.

    Args:
        times_s: shape `(n,)`, increasing, from the start of the media.
        probabilities: shape `(n, 7)`, in the order of `EMOTIONS`.
        interval_s: time between samples while a face is seen; a longer gap (over 2.5 of them) splits.
        duration_s: of the media; no segment ends later.

    Returns:
        Segments in order, none overlapping; `emotions` is the mean over a segment's samples.
    """
    if len(times_s) == 0:
        return []
    breaks = np.flatnonzero(np.diff(times_s) > 2.5 * interval_s) + 1
    segments: list[TimelineSegment] = []
    for rows in np.split(np.arange(len(times_s)), breaks):
        labels = moving_mean(probabilities[rows], SMOOTHING_SAMPLES).argmax(axis=1)
        changes = np.flatnonzero(np.diff(labels)) + 1
        for run in np.split(np.arange(len(rows)), changes):
            start = times_s[rows[run[0]]]
            following = run[-1] + 1
            end = times_s[rows[following]] if following < len(rows) else times_s[rows[run[-1]]] + interval_s
            emotions = emotion_scores(probabilities[rows[run]].mean(axis=0))
            label = EMOTIONS[int(labels[run[0]])]
            segments.append(
                TimelineSegment(
                    start_s=round(float(start), 3),
                    end_s=round(float(max(start, min(end, duration_s))), 3),
                    label=label,
                    confidence=emotions[label],
                    emotions=emotions,
                )
            )
    return segments
