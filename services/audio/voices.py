"""Detection of several speakers in one answer: do its windows fall into two groups of voices?

Windows are projected to a few dimensions in which people differ and emotions of one person do not (Fisher's
linear discriminant, fitted in training), and split in two by k-means. Splitting one person's windows
explains little of their spread; splitting two people's explains most of it.
"""

import io

import numpy as np
import scipy
from numpy.typing import NDArray

from services.audio.features import FloatArray, Population, normalise_windows

VOICES_FILE = "voices.npz"
MIN_WINDOWS = 8
MIN_GROUP_SHARE = 0.1
"""A smaller group is taken for outliers, not for a person."""
_ITERATIONS = 20

Floats = NDArray[np.float64]


class VoiceCounter:
    """Collects the projected windows of one answer."""

    def __init__(self, content: bytes, population: Population) -> None:
        """Read the side file of the model, as `dump_voices` wrote it."""
        with np.load(io.BytesIO(content)) as stored:
            self._projection, self._thresholds = stored["projection"], stored["thresholds"]
        self._population = population
        self._rows: list[FloatArray] = []

    def add(self, windows: FloatArray) -> None:
        """Add windows, shape `(n, WINDOW_SIZE)`."""
        self._rows.append(project(windows, self._population, self._projection))

    def hears_several(self) -> bool:
        """Return whether the windows seem to be of more than one person; False if they are too few."""
        rows = np.concatenate(self._rows) if self._rows else np.zeros((0, 1), np.float32)
        if len(rows) < MIN_WINDOWS:
            return False
        threshold = np.interp(len(rows), self._thresholds[:, 0], self._thresholds[:, 1])
        return compute_two_group_share(rows) > float(threshold)


def project(windows: FloatArray, population: Population, projection: FloatArray) -> FloatArray:
    """Project windows to the dimensions in which people's voices differ, shape `(n, dimensions)`."""
    return (normalise_windows(windows, population, population.mean) @ projection).astype(np.float32)


def compute_two_group_share(rows: FloatArray) -> float:
    """Return the share of the spread that a split in two explains, 0..1; 0 if one group is an outlier.

    Two-means, started from the sign of the first principal component.

    Args:
        rows: shape `(n, d)`, n ≥ 2.
    """
    centred = rows.astype(np.float64) - rows.mean(axis=0)
    spread = _compute_spread(centred)
    if spread <= 0.0:
        return 0.0
    member = centred @ np.linalg.svd(centred, full_matrices=False)[2][0] > 0.0
    if member.all() or not member.any():
        return 0.0
    means = np.stack([centred[~member].mean(axis=0), centred[member].mean(axis=0)])
    _, member = scipy.cluster.vq.kmeans2(centred, means, iter=_ITERATIONS, minit="matrix")
    if min(member.mean(), 1.0 - member.mean()) < MIN_GROUP_SHARE:
        return 0.0
    within = sum(_compute_spread(centred[member == group]) for group in (0, 1))
    return 1.0 - within / spread


def _compute_spread(rows: Floats) -> float:
    """Return the sum of the squared distances to the mean."""
    return float(((rows - rows.mean(axis=0)) ** 2).sum())


def dump_voices(projection: FloatArray, thresholds: Floats) -> bytes:
    """Return the content of the model's side file `VOICES_FILE`.

    Args:
        projection: shape `(WINDOW_SIZE, dimensions)`.
        thresholds: pairs of a number of windows and the share above which two people are assumed,
            ascending, shape `(k, 2)`.
    """
    file = io.BytesIO()
    np.savez(file, projection=projection, thresholds=thresholds)
    return file.getvalue()
