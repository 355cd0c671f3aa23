import numpy as np
import pytest

from services.common.contracts.labels import EMOTIONS, Emotion
from services.video.timeline import emotion_scores, merge_segments, moving_mean


def rows(*labels: Emotion) -> np.ndarray:
    probabilities = np.full((len(labels), len(EMOTIONS)), 0.05, np.float32)
    for row, label in enumerate(labels):
        probabilities[row, EMOTIONS.index(label)] = 0.7
    return probabilities


def merged(probabilities: np.ndarray, times_s: np.ndarray | None = None, duration_s: float = 100.0):
    times = np.arange(len(probabilities)) * 0.2 if times_s is None else times_s
    return merge_segments(times, probabilities, interval_s=0.2, duration_s=duration_s)


def test_neighbours_are_one_segment_when_they_share_a_label():
    segments = merged(rows(*[Emotion.HAPPY] * 10, *[Emotion.SAD] * 10))
    assert [(s.start_s, s.end_s, s.label) for s in segments] == [
        (0.0, 2.0, Emotion.HAPPY),
        (2.0, 4.0, Emotion.SAD),
    ]
    assert segments[0].confidence == pytest.approx(0.7, abs=0.001)


def test_a_single_frame_makes_no_segment_when_its_neighbours_agree():
    probabilities = rows(*[Emotion.NEUTRAL] * 8, Emotion.SURPRISE, *[Emotion.NEUTRAL] * 8)
    assert [s.label for s in merged(probabilities)] == [Emotion.NEUTRAL]


def test_segments_stay_apart_when_the_face_was_away():
    times = np.concatenate([np.arange(5) * 0.2, 10 + np.arange(5) * 0.2])
    segments = merged(rows(*[Emotion.HAPPY] * 10), times)
    assert [(s.start_s, s.end_s) for s in segments] == [(0.0, 1.0), (10.0, 11.0)]


def test_no_segment_ends_after_the_media():
    assert merged(rows(*[Emotion.HAPPY] * 5), duration_s=0.9)[-1].end_s == pytest.approx(0.9)


def test_there_is_no_segment_when_there_is_no_sample():
    assert merged(np.zeros((0, 7), np.float32)) == []


def test_scores_sum_to_one():
    scores = emotion_scores(np.array([3, 1, 1, 1, 1, 1, 2], np.float32))
    assert sum(scores.values()) == pytest.approx(1.0, abs=1e-3)
    assert scores[Emotion.ANGRY] == pytest.approx(0.3)


def test_moving_mean_shrinks_at_the_ends():
    assert moving_mean(np.array([[3], [0], [0], [6]], np.float32), 3).ravel() == pytest.approx([1.5, 1, 2, 3])
