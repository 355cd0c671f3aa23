"""The rebuilt systems by name: what `candor train face --system NAME` measures."""

from collections.abc import Sequence

from services.common.media.files import Progress
from services.training.reference import ReferenceSystems, System
from services.training.results import ResultRow
from services.video.training.reference.classical import (
    boosted_codes,
    boosted_pixels,
    hog_svm,
    landmarks_hog_svm,
    landmarks_svm,
    sliding_hog_svm,
)
from services.video.training.reference.clips import FrameNetwork, clip_cnn, clip_rows
from services.video.training.reference.corpus import N_FIT, FaceCorpus, load_faces
from services.video.training.reference.measure import Line, measure
from services.video.training.reference.trained import dexpression, hybrid, inception, simple_cnn, xception
from services.video.training.reference.transfer import transfer

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


def _measure_line(
    line: Line, faces: FaceCorpus, *, system: str, seeds: Sequence[int], progress: Progress
) -> list[ResultRow]:
    """Fit a line on a draw of `train`, score it on `public`; the network of clips shows clips as well."""
    rows = [measure(line, faces, system=system, seeds=seeds, progress=progress)]
    shown = isinstance(line, FrameNetwork)
    return rows + (clip_rows(faces, system=system, seed=seeds[0]) if shown else [])


def systems_of(n_fit: int) -> ReferenceSystems[Line, FaceCorpus]:
    """Return the systems, each fitted on `n_fit` images of `train`."""
    return ReferenceSystems(
        subject="face",
        systems=_ALL,
        load=lambda data, runs: load_faces(data, runs=runs, n_fit=n_fit),
        data_hash=lambda faces: {"fer2013": faces.digest},
        measure_line=_measure_line,
    )


SYSTEMS = systems_of(N_FIT)
