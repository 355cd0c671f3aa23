from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common.statistics.histogram import BLOCK, Histogram, quantise

values = st.floats(min_value=0.0, max_value=1.0)
signed = st.floats(min_value=-3.0, max_value=3.0)
cohorts = st.lists(values, min_size=1, max_size=60)


def rounded(scores: list[float]) -> np.ndarray:
    return np.array([quantise(score) for score in scores]) / 1000


@given(values, cohorts)
def test_percentile_stays_in_range_when_anything_is_ranked(value: float, others: list[float]) -> None:
    assert 0.0 <= Histogram.from_scores(others).percentile(value) <= 100.0


@given(values, cohorts)
def test_percentile_mirrors_when_the_scale_is_turned(value: float, others: list[float]) -> None:
    turned = Histogram.from_scores([-other for other in others]).percentile(-value)
    assert Histogram.from_scores(others).percentile(value) + turned == pytest.approx(100.0)


@given(values, values, cohorts)
def test_percentile_never_falls_when_the_value_rises(a: float, b: float, others: list[float]) -> None:
    low, high = sorted((a, b))
    people = Histogram.from_scores(others)
    assert people.percentile(low) <= people.percentile(high)


@given(values, st.integers(min_value=1, max_value=60))
def test_percentile_is_fifty_when_all_are_equal(value: float, n: int) -> None:
    assert Histogram.from_scores([value] * n).percentile(value) == 50.0


def test_percentile_counts_ties_half_when_some_are_equal_to_a_thousandth() -> None:
    people = Histogram.from_scores([0.1, 0.5, 0.5004, 0.9])
    assert people.percentile(0.4996) == 50.0
    assert people.percentile(0.9) == 87.5


@given(signed, st.lists(signed, min_size=1, max_size=80))
def test_figures_are_those_of_the_sorted_scores_when_computed_from_counts(
    value: float, others: list[float]
) -> None:
    people, exact = Histogram.from_scores(others), rounded(others)
    own = quantise(value) / 1000
    assert people.n == len(others)
    assert people.mean == pytest.approx(exact.mean(), abs=1e-12)
    below_and_half = (exact < own).sum() + (exact == own).sum() / 2
    assert people.percentile(value) == pytest.approx(100 * below_and_half / len(others))
    assert people.deciles() == pytest.approx(list(np.quantile(exact, np.arange(1, 10) / 10)), abs=1e-12)


@given(st.lists(signed, min_size=2, max_size=40), st.integers(min_value=0))
def test_one_person_less_is_as_if_never_there_when_taken_out(people: list[float], pick: int) -> None:
    pick %= len(people)
    others = people[:pick] + people[pick + 1 :]
    assert (
        Histogram.from_scores(people).leave_out(people[pick]).bins() == Histogram.from_scores(others).bins()
    )


@given(signed, st.lists(signed, min_size=1, max_size=40))
def test_rank_without_one_is_that_of_the_others_when_taken_out(value: float, people: list[float]) -> None:
    expected = Histogram.from_scores(people[1:]).rank(value)
    found = Histogram.from_scores(people).rank(value).leave_out(quantise(people[0]), scored=quantise(value))
    assert found == expected


def test_taking_out_refuses_when_nobody_has_the_value() -> None:
    with pytest.raises(ValueError, match="nobody"):
        Histogram.from_scores([0.5]).leave_out(0.6)


@pytest.mark.parametrize(
    "figure",
    [Histogram.deciles, lambda people: people.percentile(0.5), lambda people: people.mean],
    ids=["deciles", "percentile", "mean"],
)
def test_figures_refuse_when_there_is_nobody(figure: Callable[[Histogram], object]) -> None:
    with pytest.raises(ValueError, match="nobody"):
        figure(Histogram({0: [0] * BLOCK}))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 33.0])
def test_score_is_refused_when_it_cannot_be_compared(value: float) -> None:
    with pytest.raises(ValueError, match="no score"):
        quantise(value)
