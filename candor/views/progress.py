"""Progress on stderr, so that stdout stays what was asked for."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from candor.analysis import ModalityProgress
from services.common.contracts.labels import Modality


@contextmanager
def progress_display(*, visible: bool) -> Iterator[Progress]:
    """Bars that vanish when they are done; nothing at all where stderr is no terminal."""
    columns = (TextColumn("{task.description:<22}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    console = Console(stderr=True)
    with Progress(
        *columns, TimeElapsedColumn(), console=console, transient=True, disable=not visible
    ) as display:
        yield display


@contextmanager
def modality_bars(name: str, *, visible: bool) -> Iterator[ModalityProgress]:
    """One bar per modality, made when its first progress arrives."""
    bars: dict[Modality, TaskID] = {}
    with progress_display(visible=visible) as display:

        def update(modality: Modality, share: float) -> None:
            if modality not in bars:
                bars[modality] = display.add_task(f"{modality} of {name}"[:22], total=1.0)
            display.update(bars[modality], completed=share)

        yield update
