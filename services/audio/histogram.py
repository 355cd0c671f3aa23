"""Percentiles of any number of values in bounded memory."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


class RunningHistogram:
    """Counts in bins of equal width. Values outside the range count in its first or last bin."""

    def __init__(self, *, low: float, high: float, step: float) -> None:
        self._low, self._step = low, step
        self._counts: NDArray[np.int64] = np.zeros(round((high - low) / step), np.int64)

    @property
    def total(self) -> int:
        """The number of values."""
        return int(self._counts.sum())

    def add(self, values: ArrayLike) -> None:
        """Count finite values, of any shape."""
        bins = np.floor((np.asarray(values, np.float64).ravel() - self._low) / self._step)
        inside = np.clip(bins, 0, self._counts.size - 1).astype(np.int64)
        self._counts += np.bincount(inside, minlength=self._counts.size)

    def percentile(self, percent: float) -> float:
        """Return the value that `percent` (0..100) of the values lie below; linear within a bin.

        Raises:
            ValueError: nothing was added.
        """
        if not self.total:
            raise ValueError("an empty histogram has no percentiles")
        wanted = percent / 100.0 * self.total
        below = np.cumsum(self._counts)
        found = int(np.searchsorted(below, max(wanted, 0.5)))
        within = (wanted - (below[found] - self._counts[found])) / self._counts[found]
        return float(self._low + (found + within) * self._step)

    def deviation(self) -> float:
        """Return the standard deviation of the values, each taken at the centre of its bin.

        0 if there are none.
        """
        if not self.total:
            return 0.0
        centres = (np.arange(self._counts.size) + 0.5) * self._step
        mean = np.average(centres, weights=self._counts)
        return float(np.sqrt(np.average((centres - mean) ** 2, weights=self._counts)))
