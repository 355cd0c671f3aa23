"""Fits what tells several voices in one answer: projection and thresholds, on people held out in turn."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.audio.features import FloatArray, Population, normalise_windows
from services.audio.training.classifier import Labelled, measure_population
from services.audio.training.corpora import Corpus
from services.audio.voices import compute_two_group_share, project
from services.training.splits import group_folds

DIMENSIONS = 8
SHRINKAGE = 0.3
FOLDS = 5
SIZES = (8, 16, 32)
DRAWS = 80
FALSE_ALARMS = 0.02


@dataclass(frozen=True, slots=True)
class VoicesFit:
    """Outcome of the fit.

    Attributes:
        projection: shape `(WINDOW_SIZE, DIMENSIONS)`.
        thresholds: pairs of windows and share, shape `(len(SIZES), 2)`.
        detected: per number of windows, the share of two-person answers that were found.
    """

    projection: FloatArray
    thresholds: NDArray[np.float64]
    detected: list[tuple[int, float]]


def fit_voices(ravdess: Corpus, emodb: Corpus, *, seed: int) -> VoicesFit:
    """Choose thresholds on answers of people the projection never heard; then fit on all.

    Args:
        ravdess: with augmented copies.
        emodb: likewise.
        seed: of folds and draws.
    """
    parts = [ravdess.clean, ravdess.copies[0], emodb.clean, emodb.copies[0]]
    generator = np.random.default_rng(seed)
    alone: dict[int, list[float]] = {size: [] for size in SIZES}
    two: dict[int, list[float]] = {size: [] for size in SIZES}
    for train, test in group_folds(ravdess.people, FOLDS, seed):
        known = [ravdess.clean.of(train), ravdess.copies[0].of(train), *parts[2:]]
        population = measure_population(known)
        projection = _discriminant(known, population)
        held = ravdess.clean.of(test)
        rows = project(held.windows.rows, population, projection)
        who = held.people[held.windows.clip]
        for size in SIZES:
            for _ in range(DRAWS):
                one, other = generator.choice(np.unique(who), 2, replace=False)
                alone[size].append(_share(rows, [(who == one, size)], generator))
                both = [(who == one, size // 2), (who == other, size - size // 2)]
                two[size].append(_share(rows, both, generator))
    thresholds = {size: float(np.quantile(alone[size], 1.0 - FALSE_ALARMS)) for size in SIZES}
    detected = [(size, float(np.mean(np.array(two[size]) > thresholds[size]))) for size in SIZES]
    return VoicesFit(
        _discriminant(parts, measure_population(parts)),
        np.array([[size, thresholds[size]] for size in SIZES]),
        detected,
    )


def _discriminant(parts: Sequence[Labelled], population: Population) -> FloatArray:
    """Find the directions in which people differ most against their own spread (Fisher 1936), shrunk."""
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    rows = np.concatenate([part.windows.rows for part in parts])
    people = np.concatenate([part.people[part.windows.clip] for part in parts])
    model = LinearDiscriminantAnalysis(solver="eigen", shrinkage=SHRINKAGE, n_components=DIMENSIONS)
    model.fit(normalise_windows(rows, population, population.mean), people)
    projection: FloatArray = model.scalings_[:, :DIMENSIONS].astype(np.float32)
    return projection


def _share(
    rows: FloatArray, speakers: list[tuple[NDArray[np.bool_], int]], generator: np.random.Generator
) -> float:
    """Return the split's share for random windows of the speakers."""
    chosen = [
        generator.choice(np.flatnonzero(mask), min(count, int(mask.sum())), replace=False)
        for mask, count in speakers
    ]
    return compute_two_group_share(rows[np.concatenate(chosen)])
