"""Impact ratios, against numbers worked out elsewhere."""

import math

import pytest

from gateway.rights.impact_ratios import impact_ratios, katz, wilson


def people(*groups: tuple[str | None, int, int]) -> list[tuple[float, str | None]]:
    """Of each group how many score above all others, and how many below."""
    return [
        (score, name)
        for name, above, below in groups
        for score in [1.0 + n / 1000 for n in range(above)] + [0.5 - n / 1000 for n in range(below)]
    ]


def test_ratio_is_the_share_above_the_median_over_the_best_groups() -> None:
    found = impact_ratios(people(("a", 40, 20), ("b", 15, 35)))
    best, other = found["a"], found["b"]
    assert best is not None
    assert other is not None
    assert (best.rate, best.ratio, best.ratio_low, best.below_four_fifths) == (40 / 60, 1.0, None, False)
    assert other.rate == 0.3
    assert other.ratio == pytest.approx(0.45)
    assert other.below_four_fifths
    assert other.ratio_low is not None
    assert other.ratio_high is not None
    assert other.ratio_low < 0.45 < other.ratio_high


def test_four_fifths_is_not_below_itself() -> None:
    found = impact_ratios(people(("a", 50, 50), ("b", 40, 60), (None, 20, 0)))
    assert found["b"] is not None
    assert found["b"].ratio == pytest.approx(0.8)
    assert not found["b"].below_four_fifths


@pytest.mark.parametrize(("above", "is_below"), [(36, True), (39, True), (40, False), (41, False)])
def test_ratio_is_below_four_fifths_from_the_first_person_on(above: int, is_below: bool) -> None:
    """Of 100 people each and 50 of the best group above: four fifths of its rate are 40 people."""
    found = impact_ratios(people(("a", 50, 50), ("b", above, 100 - above), (None, 20, 0)))
    assert found["b"] is not None
    assert found["b"].below_four_fifths is is_below


def test_whoever_lies_on_the_median_is_not_above_it() -> None:
    found = impact_ratios([(score, "a") for score in (0.1, 0.2, 0.3, 0.4, 0.5)], min_group=5)
    assert found["a"] is not None
    assert found["a"].above_median == 2


def test_group_is_not_shown_and_not_the_best_when_it_is_small() -> None:
    found = impact_ratios(people(("a", 30, 30), ("tiny", 9, 0)))
    assert found["tiny"] is None
    assert found["a"] is not None
    assert found["a"].ratio == 1.0


def test_people_of_no_known_group_count_in_the_median() -> None:
    without = impact_ratios(people(("a", 10, 10)))["a"]
    beside = impact_ratios([*people(("a", 10, 10)), *[(2.0, None)] * 30])["a"]
    assert without is not None
    assert beside is not None
    assert (without.above_median, beside.above_median) == (10, 0)
    assert beside.ratio is None


def test_nobody_gives_no_groups() -> None:
    assert impact_ratios([]) == {}


def test_wilson_interval_is_the_published_one() -> None:
    """10 of 20: 0.2993 to 0.7007 (Newcombe, Statistics in Medicine 17 (1998), formula 3)."""
    assert wilson(10, 20) == (pytest.approx(0.2993, abs=1e-4), pytest.approx(0.7007, abs=1e-4))
    assert wilson(0, 10)[0] == 0.0
    assert wilson(10, 10)[1] == pytest.approx(1.0)


def test_katz_interval_is_symmetric_on_the_log_scale() -> None:
    interval = katz(15, 50, 40, 60)
    assert interval is not None
    low, high = interval
    assert math.sqrt(low * high) == pytest.approx(0.45)
    spread = math.sqrt(1 / 15 - 1 / 50 + 1 / 40 - 1 / 60)
    assert math.log(high / low) / 2 == pytest.approx(1.959964 * spread)
    assert katz(0, 10, 5, 10) is None
