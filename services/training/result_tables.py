"""Results files as tables of text: for a terminal (the command line draws them) and in Markdown."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.training.results import REFERENCE, SERVED, Figure, ResultRow, ResultsFile

HEADINGS = {
    "uar": "UAR",
    "accuracy": "accuracy",
    "macro_f1": "macro-F1",
    "ece": "ECE",
    "nll": "NLL",
    "ece_before": "ECE before",
    "nll_before": "NLL before",
    "majority": "majority",
    "r2": "R²",
    "one_minus_mae": "1 − MAE",
    "above_mean": "above predict-the-mean",
    "r2_words_alone": "R², words alone",
    "interval_covers": "interval covers",
    "covers_words_alone": "covers, words alone",
    "interval_width": "interval width",
    "nll_base_rate": "NLL of the base rate",
    "rho": "Spearman's ρ",
}
"""How figures are called, in the order in which they are shown; others follow under their own name."""
NOT_SHARES = frozenset({"nll", "nll_before", "nll_base_rate", "p", "rho", "temperature"})
SIDE_BY_SIDE = ("uar", "accuracy", "macro_f1")
ABSENT = "–"
CAPTION = (
    "Percent; mean ± SD over seeds where there are several; [95 % interval, bootstrap over people, "
    "over single rows where the corpus names nobody]."
)


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table whose cells are ready to be read.

    Attributes:
        title: heading.
        columns: heads; the first `text_columns` hold text, the rest figures.
        rows: cells, as many as columns.
        notes: sentences under the table, numbered from 1 as the cells refer to them.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]
    text_columns: int = 1


def figure_text(figure: Figure | None, *, share: bool = True) -> str:
    """Return a figure with its deviation and interval, `54.2 ± 0.8 [50.1, 58.0]`; shares in percent.

    Args:
        figure: what was measured; None reads as `ABSENT`.
        share: whether it is a share (0..1), printed in percent with one decimal, else with two.
    """
    if figure is None:
        return ABSENT
    scale, digits = (100.0, 1) if share else (1.0, 2)

    def text(number: float) -> str:
        return f"{number * scale:.{digits}f}"

    parts = [text(figure.value)]
    if figure.sd is not None:
        parts.append(f"± {text(figure.sd)}")
    if figure.low is not None and figure.high is not None:
        parts.append(f"[{text(figure.low)}, {text(figure.high)}]")
    return " ".join(parts)


def tables(files: Sequence[ResultsFile]) -> list[TextTable]:
    """Return one table per group: the served model first, the reference's systems last."""
    rows = [row for file in files for row in file.rows]
    found = list(dict.fromkeys(row.group for row in rows))
    order = {SERVED: -1, REFERENCE: len(found)}
    made = []
    for group in sorted(found, key=lambda name: order.get(name, found.index(name))):
        members = [row for row in rows if row.group == group]
        made.append(_side_by_side(group, members) if group == REFERENCE else _line_by_line(group, members))
    return made


def _line_by_line(title: str, rows: Sequence[ResultRow]) -> TextTable:
    """Return one line per row, and every figure that any of them has."""
    names = _figure_names(rows)
    notes = _Notes()
    lines = tuple(
        (
            row.title + notes.mark(row.note),
            row.protocol,
            f"{row.n:,}",
            ABSENT if row.people is None else str(row.people),
            *(figure_text(row.figures.get(name), share=name not in NOT_SHARES) for name in names),
        )
        for row in rows
    )
    columns = ("system", "protocol", "n", "people", *(HEADINGS.get(name, name) for name in names))
    return TextTable(title, columns, lines, notes.texts, text_columns=2)


