"""The rebuilt systems of every model: their list, how they are measured, and what is kept between runs."""

import hashlib
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from services.common.media.files import Progress, ignore_progress
from services.training.folders import RUNS
from services.training.results import ResultRow, write_results

LineT = TypeVar("LineT")
CorpusT = TypeVar("CorpusT")
LineT_contra = TypeVar("LineT_contra", contravariant=True)
CorpusT_contra = TypeVar("CorpusT_contra", contravariant=True)
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class System(Generic[LineT]):
    """A rebuilt system.

    Attributes:
        name: what it is trained by.
        about: one line for the list.
        lines: makes its lines of the table.
        n_seeds: how many seeds its figures are means of.
    """

    name: str
    about: str
    lines: Callable[[], Sequence[LineT]]
    n_seeds: int = 3


class UnknownSystemError(ValueError):
    """There is no system of that name."""


class MeasureLine(Protocol[LineT_contra, CorpusT_contra]):
    """Measures one line of a system: one row for each protocol."""

    def __call__(
        self,
        line: LineT_contra,
        corpus: CorpusT_contra,
        /,
        *,
        system: str,
        seeds: Sequence[int],
        progress: Progress,
    ) -> list[ResultRow]: ...


@dataclass(frozen=True, slots=True)
class ReferenceSystems(Generic[LineT, CorpusT]):
    """The rebuilt systems that one model is compared with, and how they are measured.

    Attributes:
        subject: the model.
        systems: each under its own name.
        load: reads the corpus from the folder of the corpora; the second folder keeps what is slow to make.
        data_hash: corpus to SHA-256 of what was read.
        measure_line: measures one line of a system.
    """

    subject: str
    systems: Sequence[System[LineT]]
    load: Callable[[Path, Path], CorpusT]
    data_hash: Callable[[CorpusT], Mapping[str, str]]
    measure_line: MeasureLine[LineT, CorpusT]

    def find(self, name: str) -> System[LineT]:
        """Return the system of that name.

        Raises:
            UnknownSystemError: there is none.
        """
        for system in self.systems:
            if system.name == name:
                return system
        known = ", ".join(system.name for system in self.systems)
        raise UnknownSystemError(f"no system {name!r} for {self.subject}; known are {known}")

    def measure(
        self,
        name: str,
        data: Path,
        *,
        results: Path,
        runs: Path = RUNS,
        seed: int = 0,
        progress: Progress = ignore_progress,
    ) -> Path:
        """Measure every line of a system and write its results file.

        A run that was stopped goes on where it was; the same data, seed and recipe are never fitted twice.

        Args:
            name: of the system.
            data: folder of the corpora.
            results: folder of the results files.
            runs: features and predictions are kept in a folder of it.
            seed: the first seed; a system of several takes those that follow.
            progress: told the share of the work done.

        Returns:
            The results file.

        Raises:
            UnknownSystemError: there is no such system.
            FileNotFoundError: the corpus is not in `data`.
        """
        system = self.find(name)
        corpus = self.load(data, runs / f"{self.subject}_reference")
        lines = system.lines()
        seeds = range(seed, seed + system.n_seeds)
        rows = []
        for done, line in enumerate(lines):
            part = part_of(progress, done, len(lines))
            measured = self.measure_line(line, corpus, system=name, seeds=seeds, progress=part)
            for row in measured:
                found = ", ".join(f"{figure} {one.value:.3f}" for figure, one in row.figures.items())
                log.info("%s, %s: %s", row.title, row.protocol, found)
            rows += measured
        return write_results(
            rows, subject=self.subject, system=name, data_hash=self.data_hash(corpus), folder=results
        )


def keep_array(path: Path, array: NDArray[np.generic]) -> None:
    """Write an array whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".partial.npy")
    np.save(unfinished, array)
    unfinished.replace(path)


def recipe_key(title: str, recipe: str) -> str:
    """Return the folder name of a line: readable, and new whenever its recipe is."""
    readable = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    return f"{readable}-{hashlib.sha256(recipe.encode()).hexdigest()[:8]}"


def part_of(progress: Progress, done: int, parts: int) -> Progress:
    """Return progress of one of several equal parts."""
    return lambda share: progress((done + share) / parts)
