"""Blinks from the eye aspect ratio over time. Pure; thresholds are in seconds, not in frames."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class BlinkRule:
    """What counts as a blink.

    FaceMesh never shows a closed eye as closed: on the clips at hand a blink is a dip of 20 to 45 % that
    falls within two frames and recovers within ten. So a blink is a dip that has a shoulder on both
    sides, which a glance downwards, a change of pose or eyes that stay closed do not have.

    Attributes:
        depth: least depth of the dip over the lower shoulder.
        depth_of_open: least depth over how far this person's eyes are open (90th percentile).
        noise_factor: least depth over the standard deviation of the measurement noise.
        recovery: least height of the lower shoulder over the higher one, both above the bottom. Of the
            blinks counted by hand on the clips the least has 0.86; eyes that close for good while the
            head goes down had 0.51, because a tilted mesh draws closed lids further apart.
        before_s: how far back the shoulder before the dip may lie.
        after_s: likewise after the dip; eyes open more slowly than they close.
        longest_s: longest width at half depth; what is longer is closing the eyes, not a blink.
        slowest_rate_hz: below this frame rate blinks fall between frames and are not counted. Of the
            blinks counted by hand 68 % are found at 10 frames a second, 92 % at 12, 95 % at 15.
        longest_gap_s: a gap in the samples that ends a stretch.
    """

    depth: float = 0.18
    depth_of_open: float = 0.15
    noise_factor: float = 5.0
    recovery: float = 0.6
    before_s: float = 0.30
    after_s: float = 0.45
    longest_s: float = 0.45
    slowest_rate_hz: float = 11.0
    longest_gap_s: float = 0.25


@dataclass(frozen=True, slots=True)
class BlinkCount:
    """Blinks, and over how many seconds they were counted.

    Attributes:
        intervals: start and end of each blink at half depth, in seconds, in order.
        observed_s: time in which a blink would have been seen; 0 if the frame rate was too low.
    """

    intervals: list[tuple[float, float]]
    observed_s: float

    def rate_per_min(self, *, least_s: float = 10.0) -> float | None:
        """Return blinks per minute, or None if less than `least_s` seconds were observed."""
        return 60.0 * len(self.intervals) / self.observed_s if self.observed_s >= least_s else None


def count_blinks(times_s: Floats, openness: Floats, rule: BlinkRule | None = None) -> BlinkCount:
    """Find the blinks in a trace of the eye aspect ratio.

    Args:
        times_s: shape `(n,)`, strictly increasing; the intervals may vary.
        openness: eye aspect ratio, shape `(n,)`; NaN where the eyes were not seen well enough.
        rule: what counts.

    Example:
        >>> t = np.arange(0, 3, 0.04)
        >>> trace = np.where(abs(t - 1.5) < 0.07, 0.15, 0.30)
        >>> len(count_blinks(t, trace).intervals)
        1
    """
    rule = rule or BlinkRule()
    seen = np.isfinite(openness)
    times_s, openness = times_s[seen], openness[seen]
    if len(times_s) < 3:
        return BlinkCount([], 0.0)
    least_depth = max(
        rule.depth_of_open * float(np.percentile(openness, 90)), rule.noise_factor * noise_sd(openness)
    )
    found = BlinkCount([], 0.0)
    cuts = np.flatnonzero(np.diff(times_s) > rule.longest_gap_s) + 1
    for t, e in zip(np.split(times_s, cuts), np.split(openness, cuts), strict=True):
        if len(t) < 3 or float(np.median(np.diff(t))) > 1.0 / rule.slowest_rate_hz:
            continue
        found = BlinkCount(
            found.intervals + _dips(t, e, least_depth, rule), found.observed_s + float(t[-1] - t[0])
        )
    return found


def noise_sd(openness: Floats) -> float:
    """Estimate the SD of the measurement noise robustly, from the median step between samples."""
    return float(1.4826 * np.median(np.abs(np.diff(openness))) / np.sqrt(2.0))


def _dips(t: Floats, e: Floats, least_depth: float, rule: BlinkRule) -> list[tuple[float, float]]:
    """Find the dips of one stretch without gaps."""
    found: list[tuple[float, float]] = []
    bottoms = np.flatnonzero((e[1:-1] <= e[:-2]) & (e[1:-1] <= e[2:])) + 1
    for i in bottoms[np.argsort(e[bottoms], kind="stable")]:
        before = e[np.searchsorted(t, t[i] - rule.before_s) : i]
        after = e[i + 1 : np.searchsorted(t, t[i] + rule.after_s, side="right")]
        shoulder, higher = sorted((float(before.max()), float(after.max())))
        depth = shoulder - e[i]
        if depth < max(rule.depth * shoulder, least_depth, rule.recovery * (higher - e[i])):
            continue
        start, end = _width_at(t, e, int(i), shoulder - depth / 2)
        overlaps = any(start < other_end and other_start < end for other_start, other_end in found)
        if end - start <= rule.longest_s and not overlaps:
            found.append((start, end))
    return sorted(found)


def _width_at(t: Floats, e: Floats, i: int, level: float) -> tuple[float, float]:
    """Find where the trace crosses `level` on both sides of sample `i`, interpolated."""
    above = e >= level
    left = i - 1 - int(np.argmax(above[:i][::-1]))
    right = i + 1 + int(np.argmax(above[i + 1 :]))

    def crossing(low: int, high: int) -> float:
        share = (level - e[low]) / (e[high] - e[low])
        return float(t[low] + share * (t[high] - t[low]))

    return crossing(left + 1, left), crossing(right - 1, right)
