"""The trained part of the voice model: multinomial logistic regression on normalised windows.

One classifier hears both people it knows nothing of and people with earlier answers: in training every
window is normalised by the mean of a random number of the same person's other clips, shrunk towards the
population as in serving, so that it learns what is left in either case.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from services.audio.features import FloatArray, Population, estimate_person_mean, normalise_windows
from services.audio.training.embeddings import Windows

ENROLMENTS = (0, 0, 0, 1, 2, 4, 8, 16, 1000)
"""Clips of the same person that a training window is normalised by; drawn evenly, cut to what there is."""
STRENGTHS = (0.03, 0.1, 0.3)
"""Candidates of the penalty per row, chosen between on inner folds."""
MAX_ITERATIONS = 200
TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True)
class Labelled:
    """Windows of one corpus under one condition, with what and who their clips are.

    Attributes:
        windows: the windows; `windows.clip` counts in the corpus.
        labels: class index of every clip of the corpus, shape `(clips,)`.
        people: who speaks in every clip, shape `(clips,)`, unique over all corpora.
    """

    windows: Windows
    labels: NDArray[np.int64]
    people: NDArray[np.str_]

    def of(self, clips: NDArray[np.intp] | NDArray[np.bool_]) -> "Labelled":
        """Return the part of some clips."""
        return Labelled(self.windows.of(clips), self.labels, self.people)


@dataclass(frozen=True, slots=True)
class Classifier:
    """A fitted classifier.

    Attributes:
        population: what training speech looks like.
        weights: shape `(WINDOW_SIZE, classes)`.
        bias: shape `(classes,)`.
    """

    population: Population
    weights: FloatArray
    bias: FloatArray

    def logits(self, rows: FloatArray, own_mean: FloatArray | None = None, clips: float = 0.0) -> FloatArray:
        """Return logits of windows of one person, `(n, classes)`, given the mean of `clips` earlier ones."""
        mean = estimate_person_mean(self.population, own_mean, clips)
        scores: FloatArray = normalise_windows(rows, self.population, mean) @ self.weights + self.bias
        return scores


def measure_population(parts: Sequence[Labelled]) -> Population:
    """Measure the mean over all windows, and the deviation within people, averaged over people."""
    rows = np.concatenate([part.windows.rows for part in parts])
    people = np.concatenate([part.people[part.windows.clip] for part in parts])
    within = np.mean([rows[people == person].var(axis=0) for person in np.unique(people)], axis=0)
    return Population(
        rows.mean(axis=0).astype(np.float32), np.sqrt(np.maximum(within, 1e-8)).astype(np.float32)
    )


def clip_means(windows: Windows) -> tuple[NDArray[np.int64], FloatArray]:
    """Return the clips that have windows, shape `(m,)`, and their mean windows, shape `(m, WINDOW_SIZE)`."""
    clips, place = np.unique(windows.clip, return_inverse=True)
    sums = np.zeros((len(clips), windows.rows.shape[1]), np.float32)
    np.add.at(sums, place, windows.rows * windows.seconds[:, None])
    weights = np.bincount(place, weights=windows.seconds).astype(np.float32)
    return clips, sums / weights[:, None]


def enrolled_rows(
    part: Labelled,
    population: Population,
    *,
    enrolments: Sequence[int],
    generator: np.random.Generator,
) -> FloatArray:
    """Normalise windows by random other clips of the same person.

    Args:
        part: the windows.
        population: to shrink towards.
        enrolments: numbers of clips, one is drawn per clip.
        generator: source of chance.
    """
    clips, means = clip_means(part.windows)
    rows = np.empty_like(part.windows.rows)
    people = part.people[clips]
    for number, clip in enumerate(clips):
        others = np.flatnonzero((people == people[number]) & (clips != clip))
        count = min(int(generator.choice(enrolments)), len(others))
        chosen = generator.choice(others, count, replace=False)
        own = means[chosen].mean(axis=0) if count else None
        mine = part.windows.clip == clip
        rows[mine] = normalise_windows(
            part.windows.rows[mine], population, estimate_person_mean(population, own, float(count))
        )
    return rows


def fit_classifier(
    parts: Sequence[Labelled], *, n_classes: int, strength: float, seed: int, balanced: bool = True
) -> Classifier:
    """Fit on all windows of `parts`.

    Args:
        parts: corpora and their augmented copies, training people only.
        n_classes: number of classes; each must occur.
        strength: penalty on the weights per row.
        seed: of the enrolments.
        balanced: let every class weigh the same.
    """
    from sklearn.linear_model import LogisticRegression

    population = measure_population(parts)
    generator = np.random.default_rng(seed)
    rows = np.concatenate(
        [enrolled_rows(part, population, enrolments=ENROLMENTS, generator=generator) for part in parts]
    )
    labels = np.concatenate([part.labels[part.windows.clip] for part in parts])
    model = LogisticRegression(
        C=1.0 / (strength * len(rows)),
        max_iter=MAX_ITERATIONS,
        tol=TOLERANCE,
        class_weight="balanced" if balanced else None,
    ).fit(rows, labels)
    weights = np.zeros((rows.shape[1], n_classes), np.float32)
    bias = np.full(n_classes, -30.0, np.float32)
    weights[:, model.classes_] = model.coef_.T
    bias[model.classes_] = model.intercept_
    return Classifier(population, weights, bias)


def choose_strength(
    parts: Sequence[Labelled], *, folds: Sequence[NDArray[np.intp]], n_classes: int, seed: int
) -> float:
    """Choose the penalty with the best recall on inner folds, over people without and with enrolment.

    Args:
        parts: the first is scored; the others only help to fit.
        folds: for each inner fold the clips of the first part to score.
        n_classes: number of classes.
        seed: of the enrolments.
    """
    first = parts[0]
    every = np.unique(first.windows.clip)

    def recall(strength: float) -> float:
        values = []
        for held in folds:
            inside = [first.of(np.setdiff1d(every, held)), *parts[1:]]
            model = fit_classifier(inside, n_classes=n_classes, strength=strength, seed=seed)
            for count in (0, 8):
                logits = enrolled_logits(model, first.of(held), count=count, seed=seed)
                values.append(_uar(logits, first, held))
        return float(np.mean(values))

    return max(STRENGTHS, key=recall)


def enrolled_logits(model: Classifier, part: Labelled, *, count: int, seed: int) -> FloatArray:
    """Return logits of all windows, `(n, classes)`, each person normalised by `count` random other clips."""
    generator = np.random.default_rng([seed, count])
    rows = enrolled_rows(part, model.population, enrolments=(count,), generator=generator)
    logits: FloatArray = rows @ model.weights + model.bias
    return logits


def clip_probabilities(
    logits: FloatArray, windows: Windows, *, temperature: float = 1.0
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Average over a clip's windows by speech, as the product does: clips, and rows that sum to 1."""
    each = softmax(logits.astype(np.float64) / temperature, axis=1)
    clips, place = np.unique(windows.clip, return_inverse=True)
    sums = np.zeros((len(clips), each.shape[1]))
    np.add.at(sums, place, each * windows.seconds[:, None])
    return clips, sums / sums.sum(axis=1, keepdims=True)


def _uar(logits: FloatArray, part: Labelled, clips: NDArray[np.intp]) -> float:
    named, rows = clip_probabilities(logits, part.windows.of(clips))
    truth = part.labels[named]
    hits = rows.argmax(axis=1) == truth
    return float(np.mean([hits[truth == label].mean() for label in np.unique(truth)]))
