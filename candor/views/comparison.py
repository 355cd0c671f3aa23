"""Where the scores stand among other people, on a terminal."""

import math
from collections.abc import Iterable, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from services.common.contracts.norms import Cohort, NormSource, Reference
from services.common.contracts.results import BenchmarkEntry

STRIP_CELLS = 24
ROUGH_BELOW = 100
CLOSE = 0.02
ALIKE = "like most"
TWO_DEVIATIONS_AT_HALF = 98.0
YOU, MIDDLE, MOST, HALF, EMPTY = "●", "━", "─", "┃", " "
LEGEND = f"{YOU} this answer; {MOST} eight of ten people; {MIDDLE} the middle four; {HALF} their middle"
NO_CANDIDATES = "They are no candidates, and came to be recorded for other reasons."
Row = tuple[str, float, float, Sequence[float]]
"""Name, score, percentile and the others' deciles."""


def comparison_view(benchmark: Mapping[str, BenchmarkEntry]) -> RenderableType | None:
    """The same question's cohort, wider ones, and people of public recordings; None where there are none."""
    ranked: list[Row] = [
        (name, entry.value, entry.percentile, entry.deciles)
        for name, entry in benchmark.items()
        if entry.percentile is not None and entry.deciles is not None
    ]
    parts: list[RenderableType] = []
    if ranked:
        most = max(entry.n for entry in benchmark.values())
        parts += [Text(f"beside {most} others who answered the same question"), _table(ranked)]
    parts += _wider(benchmark)
    for source, n, rows in _by_source(benchmark):
        parts += [Text(f"beside {_people(n)} of public recordings ({source.corpus})"), _table(rows)]
        parts += [
            Text(line, style="dim") for line in (source.description, _roughness(n), source.protocol) if line
        ]
    if not parts:
        return None
    last = (
        f"{LEGEND}. {NO_CANDIDATES}" if any(entry.reference for entry in benchmark.values()) else f"{LEGEND}."
    )
    return Padding(Group(*parts, Text(last, style="dim")), (0, 0, 1, 0))


def strip(value: float, deciles: Sequence[float], *, cells: int = STRIP_CELLS) -> str:
    """A score among others on a scale from 0 to 1, in characters.

    Args:
        value: 0..1.
        deciles: the nine scores between the others' tenths.
        cells: length.
    """

    def cell(score: float) -> int:
        return min(cells - 1, max(0, int(score * cells)))

    drawn = [EMPTY] * cells
    for mark, low, high in ((MOST, 0, 8), (MIDDLE, 2, 6), (HALF, 4, 4)):
        for place in range(cell(deciles[low]), cell(deciles[high]) + 1):
            drawn[place] = mark
    drawn[cell(value)] = YOU
    return "".join(drawn)


def alike(value: float, deciles: Sequence[float]) -> bool:
    """Whether eight of ten people, and the score with them, lie so close that a place means nothing."""
    return deciles[8] - deciles[0] < CLOSE and abs(value - deciles[4]) < CLOSE


def rank(percentile: float) -> str:
    """`63 of 100`; only a score that really is above everybody's is said to be."""
    if percentile >= 100.0:
        return "all"
    return "none" if percentile <= 0.0 else f"{min(99, max(1, round(percentile)))} of 100"


def _table(rows: Iterable[Row]) -> Table:
    table = Table(
        "score", "here", "0" + " " * (STRIP_CELLS - 2) + "1", "higher than", "eight of ten", box=None
    )
    for name, value, percentile, deciles in rows:
        span = f"{deciles[0]:.2f} to {deciles[8]:.2f}"
        place = ALIKE if alike(value, deciles) else rank(percentile)
        table.add_row(_short(name), f"{value:.2f}", strip(value, deciles), place, span)
    return table


def _wider(benchmark: Mapping[str, BenchmarkEntry]) -> list[RenderableType]:
    cohorts = {_name(standing.cohort): None for entry in benchmark.values() for standing in entry.others}
    if not cohorts:
        return []
    table = Table("higher than", *cohorts, box=None)
    for name, entry in benchmark.items():
        places = {
            _name(one.cohort): "too few" if one.percentile is None else f"{rank(one.percentile)} ({one.n})"
            for one in entry.others
        }
        table.add_row(_short(name), *(places.get(cohort, "") for cohort in cohorts))
    return [Text("beside wider groups"), table]


def _short(score: str) -> str:
    """`openness` for `trait.openness`."""
    return score.rpartition(".")[2]


def _name(cohort: Cohort) -> str:
    return "every answer" if cohort.name is None else f"{cohort.kind} {cohort.name}"


def _by_source(benchmark: Mapping[str, BenchmarkEntry]) -> list[tuple[NormSource, int, list[Row]]]:
    found: dict[tuple[str, str, int], tuple[NormSource, int, list[Row]]] = {}
    for name, entry in benchmark.items():
        norm: Reference | None = entry.reference
        if norm is None:
            continue
        key = (norm.source.corpus, norm.source.description, norm.n)
        rows = found.setdefault(key, (norm.source, norm.n, []))[2]
        rows.append((name, entry.value, norm.percentile, norm.deciles))
    return list(found.values())


def _people(n: int) -> str:
    return f"{n} {'person' if n == 1 else 'people'}"


def _roughness(n: int) -> str:
    if n >= ROUGH_BELOW:
        return ""
    either_way = TWO_DEVIATIONS_AT_HALF / math.sqrt(n)
    return f"With {_people(n)} the place is rough: about {either_way:.0f} of 100 either way."
