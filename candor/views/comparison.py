"""Where the scores stand among other people, on a terminal."""

from collections.abc import Iterable, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from services.common.contracts.norms import Cohort, Reference
from services.common.contracts.results import BenchmarkEntry
from services.common.phrasing import counted

STRIP_CELLS = 20
YOU, MIDDLE, MOST, HALF, EMPTY = "●", "━", "─", "┃", " "
LEGEND = f"{YOU} this answer; {MOST} eight of ten people; {MIDDLE} the middle four; {HALF} their middle"
Row = tuple[str, float, str | None, Sequence[float]]
"""Name, score, its percentile in words and the others' deciles."""


def comparison_view(benchmark: Mapping[str, BenchmarkEntry]) -> RenderableType | None:
    """Show the same question's cohort, wider ones, and people of public recordings; None where there are
    none.
    """
    ranked: list[Row] = [
        (name, entry.value, entry.summary, entry.deciles)
        for name, entry in benchmark.items()
        if entry.percentile is not None and entry.deciles is not None
    ]
    parts: list[RenderableType] = []
    if ranked:
        most = max(entry.n for entry in benchmark.values())
        parts += [Text(f"beside {most} others who answered the same question"), _table(ranked)]
    parts += _wider(benchmark)
    for norm, rows in _by_source(benchmark):
        people = counted(norm.n, "person", "people")
        parts += [Text(f"beside {people} of public recordings ({norm.source.corpus})"), _table(rows)]
        told = (norm.source.description, norm.caution, norm.source.protocol)
        parts += [Text(line, style="dim") for line in told if line]
    if not parts:
        return None
    return Padding(Group(*parts, Text(f"{LEGEND}.", style="dim")), (0, 0, 1, 0))


def strip(value: float, deciles: Sequence[float], *, cells: int = STRIP_CELLS) -> str:
    """Draw a score among others on a scale from 0 to 1, in characters.

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


def _table(rows: Iterable[Row]) -> Table:
    table = Table(
        "score", "here", "0" + " " * (STRIP_CELLS - 2) + "1", "beside them", "eight of ten", box=None
    )
    for name, value, summary, deciles in rows:
        span = f"{deciles[0]:.2f} to {deciles[8]:.2f}"
        table.add_row(_short(name), f"{value:.2f}", strip(value, deciles), summary or "", span)
    return table


def _wider(benchmark: Mapping[str, BenchmarkEntry]) -> list[RenderableType]:
    cohorts = {_name(standing.cohort): None for entry in benchmark.values() for standing in entry.others}
    if not cohorts:
        return []
    table = Table("", *cohorts, box=None)
    for name, entry in benchmark.items():
        places = {
            _name(one.cohort): "too few" if one.percentile is None else f"{one.summary or ''} ({one.n})"
            for one in entry.others
        }
        table.add_row(_short(name), *(places.get(cohort, "") for cohort in cohorts))
    return [Text("beside wider groups"), table]


def _short(score: str) -> str:
    """Return `openness` for `trait.openness`."""
    return score.rpartition(".")[2]


def _name(cohort: Cohort) -> str:
    return "every answer" if cohort.name is None else f"{cohort.kind} {cohort.name}"


def _by_source(benchmark: Mapping[str, BenchmarkEntry]) -> list[tuple[Reference, list[Row]]]:
    """Return the rows of each source, under the first percentile in a norm of it."""
    found: dict[tuple[str, str, int], tuple[Reference, list[Row]]] = {}
    for name, entry in benchmark.items():
        norm = entry.reference
        if norm is None:
            continue
        key = (norm.source.corpus, norm.source.description, norm.n)
        found.setdefault(key, (norm, []))[1].append((name, entry.value, norm.summary, norm.deciles))
    return list(found.values())
