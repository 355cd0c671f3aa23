"""From a line of the table to its results: predictions kept between runs, figures."""

import logging
import time
from collections.abc import Sequence
from typing import Protocol as Interface

import numpy as np

from services.common.media.files import Progress, ignore_progress
from services.training.reference import keep_array, recipe_key
from services.training.results import Predictions, ResultRow, confusion_of, figures_of
from services.video.training.dataset import IntArray
from services.video.training.reference.corpus import Exam, FaceCorpus
from services.video.training.reference.descriptors import VERSION

log = logging.getLogger(__name__)


class Line(Interface):
    """Something that learns from faces and names the classes of others."""

    @property
    def title(self) -> str: ...

    @property
    def note(self) -> str: ...

    @property
    def recipe(self) -> str: ...

    @property
    def exam(self) -> Exam: ...

    def predict(self, faces: FaceCorpus, *, seed: int) -> IntArray: ...


def measure(
    line: Line, faces: FaceCorpus, *, system: str, seeds: Sequence[int], progress: Progress = ignore_progress
) -> ResultRow:
    """Measure one line of the table, scored on `public`.

    What was predicted is kept beside the features and not predicted again in a later run.

    Args:
        line: what is measured.
        faces: what it learns from and is asked.
        system: name for the results file.
        seeds: each gives new weights; figures are means over them.
        progress: told the share of the seeds that are done.
    """
    exam = line.exam
    labels = exam.labels(faces.test)
    counted = np.flatnonzero(labels >= 0)
    runs = []
    for done, seed in enumerate(seeds):
        named = _predictions(line, faces, system=system, seed=seed)[counted]
        runs.append(Predictions(seed, labels[counted], named, counted))
        progress((done + 1) / len(seeds))
    confusions = [confusion_of(run.truth, run.predicted, len(exam.classes)) for run in runs]
    return ResultRow(
        system=system,
        title=line.title,
        group=exam.group,
        protocol=exam.title,
        n=len(counted),
        seeds=list(seeds),
        figures=figures_of(runs, len(exam.classes)),
        note=f"{line.note} {drawn_note(faces)}",
        labels=list(exam.classes),
        confusion=np.sum(confusions, axis=0).tolist(),
    )


def drawn_note(faces: FaceCorpus) -> str:
    """Say on how many images a line was fitted."""
    return f"Fitted on {len(faces.fit):,} images of `train`, the same for every line."


def _predictions(line: Line, faces: FaceCorpus, *, system: str, seed: int) -> IntArray:
    key = recipe_key(line.title, f"{VERSION} {line.recipe}")
    path = faces.cache / "predictions" / system / key / f"seed{seed}.npy"
    if not path.exists():
        began_s = time.process_time()
        found = line.predict(faces, seed=seed)
        spent_s = time.process_time() - began_s
        log.info("%s: seed %d, %.0f s of processor time", line.title, seed, spent_s)
        keep_array(path, found)
    kept: IntArray = np.load(path)
    return kept
