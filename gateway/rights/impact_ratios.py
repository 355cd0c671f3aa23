"""Impact ratios of a score between groups of people. Pure: values in, values out.

Local Law 144 of New York City asks for them of tools that score candidates. The scoring rate of a
category is the share of its people whose score lies above the median of the whole sample; the impact
ratio is that rate over the highest rate of any category (6 RCNY § 5-300, § 5-301(c)). Below four fifths,
federal enforcement takes it for evidence of adverse impact (29 CFR § 1607.4(D)).
"""

import math
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

MIN_GROUP = 10
"""Fewest people of a group that is shown: below that, a rate tells of single persons."""
FOUR_FIFTHS = 0.8
Z_95 = 1.959964
"""Two-sided 95 % quantile of the normal distribution."""

GroupT = TypeVar("GroupT", bound=Hashable)


@dataclass(frozen=True, slots=True)
class GroupImpact:
    """How one group fares.

    Attributes:
        n: people of the group.
        above_median: of these, those whose score lies above the sample's median.
        rate: their share.
        rate_low: lower end of its 95 % interval (Wilson).
        rate_high: upper end.
        ratio: the rate over the highest one; null where no group has anybody above the median.
        ratio_low: lower end of its 95 % interval (Katz); null for the best group and without counts.
        ratio_high: upper end.
        below_four_fifths: whether the ratio is under 0.8.
    """

    n: int
    above_median: int
    rate: float
    rate_low: float
    rate_high: float
    ratio: float | None = None
    ratio_low: float | None = None
    ratio_high: float | None = None
    below_four_fifths: bool = False


def impact_ratios(
    people: Sequence[tuple[float, GroupT | None]], *, min_group: int = MIN_GROUP
) -> dict[GroupT, GroupImpact | None]:
    """Return each group's rate and its ratio to the best; null for one that is too small to be shown.

    Args:
        people: of each person the score and the group; people of no known group count in the median only.
        min_group: fewest people of a group that is shown, and that may be the best.
    """
    if not people:
        return {}
    middle = median(score for score, _ in people)
    members: dict[GroupT, list[bool]] = defaultdict(list)
    for score, group in people:
        if group is not None:
            members[group].append(score > middle)
    counts = {group: (sum(above), len(above)) for group, above in members.items() if len(above) >= min_group}
    best = max(counts, key=lambda group: counts[group][0] / counts[group][1], default=None)
    return {
        group: _impact(counts, group, best) if group in counts and best is not None else None
        for group in members
    }


def _impact(counts: Mapping[GroupT, tuple[int, int]], group: GroupT, best: GroupT) -> GroupImpact:
    above, n = counts[group]
    best_above, best_n = counts[best]
    low, high = wilson(above, n)
    own = GroupImpact(n=n, above_median=above, rate=above / n, rate_low=low, rate_high=high)
    if best_above == 0:
        return own
    ratio = (above / n) / (best_above / best_n)
    around = None if group == best else katz(above, n, best_above, best_n)
    return GroupImpact(
        n=n,
        above_median=above,
        rate=own.rate,
        rate_low=low,
        rate_high=high,
        ratio=ratio,
        ratio_low=around[0] if around else None,
        ratio_high=around[1] if around else None,
        below_four_fifths=ratio < FOUR_FIFTHS,
    )


def wilson(successes: int, n: int) -> tuple[float, float]:
    """Return the 95 % score interval of a share (E. B. Wilson, JASA 22, 1927, 209-212).

    (p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n)
    """
    p, z = successes / n, Z_95
    middle = p + z * z / (2 * n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)


def katz(a: int, n: int, b: int, m: int) -> tuple[float, float] | None:
    """Return the 95 % interval of the ratio of two shares a/n and b/m; null where one of them is 0.

    D. Katz et al., Biometrics 34 (1978), 469-474: exp(ln r ± z √(1/a − 1/n + 1/b − 1/m)).
    """
    if a == 0 or b == 0:
        return None
    ratio = (a / n) / (b / m)
    spread = Z_95 * math.sqrt(1 / a - 1 / n + 1 / b - 1 / m)
    return ratio * math.exp(-spread), ratio * math.exp(spread)
