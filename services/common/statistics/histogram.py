"""Histograms of scores: exact counts at a fixed resolution, and the statistics that follow from them.

Scores are compared in steps of 0.001: 0.4124 and 0.4116 are equal, and tie. Percentile, mean and deciles are
functions of the counts at this resolution, so they are exact, and people can be added and taken out in any
order.
"""

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, chain

STEPS_PER_UNIT = 1000
"""Bins in a difference of 1 between two scores."""

BLOCK_BITS = 5
BLOCK = 1 << BLOCK_BITS
"""Bins that are stored in one row.

Postgres counts people into the same layout: migration 0003 has it written out (`bin >> 5`, `bin & 31`, arrays
of 32), and queries take it from `SQL_BLOCK` and `SQL_PLACE`. Another layout needs a migration that counts all
norms again; `tests/integration/test_norms.py` compares both.
"""

SQL_BLOCK = f"(bin >> {BLOCK_BITS})"
SQL_PLACE = f"(bin & {BLOCK - 1})"
"""Block and place of an integer column `bin`, for Postgres; its arrays count from `place + 1`."""

MAX_BIN = 32_767
NO_COUNTS = (0,) * BLOCK


def quantise(value: float) -> int:
    """Return the bin of a score: `value` in thousandths, halves to even as Postgres' `round` does it.

    Raises:
        ValueError: `value` is not finite, or beyond ±32.767.
    """
    if not math.isfinite(value) or abs(value) * STEPS_PER_UNIT > MAX_BIN:
        raise ValueError(f"{value} is no score that can be compared")
    return round(value * STEPS_PER_UNIT)


@dataclass(frozen=True)
class Rank:
    """The counts that a percentile is computed from: of people below, equal, and in all. No scores are kept.

    Attributes:
        n: people.
        total: sum of their bins.
        below: people whose bin is less.
        equal: people whose bin is the same.
    """

    n: int
    total: int
    below: int
    equal: int

    @property
    def mean(self) -> float:
        """Mean of the quantised scores; `ValueError` where there is nobody."""
        self._refuse_empty()
        return self.total / (self.n * STEPS_PER_UNIT)

    @property
    def percentile(self) -> float:
        """Share of the people below, ties counted half, in percent; `ValueError` where there is nobody.

        The mid-rank definition (Hazen 1914; Crawford, Garthwaite & Slick 2009):
        100 · (below + equal / 2) / n. A value equal to everyone else's is at 50.
        """
        self._refuse_empty()
        return 100.0 * (self.below + self.equal / 2.0) / self.n

    def leave_out(self, own: int, *, scored: int) -> "Rank":
        """Return the rank of the same score among the others, with one person left out.

        Args:
            own: bin of the person who is left out; must be one of the people.
            scored: bin of the score that is ranked.
        """
        return Rank(
            n=self.n - 1,
            total=self.total - own,
            below=self.below - (own < scored),
            equal=self.equal - (own == scored),
        )

    def _refuse_empty(self) -> None:
        if not self.n:
            raise ValueError("a cohort of nobody has no figures")


@dataclass(frozen=True)
class Histogram:
    """Counts of people per score.

    Attributes:
        blocks: block number → `BLOCK` counts; bin `b` is at index `b % 32` of block `b // 32`.
    """

    blocks: Mapping[int, Sequence[int]]

    @classmethod
    def from_scores(cls, values: Iterable[float]) -> "Histogram":
        """Count one person for each of `values`.

        Raises:
            ValueError: see `quantise`.
        """
        return cls.from_counts(Counter(map(quantise, values)))

    @classmethod
    def from_counts(cls, counts: Mapping[int, int]) -> "Histogram":
        """Build a histogram from a mapping of bin → people."""
        blocks: dict[int, list[int]] = {}
        for number, people in counts.items():
            blocks.setdefault(number // BLOCK, list(NO_COUNTS))[number % BLOCK] += people
        return cls(blocks)

    def bins(self) -> dict[int, int]:
        """Return the mapping of bin → people, ascending, without empty bins."""
        return {
            block * BLOCK + place: people
            for block, counts in sorted(self.blocks.items())
            for place, people in enumerate(counts)
            if people
        }

    def leave_out(self, value: float) -> "Histogram":
        """Return the histogram without one person whose score is `value`.

        Raises:
            ValueError: nobody has this score.
        """
        block, place = divmod(quantise(value), BLOCK)
        counts = list(self.blocks.get(block, NO_COUNTS))
        if not counts[place]:
            raise ValueError("nobody in the cohort has this value")
        counts[place] -= 1
        return Histogram({**self.blocks, block: counts})

    @cached_property
    def _in_block(self) -> dict[int, int]:
        return {block: sum(counts) for block, counts in self.blocks.items()}

    @cached_property
    def n(self) -> int:
        """The number of people."""
        return sum(self._in_block.values())

    @cached_property
    def total(self) -> int:
        """The sum of the people's bins."""
        return sum(
            (block + 1) * BLOCK * self._in_block[block]
            - sum(accumulate(counts))  # place p is in BLOCK - p of the sums
            for block, counts in self.blocks.items()
        )

    def rank(self, value: float) -> Rank:
        """Return the rank of `value` among these people."""
        own_block, place = divmod(quantise(value), BLOCK)
        own = self.blocks.get(own_block, NO_COUNTS)
        below = sum(own[:place]) + sum(n for block, n in self._in_block.items() if block < own_block)
        return Rank(n=self.n, total=self.total, below=below, equal=own[place])

    @property
    def mean(self) -> float:
        """Mean of the quantised scores; `ValueError` where there are none."""
        return self.rank(0.0).mean

    def percentile(self, value: float) -> float:
        """Return the percentile of `value`, 0..100, see `Rank.percentile`.

        Raises:
            ValueError: the histogram is empty.
        """
        return self.rank(value).percentile

    def deciles(self) -> list[float]:
        """Return the nine deciles of the scores, interpolated linearly (Hyndman & Fan 1996, type 7).

        Raises:
            ValueError: the histogram is empty.
        """
        if not self.n:
            raise ValueError("a cohort of nobody has no figures")
        blocks = sorted(self.blocks)
        up_to = list(accumulate(chain.from_iterable(self.blocks[block] for block in blocks)))

        def ranked(rank: int) -> int:
            block, place = divmod(bisect_right(up_to, rank), BLOCK)
            return blocks[block] * BLOCK + place

        deciles = []
        for tenth in range(1, 10):
            rank, part = divmod((self.n - 1) * tenth, 10)
            above = ranked(min(rank + 1, self.n - 1))
            deciles.append((ranked(rank) * (10 - part) + above * part) / (10 * STEPS_PER_UNIT))
        return deciles
