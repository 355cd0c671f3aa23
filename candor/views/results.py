"""Tables of results on a terminal."""

from collections.abc import Sequence
from typing import Protocol

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

MIN_WIDTH = 120
"""Narrower output, a pipe's for one, is written this wide: figures that wrap cannot be compared."""


class TextTable(Protocol):
    """Cells ready to be read, as `services.training.result_tables` makes them."""

    @property
    def title(self) -> str: ...

    @property
    def columns(self) -> tuple[str, ...]: ...

    @property
    def rows(self) -> tuple[tuple[str, ...], ...]: ...

    @property
    def notes(self) -> tuple[str, ...]: ...

    @property
    def text_columns(self) -> int: ...


def print_tables(
    tables: Sequence[TextTable], *, footnotes: Sequence[str], console: Console | None = None
) -> None:
    """Write every table with its notes to `console` (stdout by default), then the footnotes."""
    console = console or Console()
    if console.width < MIN_WIDTH:
        console.width = MIN_WIDTH
    for table in tables:
        console.print(_drawn(table))
        for note in table.notes:
            console.print(Text(note, style="dim"))
        console.print()
    for line in footnotes:
        console.print(Text(line, style="dim"))


def _drawn(table: TextTable) -> Table:
    drawn = Table(title=table.title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for place, heading in enumerate(table.columns):
        is_text = place < table.text_columns
        drawn.add_column(Text(heading), justify="left" if is_text else "right", ratio=None)
    for row in table.rows:
        drawn.add_row(*map(Text, row))
    return drawn
