"""The rebuilt text systems by name: what `candor train text --system NAME` measures."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from services.common.media import Progress, no_progress
from services.common.settings import REPOSITORY
from services.text.training.reference.classical import CLASSIFIERS, lines_of
from services.text.training.reference.corpus import VERSION, PreparedEssays, load_essays
from services.text.training.reference.networks import Network, networks
from services.training.reference import System, keep_array, part_of, recipe_key, system_named
from services.training.results import (
    REFERENCE,
    RESULTS,
    Figure,
    Predictions,
    ResultRow,
    confusion_of,
    figures_of,
    write_results,
)
from services.training.splits import Indices, group_folds, group_holdout

RUNS = REPOSITORY / "runs" / "text_reference"
SUBJECT = "text"
FOLDS = 10
LEVELS = ["low", "high"]
log = logging.getLogger(__name__)


class AnyLine(Protocol):
    """Something that learns from essays and names the traits of others."""

    @property
    def title(self) -> str: ...

    @property
    def note(self) -> str: ...

    def predict(
        self, essays: PreparedEssays, fit: Indices, test: Indices, *, seed: int
    ) -> NDArray[np.int64]: ...


@dataclass(frozen=True, slots=True)
class Splits:
    """A protocol.

    Attributes:
        title: in the table.
        make: pairs of rows to fit on and to test on, from the authors and a seed.
    """

    title: str
    make: Callable[[NDArray[np.str_], int], Sequence[tuple[Indices, Indices]]]


TEN_FOLDS = Splits("10-fold by essay, five traits", lambda groups, seed: group_folds(groups, FOLDS, seed))
ONE_FIFTH = Splits("80/20 by essay, five traits", lambda groups, seed: [group_holdout(groups, 0.2, seed)])


def _lines_of(classifier: str) -> Sequence[AnyLine]:
    return lines_of(classifier)


_CLASSICAL: tuple[System[AnyLine], ...] = tuple(
    System(name, f"{title}, on TF-IDF and four kinds of Word2Vec", partial(_lines_of, name), n_seeds=1)
    for name, (title, _) in CLASSIFIERS.items()
)
_NETWORK: System[AnyLine] = System(
    "cnn-lstm", "three convolutions and three LSTM on Word2Vec: softmax and sigmoids", networks, n_seeds=1
)
SYSTEMS: dict[str, System[AnyLine]] = {system.name: system for system in (*_CLASSICAL, _NETWORK)}


def find_system(name: str) -> System[AnyLine]:
    """The system of that name.

    Raises:
        UnknownSystemError: there is none.
    """
    return system_named(name, SYSTEMS, subject=SUBJECT)


def train_system(
    name: str,
    data: Path,
    *,
    seed: int = 0,
    runs: Path = RUNS,
    results: Path = RESULTS,
    progress: Progress = no_progress,
) -> Path:
    """Measure a system on the essays and write its results file.

    A run that was stopped goes on where it was; the same data, seed and line are never fitted twice.

    Args:
        name: one of `SYSTEMS`.
        data: folder of the corpora.
        seed: of folds and classifiers.
        runs: where lemmas, vectors and predictions are kept.
        results: folder of the results files.
        progress: told the share of the work done.

    Returns:
        The results file.

    Raises:
        UnknownSystemError: there is no such system.
        FileNotFoundError: the essays are not in `data`.
    """
    system = find_system(name)
    essays = load_essays(data, cache=runs)
    lines = list(system.lines())
    rows = []
    for done, line in enumerate(lines):
        splits = ONE_FIFTH if isinstance(line, Network) else TEN_FOLDS
        part = part_of(progress, done, len(lines))
        rows.append(_measure(line, essays, splits, system=name, seed=seed, progress=part))
        log.info("%s: accuracy %.4f", line.title, rows[-1].figures["accuracy"].value)
    return write_results(
        rows, subject=SUBJECT, system=name, data_hash={"essays": essays.digest}, folder=results
    )


def _measure(
    line: AnyLine, essays: PreparedEssays, splits: Splits, *, system: str, seed: int, progress: Progress
) -> ResultRow:
    """A line under a protocol; all traits of an essay are on one side."""
    folder = essays.cache / "predictions" / system / recipe_key(line.title, f"{VERSION} {essays.digest}")
    pairs = splits.make(essays.groups, seed)
    named = []
    for fold, (fit, test) in enumerate(pairs):
        path = folder / f"{splits.title[:5]}-seed{seed}-fold{fold}.npy".replace("/", "-")
        if not path.exists():
            keep_array(path, line.predict(essays, fit, test, seed=seed))
        named.append(np.load(path))
        progress((fold + 1) / len(pairs))
    tested = np.concatenate([test for _, test in pairs])
    truth = essays.traits[tested].astype(np.int64)
    people = np.repeat(essays.groups[tested], truth.shape[1])
    run = Predictions(seed, truth.ravel(), np.concatenate(named).ravel(), people)
    figures = figures_of([run], len(LEVELS)) | {"majority": _majority(truth)}
    return ResultRow(
        system=system,
        title=line.title,
        group=REFERENCE,
        protocol=splits.title,
        n=len(truth),
        seeds=[seed],
        figures=figures,
        note=line.note,
        labels=LEVELS,
        confusion=confusion_of(run.truth, run.predicted, len(LEVELS)).tolist(),
    )


def _majority(truth: NDArray[np.int64]) -> Figure:
    """Mean over the traits of always naming the more frequent level."""
    share = truth.mean(axis=0)
    return Figure(value=float(np.maximum(share, 1.0 - share).mean()))
