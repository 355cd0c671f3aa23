"""For how long emotions were perceived."""

import pytest

from services.common.contracts.labels import EMOTIONS, Emotion
from services.common.contracts.results import TimelineSegment
from services.common.statistics.perceived_time import seconds_by_label, timeline_words

EVEN = dict.fromkeys(EMOTIONS, 1 / 7)


def segment(label: Emotion, start_s: float, end_s: float) -> TimelineSegment:
    return TimelineSegment(start_s=start_s, end_s=end_s, label=label, confidence=0.5, emotions=EVEN)


def test_the_longest_comes_first_when_labels_return() -> None:
    timeline = [segment(Emotion.SAD, 0, 2), segment(Emotion.HAPPY, 2, 3), segment(Emotion.HAPPY, 5, 8)]
    assert list(seconds_by_label(timeline).items()) == [(Emotion.HAPPY, 4.0), (Emotion.SAD, 2.0)]


@pytest.mark.parametrize(
    ("timeline", "said"),
    [
        ([], None),
        ([segment(Emotion.SAD, 1, 1)], None),
        ([segment(Emotion.SAD, 0, 2)], "Only sad."),
        (
            [segment(Emotion.SAD, 0, 2), segment(Emotion.FEAR, 2, 3), segment(Emotion.HAPPY, 5, 10)],
            "Mostly happy (63% of the time), then sad (25% of the time).",
        ),
    ],
)
def test_the_longest_labels_are_named_when_there_are_any(
    timeline: list[TimelineSegment], said: str | None
) -> None:
    assert timeline_words(timeline) == said
