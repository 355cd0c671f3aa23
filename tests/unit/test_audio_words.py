"""The sentences of a report about a voice."""

import pytest

from services.audio.normalisation import comparison_words
from services.audio.salience_words import find_strongest_regions, region_words
from services.common.contracts.labels import Emotion
from services.common.contracts.voice import SalienceMap


def salience(relevance: list[list[float]], *, start_s: float = 1.0, end_s: float = 3.0) -> SalienceMap:
    return SalienceMap(
        label=Emotion.HAPPY,
        start_s=start_s,
        end_s=end_s,
        confidence=0.7,
        band_edges_hz=[0.0, 391.0, 1150.5, 8000.0][: len(relevance) + 1],
        relevance=relevance,
    )


@pytest.mark.parametrize(
    ("relevance", "said"),
    [
        (
            [[0.0, 0.9, 0.1, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.6]],
            (
                "Most (73%) of what spoke for “happy” lies between 1.5 s and 2.0 s, 0–1,200 Hz. "
                "Next comes the region between 2.5 s and 3.0 s, 1,200–8,000 Hz (23%)."
            ),
        ),
        (
            [[1.0, 0.0, 0.0, 0.8], [0.0, 0.0, 0.0, 0.0], [-0.5, 0.7, 0.0, 0.0]],
            (
                "The largest part (40%) of what spoke for “happy” lies between 1.0 s and 1.5 s, 0–390 Hz. "
                "Next comes the region between 2.5 s and 3.0 s, 0–390 Hz (32%)."
            ),
        ),
        (
            [[-1.0, -1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.5, 0.0]],
            (
                "Most (100%) of what spoke against “happy” lies between 1.0 s and 2.0 s, 0–390 Hz. "
                "What spoke for “happy” lies mainly between 2.0 s and 2.5 s, 1,200–8,000 Hz (100%)."
            ),
        ),
        (
            [[1.0, 0.0], [1.0, 0.0], [1.0, 0.0]],
            "Most (100%) of what spoke for “happy” lies between 1.0 s and 2.0 s, all frequencies.",
        ),
        ([[0.0, 0.0], [0.0, 0.0], [0.0, 0.0]], "No region by itself spoke for or against “happy”."),
    ],
)
def test_the_strongest_regions_are_named_when_a_label_is_explained(
    relevance: list[list[float]], said: str
) -> None:
    assert region_words(salience(relevance)) == said


def test_a_region_is_told_in_minutes_when_it_lies_beyond_the_first() -> None:
    late = salience([[0.0, 1.0]], start_s=59.0, end_s=61.0)
    assert "between 1:00.0 and 1:01.0" in region_words(late)


def test_regions_never_overlap_when_several_are_found() -> None:
    regions = find_strongest_regions([[1.0, 0.9, 0.2], [0.9, 0.8, -0.9]], count=3)
    cells = [
        (band, slot) for region in regions for band in range(*region.bands) for slot in range(*region.slots)
    ]
    assert len(regions) == 2
    assert len(cells) == len(set(cells)) == 5


@pytest.mark.parametrize(
    ("windows", "said"),
    [(0.0, "Nothing is known"), (0.3, "(1 window of speech)"), (14.4, "(14 windows of speech)")],
)
def test_it_is_said_whom_a_voice_was_compared_with_when_it_was_analysed(windows: float, said: str) -> None:
    assert said in comparison_words(windows)
