"""One score over several answers: weighted mean, spread, and an interval that says how much they differ.

The mean of calibrated probabilities is the linear opinion pool. It is never surer than its parts, where the
same evidence taken together could be (Ranjan & Gneiting 2010, "Combining probability forecasts", Journal of
the Royal Statistical Society B 72): the words and pictures of all answers are not here to be judged anew.

With weights that sum to 1, n answers x_j and their mean m = Σ w_j x_j, the interval is

    m ± sqrt( (t · SE)² + (Σ w_j h_j)² ),     SE² = Σ w_j (x_j - m)² / (n - 1)

where t is Student's 97.5 % quantile for n - 1 degrees of freedom and h_j half the answer's own interval (the
second sum is a mean over the answers that have one). SE is that of Hartung & Knapp (2001, Statistics in
Medicine 20) for a mean of results whose precision grows with their weight. The answers' own intervals share
the model's error, so they do not shrink as answers come together.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from services.common.contracts.interview import InterviewScore
from services.common.contracts.text import Estimate

STUDENT_T = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip
"""97.5 % quantiles for 1 to 30 degrees of freedom; beyond that the last is taken, which is a little wide."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one answer adds: a score (0..1), its own interval if it has one, and how much it counts."""

    value: float
    weight: float
    own: Estimate | None = None


def weights_of(amounts: Sequence[float | None]) -> list[float]:
    """Weights that sum to 1, by amounts of words or seconds.

    An unknown amount counts as the mean of the known ones. All are equal where nothing is known, or
    where the known amounts are all 0.
    """
    known = [amount for amount in amounts if amount is not None]
    middle = math.fsum(known) / len(known) if known else 0.0
    if middle <= 0.0:
        return [1.0 / len(amounts) for _ in amounts]
    filled = [middle if amount is None else amount for amount in amounts]
    total = math.fsum(filled)
    return [amount / total for amount in filled]


def pooled(parts: Sequence[Part]) -> InterviewScore:
    """One score over the answers that have it. The order of the answers makes no difference.

    Args:
        parts: at least one, with weights that sum to 1. A single one is returned as it is.
    """
    values = [part.value for part in parts]
    mean = min(max(math.fsum(part.weight * part.value for part in parts), min(values)), max(values))
    count = len(parts)
    low = high = spread = None
    if count > 1:
        scatter = math.fsum(part.weight * (part.value - mean) ** 2 for part in parts) / (count - 1)
        spread = math.sqrt(count * scatter)
        reach = STUDENT_T[min(count - 1, len(STUDENT_T)) - 1] * math.sqrt(scatter)
        below, above = _own_reach(parts)
        low = max(0.0, mean - math.hypot(reach, below))
        high = min(1.0, mean + math.hypot(reach, above))
    elif parts[0].own is not None:
        low, high = parts[0].own.low, parts[0].own.high
    return InterviewScore(
        value=mean,
        low=low,
        high=high,
        spread=spread,
        lowest=min(values),
        highest=max(values),
        answers=count,
    )


def _own_reach(parts: Sequence[Part]) -> tuple[float, float]:
    """How far the answers' own intervals reach below and above, on average over those that have one."""
    known = [(part.weight, part.own) for part in parts if part.own is not None]
    total = math.fsum(weight for weight, _ in known)
    if total <= 0.0:
        return 0.0, 0.0
    below = math.fsum(weight * (own.value - own.low) for weight, own in known)
    above = math.fsum(weight * (own.high - own.value) for weight, own in known)
    return below / total, above / total
