"""The rebuilt systems by name: what `candor train voice --system NAME` measures."""

from collections.abc import Sequence

from services.audio.training.reference.classical import (
    mfcc_mlp,
    mfcc_random_forest,
    mfcc_svc,
    mfcc_xgboost,
    svm_360,
)
from services.audio.training.reference.corpus import PROTOCOLS, Recordings, load_recordings
from services.audio.training.reference.measure import Line, measure
from services.audio.training.reference.networks import cnn_lstm, log_mel_lstm
from services.common.media.files import Progress
from services.training.reference import ReferenceSystems, System, part_of
from services.training.results import ResultRow

_ALL: tuple[System[Line], ...] = (
    System("svm-360", "360 global statistics, PCA or none, SVM with four kernels: 16 lines", svm_360),
    System("mfcc-svc", "MFCC summaries, support vector classifier, tuned", mfcc_svc),
    System("mfcc-random-forest", "MFCC summaries, random forest, tuned", mfcc_random_forest),
    System("mfcc-xgboost", "MFCC summaries, gradient-boosted trees, tuned", mfcc_xgboost),
    System("mfcc-mlp", "MFCC summaries, multi-layer perceptron, tuned", mfcc_mlp),
    System("cnn-lstm", "time-distributed CNN on rolling log-mel windows, two LSTM", cnn_lstm, n_seeds=1),
    System("log-mel-lstm", "two LSTM on log-mel frames", log_mel_lstm, n_seeds=1),
)


def _measure_line(
    line: Line, recordings: Recordings, *, system: str, seeds: Sequence[int], progress: Progress
) -> list[ResultRow]:
    """Measure a line by actor and on the leaky split; the two rows stand next to each other."""
    return [
        measure(
            line,
            recordings,
            protocol,
            system=system,
            seeds=seeds,
            progress=part_of(progress, done, len(PROTOCOLS)),
        )
        for done, protocol in enumerate(PROTOCOLS)
    ]


SYSTEMS = ReferenceSystems(
    subject="voice",
    systems=_ALL,
    load=lambda data, runs: load_recordings(data, runs=runs),
    data_hash=lambda recordings: {"ravdess": recordings.digest},
    measure_line=_measure_line,
)
