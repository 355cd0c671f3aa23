"""The rebuilt text systems by name: what `candor train text --system NAME` measures."""

import logging
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.common.media import Progress, no_progress
from services.common.settings import REPOSITORY
from services.text.training.reference.classical import CLASSIFIERS, Line, lines_of
from services.text.training.reference.corpus import VERSION, PreparedEssays, load_essays
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
from services.training.splits import group_folds

RUNS = REPOSITORY / "runs" / "text_reference"
SUBJECT = "text"
FOLDS = 10
PROTOCOL = "essays, 10-fold by essay, five traits"
LEVELS = ["low", "high"]
log = logging.getLogger(__name__)

SYSTEMS: dict[str, System[Line]] = {
    name: System(
        name, f"{title}, on TF-IDF and on four kinds of Word2Vec", partial(lines_of, name), n_seeds=1
    )
    for name, (title, _) in CLASSIFIERS.items()
}


def find_system(name: str) -> System[Line]:
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
        rows.append(_measure(line, essays, name, seed=seed, progress=part_of(progress, done, len(lines))))
        log.info("%s: accuracy %.4f", line.title, rows[-1].figures["accuracy"].value)
    return write_results(
        rows, subject=SUBJECT, system=name, data_hash={"essays": essays.digest}, folder=results
    )


def _measure(line: Line, essays: PreparedEssays, system: str, *, seed: int, progress: Progress) -> ResultRow:
    """A line under the protocol: every essay held out once, all traits of an essay on one side."""
    named = np.zeros(essays.traits.shape, dtype=np.int64)
    folder = essays.cache / "predictions" / system / recipe_key(line.title, f"{VERSION} {essays.digest}")
    for fold, (fit, test) in enumerate(group_folds(essays.groups, FOLDS, seed)):
        path = folder / f"seed{seed}-fold{fold}.npy"
        if not path.exists():
            keep_array(path, line.predict(essays, fit, test, seed=seed))
        named[test] = np.load(path)
        progress((fold + 1) / FOLDS)
    truth = essays.traits.astype(np.int64)
    people = np.repeat(essays.groups, truth.shape[1])
    run = Predictions(seed, truth.ravel(), named.ravel(), people)
    figures = figures_of([run], len(LEVELS)) | {"majority": _majority(truth)}
    return ResultRow(
        system=system,
        title=line.title,
        group=REFERENCE,
        protocol=PROTOCOL,
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
