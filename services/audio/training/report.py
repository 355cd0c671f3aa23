"""The published comparison of voice systems: `candor train voice --report`."""

from collections.abc import Sequence
from pathlib import Path

from services.training import result_tables
from services.training.result_tables import CAPTION, TextTable
from services.training.results import RESULTS, ResultsFile, read_folder

SUBJECT = "voice"


def results(folder: Path = RESULTS, *, system: str | None = None) -> list[ResultsFile]:
    """The results files, or only that of a system.

    Raises:
        FileNotFoundError: there is none.
    """
    found = read_folder(SUBJECT, folder=folder)
    chosen = [file for file in found if system is None or any(row.system == system for row in file.rows)]
    if not chosen:
        raise FileNotFoundError(f"no results in {folder / SUBJECT}; measure some with --system")
    return chosen


def tables(files: Sequence[ResultsFile]) -> list[TextTable]:
    """What a terminal shows: a table per group."""
    return result_tables.tables(files)


def footnotes(files: Sequence[ResultsFile]) -> list[str]:
    """How to read the figures, and where they come from."""
    return [CAPTION, *result_tables.provenance(files)]


def markdown(files: Sequence[ResultsFile]) -> str:
    """The same for a README."""
    return result_tables.markdown(files)
