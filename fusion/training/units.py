"""The channel that stands for the face: perceived emotion from action units, by a model of our own.

Everything about it is chosen within the training actors: the kind of model by the recall on inner folds,
the temperatures on the same inner predictions.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from fusion.training.pairs import Floats, Ints, by_own_clips
from services.training.metrics import fit_temperature
from services.training.results import confusion_of, uar_of
from services.training.splits import group_folds

INNER_FOLDS = 4
LOWER_FACE = ("AU10", "AU12", "AU14", "AU15", "AU17", "AU20", "AU23", "AU25", "AU26", "AU28")
NOISE_DEVIATIONS = 2.0
UNIT_CONDITIONS = {"clean": 1.0, "lower face hidden": 0.5, "noise of 2 SD": 0.25}
"""What the units went through, with the quality that is declared for it (0..1)."""


def learners() -> dict[str, Callable[[int], Any]]:
    """Return kinds of model by name, each made for a seed."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import SVC

    return {
        "logistic regression, C 0.03": lambda _: LogisticRegression(C=0.03, max_iter=300),
        "logistic regression, C 0.3": lambda _: LogisticRegression(C=0.3, max_iter=300),
        "SVM, RBF, C 1": lambda _: SVC(C=1.0, class_weight="balanced"),
        "boosted trees": lambda seed: HistGradientBoostingClassifier(
            max_iter=25, learning_rate=0.2, max_leaf_nodes=8, max_bins=32, random_state=seed
        ),
    }


@dataclass(frozen=True, slots=True)
class UnitScores:
    """Calibrated logarithms of probabilities, shape `(conditions, n, k)`, and the kind of model chosen."""

    log_prob: Floats
    chosen: str


def prepared(units: Floats, people: NDArray[np.str_], *, known: bool) -> Floats:
    """Return units as the model sees them before standardisation.

    Args:
        units: shape `(n, u)`.
        people: who each row is of.
        known: normalise each clip by the person's other clips (of all emotions alike).
    """
    return by_own_clips(units, people) if known else units


def degraded(rows: Floats, names: tuple[str, ...], *, seed: int) -> Floats:
    """Return standardised units under each of `UNIT_CONDITIONS`, shape `(conditions, n, u)`; 0 is the mean
    face.
    """
    hidden = rows.copy()
    hidden[:, [name.split("_")[0] in LOWER_FACE for name in names]] = 0.0
    noise = np.random.default_rng(seed).standard_normal(rows.shape)
    return np.stack([rows, hidden, rows + NOISE_DEVIATIONS * noise])


def fold_units(
    rows: Floats,
    labels: Ints,
    people: NDArray[np.str_],
    *,
    names: tuple[str, ...],
    train: NDArray[np.intp],
    test: NDArray[np.intp],
    seed: int,
    kinds: Mapping[str, Callable[[int], Any]] | None = None,
) -> UnitScores:
    """Return scores of all clips for one outer fold; training clips are scored by models of the inner folds.

    Args:
        rows: of `prepared`, shape `(n, u)`.
        labels: class of each row, shape `(n,)`.
        people: who each row is of.
        names: of the units.
        train: rows of the training actors.
        test: rows of the fold's actors.
        seed: of inner folds, noise and trees.
        kinds: models to choose between; `learners()` by default.
    """
    scaled = (rows - rows[train].mean(axis=0)) / (rows[train].std(axis=0) + 1e-6)
    views = degraded(scaled, names, seed=seed)
    inner = [(train[i], train[o]) for i, o in group_folds(people[train], INNER_FOLDS, seed)]
    found: dict[str, Floats] = {}
    for kind, make in (kinds or learners()).items():
        found[kind] = np.zeros((len(views), len(rows), int(labels.max()) + 1))
        for inside, outside in inner:
            model = make(seed).fit(scaled[inside], labels[inside])
            found[kind][:, outside] = _scores(model, views[:, outside])
    chosen = max(found, key=lambda kind: _recall(found[kind][0, train], labels[train]))
    scores = found[chosen]
    model = (kinds or learners())[chosen](seed).fit(scaled[train], labels[train])
    scores[:, test] = _scores(model, views[:, test])
    return UnitScores(calibrated(scores, labels, train), chosen)


def calibrated(scores: Floats, labels: Ints, train: NDArray[np.intp]) -> Floats:
    """Return the log-probabilities at the temperature that suits the training clips under each condition.

    Poor input never makes surer: a condition's temperature is at least that of the clean one, as the voice
    model's confidence is lowered in serving.

    Args:
        scores: logits, shape `(conditions, n, k)`, the clean condition first.
        labels: shape `(n,)`.
        train: rows to fit on; their scores must be held out.
    """
    base = fit_temperature(scores[0, train], labels[train])
    each = [max(base, fit_temperature(one[train], labels[train])) for one in scores]
    found: Floats = log_softmax(scores / np.array(each)[:, None, None], axis=2)
    return found


def _scores(model: Any, views: Floats) -> Floats:
    """Return logits of every condition, shape `(conditions, n, k)`."""
    return np.stack([np.asarray(model.decision_function(view), np.float64) for view in views])


def _recall(scores: Floats, labels: Ints) -> float:
    return uar_of(confusion_of(labels, scores.argmax(axis=1), scores.shape[1]))
