"""What the served traits are compared with: TF-IDF of words and logistic regression, chosen as carefully."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.common.media.files import Progress, ignore_progress
from services.text.training.calibration import log_loss
from services.text.training.counts import Counts, VocabularyRule, choose_terms, tfidf_blocks
from services.training.splits import Groups, group_folds

Array = NDArray[np.float64]
STRENGTHS = (0.3, 1.0, 3.0)
INNER_FOLDS = 3


def cross_validate_baseline(
    counts: Counts,
    traits: Array,
    groups: Groups,
    *,
    rule: VocabularyRule,
    seed: int,
    folds: int,
    progress: Progress = ignore_progress,
) -> Array:
    """Cross-validate scikit-learn's logistic regression on words; return held-out probabilities, shape `(n,
    5)`.

    Vocabulary and idf come from the training part of each fold, and the strength of the regularisation, per
    trait, from folds inside it.

    Args:
        counts: of all texts.
        traits: 0 or 1, shape `(n, 5)`.
        groups: author of each text.
        rule: for the vocabulary of each fold.
        seed: of the folds, the same as of the model that is compared.
        folds: outer folds.
        progress: told the share of the folds that are done.
    """
    names = np.asarray(groups)
    probabilities = np.zeros(traits.shape)
    for number, (train, test) in enumerate(group_folds(names, folds, seed), start=1):
        rows = tfidf_blocks(counts, choose_terms(counts, train, rule))[0]
        inner = [(train[fit], train[held]) for fit, held in group_folds(names[train], INNER_FOLDS, seed)]
        for column, truth in enumerate(traits.T):
            losses = [
                sum(_loss(rows, truth, fit, held, strength) for fit, held in inner) for strength in STRENGTHS
            ]
            best = STRENGTHS[int(np.argmin(losses))]
            probabilities[test, column] = _probabilities(rows, truth, train, test, best)
        progress(number / folds)
    return probabilities


def _probabilities(
    rows: Any, truth: Array, fit: NDArray[np.intp], held: NDArray[np.intp], strength: float
) -> Array:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=strength, solver="liblinear", random_state=0)
    found: Array = model.fit(rows[fit], truth[fit] > 0.5).predict_proba(rows[held])[:, 1]
    return found


def _loss(rows: Any, truth: Array, fit: NDArray[np.intp], held: NDArray[np.intp], strength: float) -> float:
    found = _probabilities(rows, truth, fit, held, strength)
    return log_loss(found[:, None], truth[held][:, None])


def paired_difference(better: Array, worse: Array, *, draws: int = 10_000, seed: int = 0) -> float:
    """Compute the two-sided p of a sign-flip permutation test (Good 2005, section 3.2).

    Args:
        better: a figure of each person by one system, shape `(n,)`.
        worse: of the same persons by the other.
        draws: random assignments of the signs.
        seed: of the draws.

    Returns:
        Share of assignments whose mean difference is as far from zero as the one that was found.
    """
    difference = better - worse
    generator = np.random.default_rng(seed)
    found = abs(difference.mean())
    as_far = 0
    for _ in range(draws):
        signs = generator.integers(2, size=len(difference)) * 2 - 1
        as_far += abs((signs * difference).mean()) >= found - 1e-12
    return (as_far + 1) / (draws + 1)
