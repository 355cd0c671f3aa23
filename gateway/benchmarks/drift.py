"""Whether a cohort's scores have moved: the earlier half of its people against the later half."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate

from services.common.statistics.histogram import BLOCK, STEPS_PER_UNIT

CLASSES = 32
"""Classes of a month's scores, each one block of the full resolution wide (0.032); the outermost are open."""


@dataclass(frozen=True)
class Period:
    """People by class of score in a month, or several.

    Attributes:
        n: people.
        total: sum of their scores, in bins (thousandths).
        counts: people per class; shape (32,).
    """

    n: int
    total: int
    counts: Sequence[int]

    @property
    def mean(self) -> float:
        """Mean score; `ValueError` where there is nobody."""
        if not self.n:
            raise ValueError("nobody has no mean")
        return self.total / (self.n * STEPS_PER_UNIT)


def pooled(periods: Sequence[Period]) -> Period:
    """Pool several periods; each person is in one of them."""
    return Period(
        n=sum(period.n for period in periods),
        total=sum(period.total for period in periods),
        counts=[sum(column) for column in zip(*(period.counts for period in periods), strict=True)]
        or [0] * CLASSES,
    )


def class_of(number: int) -> int:
    """Return the class of a bin."""
    return min(max(number // BLOCK, 0), CLASSES - 1)


@dataclass(frozen=True)
class Span:
    """Consecutive months.

    Attributes:
        first: first day of the first month that has people.
        last: first day of the last one.
        people: those of all these months.
    """

    first: date
    last: date
    people: Period


def spans_of(months: Sequence[tuple[date, Period]], *, at_least: int) -> list[Span]:
    """Join months, in order, where one alone has too few people to be shown.

    Every person is in one span, and no span is smaller than `at_least`, so that none can be told from
    the difference of others. A remainder joins the span before it; where all are too few, there is none.
    """
    spans: list[Span] = []
    waiting: list[tuple[date, Period]] = []
    for month in sorted(months, key=lambda each: each[0]):
        waiting.append(month)
        if sum(period.n for _, period in waiting) >= at_least:
            spans.append(_span(waiting))
            waiting = []
    if waiting and spans:
        last = spans.pop()
        spans.append(_span([(last.first, last.people), *waiting]))
    return spans


def _span(months: Sequence[tuple[date, Period]]) -> Span:
    return Span(first=months[0][0], last=months[-1][0], people=pooled([period for _, period in months]))


def split_in_halves(sizes: Sequence[int]) -> int:
    """Return how many of the first periods make the earlier half: the cut that divides the people most
    evenly.

    Args:
        sizes: people per period, in order of time; at least two periods.

    Raises:
        ValueError: there are fewer than two.
    """
    if len(sizes) < 2:
        raise ValueError("halves need at least two periods")
    people = sum(sizes)
    before = list(accumulate(sizes))[:-1]
    return 1 + min(range(len(before)), key=lambda cut: abs(2 * before[cut] - people))


@dataclass(frozen=True)
class Distance:
    """How far two distributions lie apart.

    Attributes:
        statistic: largest difference of the cumulative shares, 0..1 (Kolmogorov-Smirnov).
        p_value: how often chance alone would separate two samples of one distribution this far.
    """

    statistic: float
    p_value: float


def kolmogorov_smirnov(first: Sequence[int], second: Sequence[int]) -> Distance:
    """Run the two-sample Kolmogorov-Smirnov test on counts per class.

    Counts per class can only hide a difference, so the statistic is a lower bound of that of the full
    resolution, and the p-value is conservative. The latter is the asymptotic series with Stephens'
    correction for small samples (Stephens 1970; Press et al. 2007, equation 14.3.18).

    Args:
        first: people per class of one sample, shape (classes,).
        second: those of the other, same shape.

    Raises:
        ValueError: one of them is empty.
    """
    n, m = sum(first), sum(second)
    if not n or not m:
        raise ValueError("both samples need somebody")
    statistic = max(abs(a / n - b / m) for a, b in zip(accumulate(first), accumulate(second), strict=True))
    effective = math.sqrt(n * m / (n + m))
    return Distance(statistic, _kolmogorov_tail((effective + 0.12 + 0.11 / effective) * statistic))


def _kolmogorov_tail(x: float) -> float:
    """Compute Q(x) = 2 · Σ (-1)^(k-1) · exp(-2 k² x²), which is 1 to twelve digits below 0.2."""
    if x < 0.2:
        return 1.0
    tail = 2.0 * sum((-1.0) ** (k - 1) * math.exp(-2.0 * (k * x) ** 2) for k in range(1, 101))
    return min(1.0, max(0.0, tail))
