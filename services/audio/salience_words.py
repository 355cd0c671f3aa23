"""The strongest regions of a map of relevance, and the sentences that name them."""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.common.contracts.voice import SalienceMap
from services.common.phrasing import moment, percent

FLOOR = 0.3
"""Average that a region must exceed, as a share of the strongest cell, to be named."""
_TAKEN = -1e6
_SHOWN = 2
_MOST = 0.5

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle of a map.

    Attributes:
        sign: 1 where it spoke for the label, -1 where against.
        bands: the lowest, and one past the highest.
        slots: the first, and one past the last.
        share: of everything in the map with that sign, 0..1.
    """

    sign: int
    bands: tuple[int, int]
    slots: tuple[int, int]
    share: float


def find_strongest_regions(relevance: list[list[float]], *, count: int = _SHOWN) -> list[Region]:
    """Find the rectangles that stand out, strongest first: with the highest sum of cells above `FLOOR`.

    Args:
        relevance: a row per band, -1..1.
        count: how many at most; fewer if nothing else stands out.
    """
    values = np.array(relevance, np.float64)
    excess = {sign: sign * values - FLOOR for sign in (1, -1)}
    found: list[Region] = []
    while len(found) < count:
        best = {sign: _find_largest_rectangle(cells) for sign, cells in excess.items()}
        sign = 1 if best[1][0] >= best[-1][0] else -1
        total, bands, slots = best[sign]
        if total <= 0.0:
            break
        inside = (slice(*bands), slice(*slots))
        signed = np.maximum(sign * values, 0.0)
        found.append(Region(sign, bands, slots, float(signed[inside].sum() / signed.sum())))
        for cells in excess.values():
            cells[inside] = _TAKEN
    return found


def _find_largest_rectangle(cells: Floats) -> tuple[float, tuple[int, int], tuple[int, int]]:
    """Find the rectangle of the largest sum: for every range of bands, the best run of slots (Kadane)."""
    best, bands, slots = 0.0, (0, 0), (0, 0)
    for low, high in itertools.combinations(range(len(cells) + 1), 2):
        total, start = 0.0, 0
        for slot, column in enumerate(cells[low:high].sum(axis=0).tolist()):
            if total <= 0.0:
                total, start = 0.0, slot
            total += column
            if total > best:
                best, bands, slots = total, (low, high), (start, slot + 1)
    return best, bands, slots


def region_words(salience: SalienceMap) -> str:
    """Return the sentences that name the two strongest regions of a map."""
    label = f"“{salience.label}”"
    regions = find_strongest_regions(salience.relevance)
    if not regions:
        return f"No region by itself spoke for or against {label}."
    first, *rest = regions
    part = "Most" if first.share >= _MOST else "The largest part"
    of_all = f"{part} ({percent(first.share)}) of what spoke {_side(first)} {label}"
    told = f"{of_all} lies {_place(salience, first)}."
    for second in rest:
        where = f"{_place(salience, second)} ({percent(second.share)})"
        same = second.sign == first.sign
        told += (
            f" Next comes the region {where}."
            if same
            else f" What spoke {_side(second)} {label} lies mainly {where}."
        )
    return told


def _side(region: Region) -> str:
    return "for" if region.sign > 0 else "against"


def _place(salience: SalienceMap, region: Region) -> str:
    start, end = (moment(slot_start_s(salience, slot)) for slot in region.slots)
    return f"between {start} and {end}, {frequencies(salience, *region.bands)}"


def slot_start_s(salience: SalienceMap, slot: int) -> float:
    """Return where a slot begins, in seconds on the clock of the recording."""
    return salience.start_s + (salience.end_s - salience.start_s) * slot / len(salience.relevance[0])


def frequencies(salience: SalienceMap, low: int, high: int) -> str:
    """Return `390–1,200 Hz` for the bands from `low` up to, but not including, `high`."""
    if (low, high) == (0, len(salience.relevance)):
        return "all frequencies"
    return f"{hertz(salience.band_edges_hz[low])}–{hertz(salience.band_edges_hz[high])} Hz"


def hertz(frequency: float) -> str:
    """Return a frequency with two significant figures, since the borders of bands are no more exact."""
    return f"{float(f'{frequency:.2g}'):,.0f}"
