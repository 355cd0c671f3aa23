"""The published comparison of a model: what `candor train MODEL --report` shows."""

from collections.abc import Sequence
from pathlib import Path

from services.training.result_tables import CAPTION, provenance
from services.training.results import RESULTS, ResultsFile, read_folder


def results_of(subject: str, folder: Path = RESULTS, *, system: str | None = None) -> list[ResultsFile]:
    """Return the results files of a subject, or only that of a system.

    Raises:
        FileNotFoundError: there is none.
    """
    found = read_folder(subject, folder=folder)
    chosen = [file for file in found if system is None or any(row.system == system for row in file.rows)]
    if not chosen:
        raise FileNotFoundError(f"no results in {folder / subject}; measure some with --system")
    return chosen


def footnotes(files: Sequence[ResultsFile]) -> list[str]:
    """Return how to read the figures, and where they come from."""
    return [CAPTION, *provenance(files)]
