"""Where training may write."""

from dataclasses import dataclass
from pathlib import Path

from services.common.settings import REPOSITORY

RUNS = REPOSITORY / "runs"
"""Ignored by git: checkpoints, features and predictions, which save time and can be deleted."""


@dataclass(frozen=True, slots=True)
class Folders:
    """The only folders that a training run writes to.

    Attributes:
        models: versions of the models, `<name>/<version>/`.
        results: results files, which the tables of README are made from; None to write none.
        runs: checkpoints, and what is slow to make and the same every time.
    """

    models: Path
    results: Path | None
    runs: Path = RUNS
