"""Score the served face model on a partition of FER2013, through the predictor of serving."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.common.contracts.labels import EMOTIONS
from services.common.media.files import Progress, ignore_progress
from services.common.serving.predictor import Predictor
from services.common.serving.registry import FACE_EMOTION
from services.training.artifacts import data_hash
from services.training.evaluate import evaluation_report, training_data_note
from services.training.metrics import Interval, Scores, bootstrap_interval, classification_metrics
from services.video.features import network_input
from services.video.training.dataset import FloatArray, load_partition, partition_path

BATCH = 64


def corpus_name(partition: str) -> str:
    """Return how a partition is called in manifests and reports."""
    return f"fer2013/{partition}"


def score(labels: NDArray[np.int64], probabilities: FloatArray) -> tuple[Scores, dict[str, Interval]]:
    """Score predictions, with 95 % intervals by bootstrap over images (FER2013 names no persons).

    Args:
        labels: index into `EMOTIONS`, shape `(n,)`.
        probabilities: shape `(n, 7)`.
    """
    hits = (probabilities.argmax(axis=1) == labels).astype(np.float64)
    images = np.arange(len(labels))

    def recall_of_draw(rows: NDArray[np.intp]) -> float:
        n = np.bincount(labels[rows], minlength=len(EMOTIONS))
        right = np.bincount(labels[rows], weights=hits[rows], minlength=len(EMOTIONS))
        return float((right[n > 0] / n[n > 0]).mean())

    return classification_metrics(labels, probabilities, EMOTIONS), {
        "accuracy": bootstrap_interval(hits, images),
        "uar": bootstrap_interval(recall_of_draw, images),
    }


def served_answers(
    images: NDArray[np.uint8], predictor: Predictor, *, progress: Progress = ignore_progress
) -> FloatArray:
    """Return the served model's probabilities `(n, 7)` of images `(n, 48, 48)`, as they are."""
    rows = []
    for start in range(0, len(images), BATCH):
        rows.append(predictor.predict(FACE_EMOTION, network_input(images[start : start + BATCH])))
        progress(min(1.0, (start + BATCH) / len(images)))
    return np.concatenate(rows)


def evaluate(
    data: Path, *, partition: str = "public", predictor: Predictor, progress: Progress = ignore_progress
) -> dict[str, Any]:
    """Score every image of a partition; no image is left out, none is cropped or mirrored.

    Args:
        data: folder with `fer2013/<partition>.npz`, or with `<partition>.npz`.
        partition: `train`, `public` or `private`.
        predictor: answers for the served model.
        progress: told the share of the images that are done.

    Returns:
        What `candor evaluate` prints.

    Raises:
        ValueError: the partition is unknown, or its file does not hold what it should.
        FileNotFoundError: there is no such file.
    """
    faces = load_partition(data, partition)
    scores, intervals = score(faces.labels, served_answers(faces.images, predictor, progress=progress))
    manifest = predictor.manifest(FACE_EMOTION)
    digest = data_hash([partition_path(data, partition)])
    return evaluation_report(
        manifest.name,
        manifest.version,
        scores,
        corpus=corpus_name(partition),
        intervals=intervals,
        note=training_data_note(manifest, corpus_name(partition), digest),
    )
