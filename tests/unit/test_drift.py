from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from gateway.benchmarks.drift import (
    CLASSES,
    Period,
    class_of,
    kolmogorov_smirnov,
    pooled,
    spans_of,
    split_in_halves,
)

counts = st.lists(st.integers(min_value=0, max_value=50), min_size=CLASSES, max_size=CLASSES)


@given(counts.filter(any), counts.filter(any))
def test_distance_is_that_of_scipy_when_classes_are_values(first: list[int], second: list[int]) -> None:
    classes = np.arange(CLASSES)
    known = ks_2samp(np.repeat(classes, first), np.repeat(classes, second), method="asymp")
    assert kolmogorov_smirnov(first, second).statistic == pytest.approx(known.statistic)


@pytest.mark.parametrize(("n", "shift"), [(40, 3), (200, 1), (200, 2), (1000, 1)])
def test_p_value_is_near_that_of_scipy_when_samples_differ(n: int, shift: int) -> None:
    generator = np.random.default_rng(n)
    a, b = generator.binomial(20, 0.5, n), generator.binomial(20, 0.5, n) + shift
    known = ks_2samp(a, b, method="asymp").pvalue
    found = kolmogorov_smirnov(
        np.bincount(a, minlength=CLASSES).tolist(), np.bincount(b, minlength=CLASSES).tolist()
    ).p_value
    assert found == pytest.approx(known, abs=0.03)


def test_distance_is_none_when_the_halves_are_equal() -> None:
    same = kolmogorov_smirnov([3, 4, 5], [6, 8, 10])
    assert (same.statistic, same.p_value) == (0.0, 1.0)


def test_distance_is_full_when_the_halves_share_no_class() -> None:
    apart = kolmogorov_smirnov([50, 0], [0, 50])
    assert apart.statistic == 1.0
    assert apart.p_value < 1e-6


def test_distance_refuses_when_a_half_is_empty() -> None:
    with pytest.raises(ValueError, match="somebody"):
        kolmogorov_smirnov([0, 0], [1, 2])


@pytest.mark.parametrize(
    ("sizes", "cut"), [([5, 5], 1), ([1, 1, 8], 2), ([8, 1, 1], 1), ([2, 2, 2, 2], 2), ([0, 0], 1)]
)
def test_halves_hold_about_as_many_people_when_months_are_split(sizes: list[int], cut: int) -> None:
    assert split_in_halves(sizes) == cut


def test_halves_are_refused_when_there_is_one_month() -> None:
    with pytest.raises(ValueError, match="two periods"):
        split_in_halves([7])


def test_periods_add_up_when_they_are_pooled() -> None:
    one, two = Period(n=2, total=900, counts=[2, 0]), Period(n=1, total=600, counts=[0, 1])
    together = pooled([one, two])
    assert (together.n, together.counts) == (3, [2, 1])
    assert together.mean == pytest.approx(0.5)
    with pytest.raises(ValueError, match="nobody"):
        _ = pooled([]).mean


def month(number: int, n: int) -> tuple[date, Period]:
    return date(2026, number, 1), Period(n=n, total=500 * n, counts=[n])


def test_no_span_is_too_small_when_months_are() -> None:
    spans = spans_of([month(4, 30), month(1, 25), month(2, 5), month(3, 16), month(5, 3)], at_least=20)
    assert [(span.first.month, span.last.month, span.people.n) for span in spans] == [
        (1, 1, 25),
        (2, 3, 21),
        (4, 5, 33),
    ]


def test_there_is_no_span_when_all_months_together_are_too_small() -> None:
    assert spans_of([month(1, 9), month(2, 10)], at_least=20) == []
    assert spans_of([], at_least=20) == []


@pytest.mark.parametrize(("number", "expected"), [(-5, 0), (0, 0), (31, 0), (32, 1), (1000, 31), (5000, 31)])
def test_class_is_an_outermost_one_when_the_score_is_beyond_the_scale(number: int, expected: int) -> None:
    assert class_of(number) == expected