def _side_by_side(title: str, rows: Sequence[ResultRow]) -> TextTable:
    """Return one line per title, the main figures under every protocol beside each other; notes say the
    rest.
    """
    protocols = list(dict.fromkeys(row.protocol for row in rows))
    titles = list(dict.fromkeys(row.title for row in rows))
    by_place = {(row.title, row.protocol): row for row in rows}
    notes = _Notes()
    lines = []
    for name in titles:
        here = [by_place.get((name, protocol)) for protocol in protocols]
        marks = "".join(dict.fromkeys(notes.mark(row.note) for row in here if row is not None))
        cells = [
            figure_text(row.figures.get(figure)) if row is not None else ABSENT
            for row in here
            for figure in SIDE_BY_SIDE
        ]
        lines.append((name + marks, *cells))
    heads = [f"{head}: {HEADINGS[figure]}" for head in _heads(protocols) for figure in SIDE_BY_SIDE]
    sizes = tuple(_size(protocol, rows) for protocol in protocols)
    return TextTable(title, ("system", *heads), tuple(lines), notes.texts + sizes)


def _heads(protocols: Sequence[str]) -> list[str]:
    """Return what stands before the first comma of each protocol, where that tells them apart; else all of
    it.
    """
    short = [protocol.partition(",")[0] for protocol in protocols]
    return short if len(set(short)) == len(short) else list(protocols)


def _size(protocol: str, rows: Sequence[ResultRow]) -> str:
    """Return how many clips, people and seeds stand behind a protocol, and its majority baseline."""
    members = [row for row in rows if row.protocol == protocol]
    seeds = sorted({len(row.seeds) for row in members})
    counts = sorted({row.n for row in members})
    majority = figure_text(next((r.figures["majority"] for r in members if "majority" in r.figures), None))
    counted = f"n = {_range(counts)}, {_people(members)}{_range(seeds)} {'seed' if seeds == [1] else 'seeds'}"
    return f"{protocol}: {counted}; always naming the most frequent class is right in {majority} %."


def _people(rows: Sequence[ResultRow]) -> str:
    counts = sorted({row.people for row in rows if row.people is not None})
    return f"{_range(counts)} people, " if counts else ""


def _range(values: Sequence[int]) -> str:
    ends = dict.fromkeys((f"{values[0]:,}", f"{values[-1]:,}"))
    return "–".join(ends)


def _figure_names(rows: Sequence[ResultRow]) -> list[str]:
    found = dict.fromkeys(name for row in rows for name in row.figures)
    return [name for name in HEADINGS if name in found] + [name for name in found if name not in HEADINGS]


class _Notes:
    """Collects notes; equal ones share a number."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def mark(self, note: str) -> str:
        """Return what a cell appends to refer to `note`; nothing for an empty one."""
        return f" ({self._numbers.setdefault(note, len(self._numbers) + 1)})" if note else ""

    @property
    def texts(self) -> tuple[str, ...]:
        """The notes so far, each with its number."""
        return tuple(f"({number}) {note}" for note, number in self._numbers.items())


def provenance(files: Sequence[ResultsFile]) -> list[str]:
    """Return a line per file: its systems, commit, date and the hashes of its data, shortened."""
    return [_origin(file) for file in files]


def _origin(file: ResultsFile) -> str:
    systems = ", ".join(dict.fromkeys(row.system for row in file.rows))
    hashes = ", ".join(f"{corpus} {digest[:10]}" for corpus, digest in file.data_hash.items())
    commit = (file.commit or "none")[:10]
    return f"{systems}: commit {commit}, {file.created_at:%Y-%m-%d}, data {hashes}"


def markdown(files: Sequence[ResultsFile]) -> str:
    """Write all tables in Markdown, ready for a page."""
    parts = [part for table in tables(files) for part in _markdown_table(table)]
    return "\n\n".join([*parts, CAPTION, *_list(provenance(files))])


def _markdown_table(table: TextTable) -> Iterator[str]:
    aligned = ["---"] * table.text_columns + ["---:"] * (len(table.columns) - table.text_columns)
    lines = [table.columns, tuple(aligned), *table.rows]
    yield f"**{table.title}**"
    yield "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
    yield from _list(table.notes)


def _list(texts: Sequence[str]) -> list[str]:
    """Return a bullet list, or nothing."""
    return ["\n".join(f"- {text}" for text in texts)] if texts else []
