"""For how long each emotion was perceived in a timeline."""

from collections.abc import Sequence

from services.common.contracts.labels import Emotion
from services.common.contracts.results import TimelineSegment
from services.common.phrasing import percent


def seconds_by_label(timeline: Sequence[TimelineSegment]) -> dict[Emotion, float]:
    """Return the seconds for which each label was perceived, the longest first."""
    seconds: dict[Emotion, float] = {}
    for segment in timeline:
        seconds[segment.label] = seconds.get(segment.label, 0.0) + segment.end_s - segment.start_s
    return dict(sorted(seconds.items(), key=lambda held: -held[1]))


def timeline_words(timeline: Sequence[TimelineSegment]) -> str | None:
    """Return the sentence that names the two labels perceived longest; None of an empty timeline."""
    seconds = seconds_by_label(timeline)
    total = sum(seconds.values())
    if total <= 0.0:
        return None
    first, *others = [f"{label} ({percent(held / total)} of the time)" for label, held in seconds.items()]
    return f"Mostly {first}, then {others[0]}." if others else f"Only {next(iter(seconds))}."
