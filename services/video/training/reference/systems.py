"""The rebuilt systems by name: what `candor train face --system NAME` measures."""

import logging
from pathlib import Path

from services.common.media import Progress, no_progress
from services.common.settings import REPOSITORY
from services.training.reference import System, part_of, system_named
from services.training.results import RESULTS, write_results
from services.video.training.reference.classical import (
    boosted_codes,
    boosted_pixels,
    hog_svm,
    landmarks_hog_svm,
    landmarks_svm,
    sliding_hog_svm,
)
from services.video.training.reference.clips import clip_cnn, clip_rows
from services.video.training.reference.corpus import N_FIT, load_faces
from services.video.training.reference.measure import Line, measure
from services.video.training.reference.trained import dexpression, hybrid, inception, simple_cnn, xception
from services.video.training.reference.transfer import transfer

RUNS = REPOSITORY / "runs" / "face_reference"
SUBJECT = "face"
CORPUS = "fer2013"
log = logging.getLogger(__name__)

_ALL: tuple[System[Line], ...] = (
    System("hog-svm", "histograms of oriented gradients, SVM", hog_svm, n_seeds=1),
    System("landmarks-svm", "landmarks of FaceMesh, SVM", landmarks_svm, n_seeds=1),
    System("landmarks-hog-svm", "landmarks and HOG, SVM", landmarks_hog_svm, n_seeds=1),
    System("sliding-hog-svm", "HOG of 25 overlapping windows, SVM", sliding_hog_svm, n_seeds=1),
    System("boosted-pixels", "gradient-boosted trees on pixels", boosted_pixels, n_seeds=1),
    System("boosted-codes", "gradient-boosted trees on auto-encoded images", boosted_codes, n_seeds=1),
    System("simple-cnn", "plain convolutional network", simple_cnn, n_seeds=1),
    System("inception", "inception modules", inception, n_seeds=1),
    System("xception", "separable convolutions with shortcuts", xception, n_seeds=1),
    System("dexpression", "parallel feature extraction blocks", dexpression, n_seeds=1),
    System("hybrid", "image, landmarks and HOG in one network", hybrid, n_seeds=1),
    System("clip-cnn", "256 × 256 frames, every twentieth of a clip, aggregated", clip_cnn, n_seeds=1),
    System("transfer", "FER2013's labels first, FER+'s then: 3 lines", transfer, n_seeds=1),
)
SYSTEMS: dict[str, System[Line]] = {system.name: system for system in _ALL}


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
    n_fit: int = N_FIT,
    progress: Progress = no_progress,
) -> Path:
    """Fit a system on a draw of `train`, score it on `public`, and write its results file.

    A run that was stopped goes on where it was; the same images, seed and recipe are never fitted twice.

    Args:
        name: one of `SYSTEMS`.
        data: folder of the corpora.
        seed: the first seed; a system of several takes those that follow.
        runs: where features, networks and predictions are kept.
        results: folder of the results files.
        n_fit: images to fit on.
        progress: told the share of the work done.

    Returns:
        The results file.

    Raises:
        UnknownSystemError: there is no such system.
        FileNotFoundError: there is no FER2013 in `data`.
    """
    system = find_system(name)
    faces = load_faces(data, runs=runs, n_fit=n_fit)
    log.info("%s: %d images, data %s", name, len(faces.fit), faces.digest[:12])
    lines = system.lines()
    seeds = list(range(seed, seed + system.n_seeds))
    rows = []
    for done, line in enumerate(lines):
        part = part_of(progress, done, len(lines))
        rows.append(measure(line, faces, system=name, seeds=seeds, progress=part))
        log.info("%s: accuracy %.3f", line.title, rows[-1].figures["accuracy"].value)
    if system.lines is clip_cnn:
        rows += clip_rows(faces, system=name, seed=seed)
    return write_results(rows, subject=SUBJECT, system=name, data_hash={CORPUS: faces.digest}, folder=results)
