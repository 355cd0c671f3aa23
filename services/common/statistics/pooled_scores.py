"""Pooling one score over several answers: weighted mean, spread, and an interval for their differences.

The mean of calibrated probabilities is the linear opinion pool. It is less sharp than a judgement of all the
evidence together could be (Ranjan & Gneiting 2010, "Combining probability forecasts", Journal of the Royal
Statistical Society B 72); words and pictures of the answers are not available here to be judged together.

With weights that sum to 1 and the mean m = Σ w_j x_j of n answers, the interval is one of these:

- Where answers come with intervals of their own (traits), it is the mean of those, m - B Σ w_j b_j to
  m + B Σ w_j a_j, widened by Birge's ratio where the answers differ by more than their intervals allow:
  B² = max(1, Σ (x_j - m)² / σ_j² / (n - 1)), σ_j = half width / 1.96 (Birge 1932, Physical Review 40; the
  scale factor of the Particle Data Group). The intervals share the model's error, so they do not shrink.
- Where they do not (emotions), it is m ± t sqrt(Σ w_j (x_j - m)² / (n - 1)) from three answers on, with
  Student's 97.5 % quantile for n - 1 degrees of freedom (Hartung & Knapp 2001, Statistics in Medicine 20).
  Two answers give no interval: their t is 12.7, and nearly every interval would be the whole scale.
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
NORMAL_Z = 1.96
MIN_ANSWERS_WITHOUT_INTERVALS = 3
"""The fewest answers without intervals of their own that allow an interval of the mean."""


@dataclass(frozen=True, slots=True)
class WeightedScore:
    """The score of one answer (0..1), its weight among the answers, and its own interval if it has one."""

    value: float
    weight: float
    interval: Estimate | None = None


def normalise_weights(amounts: Sequence[float | None]) -> list[float]:
    """Return weights that sum to 1, in proportion to amounts of words or seconds.

    An unknown amount counts as the mean of the known ones. All weights are equal where no amount is known,
    or where the known amounts are all 0.
    """
    known = [amount for amount in amounts if amount is not None]
    middle = math.fsum(known) / len(known) if known else 0.0
    if middle <= 0.0:
        return [1.0 / len(amounts) for _ in amounts]
    filled = [middle if amount is None else amount for amount in amounts]
    total = math.fsum(filled)
    return [amount / total for amount in filled]


def pool_scores(parts: Sequence[WeightedScore]) -> InterviewScore:
    """Pool one score over the answers that have it. The order of the answers makes no difference.

    Args:
        parts: at least one, with weights that sum to 1. A single one is returned as it is.
    """
    values = [part.value for part in parts]
    count = len(parts)
    mean = min(max(math.fsum(part.weight * part.value for part in parts), min(values)), max(values))
    scatter = math.fsum(part.weight * (part.value - mean) ** 2 for part in parts) / max(1, count - 1)
    reach = _combine_intervals(parts, mean) or _estimate_half_widths(scatter, count)
    return InterviewScore(
        value=mean,
        low=None if reach is None else max(0.0, mean - reach[0]),
        high=None if reach is None else min(1.0, mean + reach[1]),
        spread=math.sqrt(count * scatter) if count > 1 else None,
        lowest=min(values),
        highest=max(values),
        answers=count,
    )


def _combine_intervals(parts: Sequence[WeightedScore], mean: float) -> tuple[float, float] | None:
    """Return how far the interval reaches below and above the mean, by the answers' own.

    None if none has one.
    """
    known = [
        (part.weight, part.value, part.interval)
        for part in parts
        if part.interval and part.interval.low < part.interval.high
    ]
    total = math.fsum(weight for weight, _, _ in known)
    if total <= 0.0:
        return None
    chi_squared = math.fsum(
        (value - mean) ** 2 / ((own.high - own.low) / 2.0 / NORMAL_Z) ** 2 for _, value, own in known
    )
    ratio = math.sqrt(max(1.0, chi_squared / max(1, len(known) - 1)))
    below = math.fsum(weight * (own.value - own.low) for weight, _, own in known)
    above = math.fsum(weight * (own.high - own.value) for weight, _, own in known)
    return ratio * below / total, ratio * above / total


def _estimate_half_widths(scatter: float, count: int) -> tuple[float, float] | None:
    if count < MIN_ANSWERS_WITHOUT_INTERVALS:
        return None
    reach = STUDENT_T[min(count - 1, len(STUDENT_T)) - 1] * math.sqrt(scatter)
    return reach, reach
