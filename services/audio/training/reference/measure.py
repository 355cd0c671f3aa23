"""From a line of the table to its results: folds, predictions kept between runs, figures."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol as Interface

import numpy as np
from numpy.typing import NDArray

from services.audio.training.dataset import label_indices
from services.audio.training.reference.corpus import Protocol, Recordings, Split
from services.audio.training.reference.descriptors import VERSION, FloatArray
from services.common.media.files import Progress, ignore_progress
from services.training.reference import keep_array, recipe_key
from services.training.results import REFERENCE, Predictions, ResultRow, confusion_of, figures_of

log = logging.getLogger(__name__)


class Line(Interface):
    """Something that learns from clips and names the classes of others."""

    @property
    def title(self) -> str: ...

    @property
    def front_end(self) -> str: ...

    @property
    def note(self) -> str: ...

    @property
    def recipe(self) -> str: ...

    def predict(
        self,
        fit_on: tuple[FloatArray, NDArray[np.int64]],
        test: FloatArray,
        *,
        inner: Sequence[Split],
        seed: int,
    ) -> NDArray[np.int64]: ...


def measure(
    line: Line,
    recordings: Recordings,
    protocol: Protocol,
    *,
    system: str,
    seeds: Sequence[int],
    progress: Progress = ignore_progress,
) -> ResultRow:
    """Measure one line of the table under one protocol.

    Predictions of each fold are kept beside the features and not repeated when a run is started again.

    Args:
        line: what is measured.
        recordings: the corpus.
        protocol: how.
        system: name for the results file.
        seeds: each gives new folds and new weights; figures are means over them.
        progress: told the share of the seeds that are done.
    """
    kept = np.flatnonzero(np.isin(recordings.labels, protocol.classes))
    truth = label_indices(recordings.labels[kept].tolist(), protocol.classes)
    people = recordings.people[kept]
    features = recordings.features(line.front_end)[kept]
    folder = recordings.cache / "predictions" / system / recipe_key(line.title, f"{VERSION} {line.recipe}")
    runs = []
    for done, seed in enumerate(seeds):
        runs.append(_one_seed(line, features, truth, people, protocol=protocol, seed=seed, folder=folder))
        progress((done + 1) / len(seeds))
    confusions = [confusion_of(run.truth, run.predicted, len(protocol.classes)) for run in runs]
    return ResultRow(
        system=system,
        title=line.title,
        group=REFERENCE,
        protocol=protocol.title,
        n=len(runs[0].truth),
        people=len(set(runs[0].people.tolist())),
        seeds=list(seeds),
        figures=figures_of(runs, len(protocol.classes)),
        note=line.note,
        labels=list(protocol.classes),
        confusion=np.sum(confusions, axis=0).tolist(),
    )


def _one_seed(
    line: Line,
    features: FloatArray,
    truth: NDArray[np.int64],
    people: NDArray[np.str_],
    *,
    protocol: Protocol,
    seed: int,
    folder: Path,
) -> Predictions:
    tested, named = [], []
    for fold, (fit, test) in enumerate(protocol.splits(truth, people, seed)):
        path = folder / f"{protocol.name}-seed{seed}-fold{fold}.npy"
        if not path.exists():
            inner = protocol.inner(truth[fit], people[fit], seed)
            fit_on = (features[fit], truth[fit])
            found = line.predict(fit_on, features[test], inner=inner, seed=seed)
            log.info("%s: %s: accuracy %.3f", line.title, path.stem, (found == truth[test]).mean())
            keep_array(path, found)
        tested.append(test)
        named.append(np.load(path))
    rows = np.concatenate(tested)
    return Predictions(seed, truth[rows], np.concatenate(named), people[rows])
