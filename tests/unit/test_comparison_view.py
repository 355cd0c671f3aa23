"""How a comparison with others looks on a terminal."""

import io

import pytest
from rich.console import Console

from candor.views.comparison import comparison_view, strip
from fusion.benchmark import Others, benchmark
from services.common.contracts.results import BenchmarkEntry
from services.common.statistics.histogram import Histogram
from tests.fake_reports import WIDER, public_norm

DECILES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]


def printed(entries: dict[str, BenchmarkEntry]) -> str:
    page = io.StringIO()
    view = comparison_view(entries)
    assert view is not None
    Console(file=page, width=120).print(view)
    return " ".join(page.getvalue().split())


@pytest.mark.parametrize(
    ("value", "drawn"),
    [(0.0, "●──━━┃━━──"), (0.55, " ──━━●━━──"), (1.0, " ──━━┃━━─●")],
)
def test_strip_shows_the_score_among_the_others_when_drawn(value: float, drawn: str) -> None:
    assert strip(value, DECILES, cells=10) == drawn


def test_public_recordings_are_named_with_their_size_when_nobody_else_answered() -> None:
    values = {"trait.openness": 0.5, "emotion.happy": 0.2}
    norms = {name: public_norm(name) for name in values}
    text = printed(benchmark(values, Others(), min_cohort_size=20, references=norms))
    assert "beside 2,000 people of public recordings (People before a camera)" in text
    assert "beside 28 people of public recordings (Actors)" in text
    assert "about 19 of 100 either way" in text
    assert "They are no candidates" in text


def test_cohorts_are_shown_with_their_sizes_when_there_are_enough_people() -> None:
    people = Histogram.from_scores([0.1, 0.2, 0.3])
    wider = {cohort: {"congruence": people.rank(0.25)} for cohort in WIDER}
    others = Others(same_question={"congruence": people}, wider=wider)
    text = printed(benchmark({"congruence": 0.25}, others, min_cohort_size=3))
    assert "beside 3 others who answered the same question" in text
    assert "above 67 of 100 (3)" in text
    assert "role nurse" in text
    assert "no candidates" not in text


def test_nothing_is_shown_when_there_is_nobody_to_compare_with() -> None:
    assert comparison_view(benchmark({"congruence": 0.5}, Others(), min_cohort_size=3)) is None
