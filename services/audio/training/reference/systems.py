"""The rebuilt systems by name: what `candor train voice --system NAME` measures."""

import logging
from pathlib import Path

from services.audio.training.reference.classical import (
    mfcc_mlp,
    mfcc_random_forest,
    mfcc_svc,
    mfcc_xgboost,
    svm_360,
)
from services.audio.training.reference.corpus import PROTOCOLS, load_recordings
from services.audio.training.reference.measure import Line, measure
from services.audio.training.reference.networks import cnn_lstm, log_mel_lstm
from services.common.media import Progress, no_progress
from services.common.settings import REPOSITORY
from services.training.reference import System, part_of, system_named
from services.training.results import RESULTS, write_results

RUNS = REPOSITORY / "runs" / "voice_reference"
SUBJECT = "voice"
log = logging.getLogger(__name__)


_ALL: tuple[System[Line], ...] = (
    System("svm-360", "360 global statistics, PCA or none, SVM with four kernels: 16 lines", svm_360),
    System("mfcc-svc", "MFCC summaries, support vector classifier, tuned", mfcc_svc),
    System("mfcc-random-forest", "MFCC summaries, random forest, tuned", mfcc_random_forest),
    System("mfcc-xgboost", "MFCC summaries, gradient-boosted trees, tuned", mfcc_xgboost),
    System("mfcc-mlp", "MFCC summaries, multi-layer perceptron, tuned", mfcc_mlp),
    System("cnn-lstm", "time-distributed CNN on rolling log-mel windows, two LSTM", cnn_lstm, n_seeds=1),
    System("log-mel-lstm", "two LSTM on log-mel frames", log_mel_lstm, n_seeds=1),
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
    progress: Progress = no_progress,
) -> Path:
    """Measure a system by actor and on the leaky split, and write its results file.

    A line's two rows stand next to each other in the file. A run that was stopped goes on where it
    was; the same data, seed and recipe are never fitted twice.

    Args:
        name: one of `SYSTEMS`.
        data: folder of the corpora.
        seed: the first seed; a system of several takes those that follow.
        runs: where features and predictions are kept.
        results: folder of the results files.
        progress: told the share of the work done.

    Returns:
        The results file.

    Raises:
        UnknownSystemError: there is no such system.
        FileNotFoundError: there is no RAVDESS in `data`.
    """
    system = find_system(name)
    recordings = load_recordings(data, runs=runs)
    log.info("%s: %d clips, data %s", name, len(recordings.clips), recordings.digest[:12])
    work = [(line, protocol) for line in system.lines() for protocol in PROTOCOLS]
    seeds = list(range(seed, seed + system.n_seeds))
    rows = []
    for done, (line, protocol) in enumerate(work):
        part = part_of(progress, done, len(work))
        rows.append(measure(line, recordings, protocol, system=name, seeds=seeds, progress=part))
        uar, leak = rows[-1].figures["uar"], protocol.name
        log.info("%s, %s: UAR %.3f", line.title, leak, uar.value)
    return write_results(
        rows, subject=SUBJECT, system=name, data_hash={"ravdess": recordings.digest}, folder=results
    )
