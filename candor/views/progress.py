"""Progress on stderr, so that stdout stays what was asked for."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from candor.analysis import ModalityProgress
from services.common.contracts.labels import Modality

NAME_CELLS = 22


@contextmanager
def progress_display(*, visible: bool) -> Iterator[Progress]:
    """Show bars that vanish when they are done; nothing at all where stderr is no terminal."""
    columns = (
        TextColumn(f"{{task.description:<{NAME_CELLS}}}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
    )
    console = Console(stderr=True)
    with Progress(
        *columns, TimeElapsedColumn(), console=console, transient=True, disable=not visible
    ) as display:
        yield display


def add_bar(display: Progress, name: str, *, total: float = 1.0) -> Callable[[float], None]:
    """Add a bar to the display, and return what is told how much of `total` is done."""
    task = display.add_task(name[:NAME_CELLS], total=total)
    return lambda done: display.update(task, completed=done)


@contextmanager
def modality_bars(name: str, *, visible: bool) -> Iterator[ModalityProgress]:
    """Show one bar per modality, made when its first progress arrives."""
    bars: dict[Modality, Callable[[float], None]] = {}
    with progress_display(visible=visible) as display:

        def update(modality: Modality, share: float) -> None:
            if modality not in bars:
                bars[modality] = add_bar(display, f"{modality} of {name}")
            bars[modality](share)

        yield update
