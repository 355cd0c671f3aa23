"""What is measured, how surely, and how well probabilities are calibrated."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, TypedDict

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar
from scipy.special import expit, log_softmax, logit
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support

ECE_BINS = 15
NEWTON_STEPS = 50
PROB_FLOOR = 1e-7
"""Probabilities are clipped here before a logarithm."""

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]


class ClassScores(TypedDict):
    """Scores of one class. `n` counts its rows in the truth."""

    recall: float
    precision: float
    n: int


class Interval(NamedTuple):
    """A two-sided interval; both ends included."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Scores:
    """Classification scores, all 0..1 except `nll` (nats) and the counts.

    Attributes:
        n: rows.
        accuracy: share of rows whose most probable class is the true one.
        uar: unweighted average recall, over the classes that occur in the truth.
        macro_f1: unweighted mean F1, over the classes that occur in the truth.
        ece: expected calibration error, 15 bins.
        nll: mean negative log-likelihood of the true class.
        majority: accuracy of always naming the most frequent class of this truth.
        per_class: recall, precision and n by label, for every label.
        confusion: counts, row = truth, column = prediction, in the order of the labels.
    """

    n: int
    accuracy: float
    uar: float
    macro_f1: float
    ece: float
    nll: float
    majority: float
    per_class: dict[str, ClassScores]
    confusion: list[list[int]]

    def as_dict(self) -> dict[str, Any]:
        """Return the same as plain values, for JSON."""
        return asdict(self)


def classification_metrics(y_true: ArrayLike, prob: ArrayLike, labels: Sequence[str]) -> Scores:
    """Score probabilities against the truth.

    Args:
        y_true: index of the true label per row, shape `(n,)`, n ≥ 1.
        prob: probabilities, shape `(n, len(labels))`, rows sum to 1.
        labels: names of the columns of `prob`.

    Raises:
        ValueError: there are no rows, or the shapes do not agree.
    """
    truth = np.asarray(y_true, dtype=np.int64)
    p = np.asarray(prob, dtype=np.float64)
    if truth.size == 0 or p.shape != (truth.size, len(labels)):
        raise ValueError(f"need at least one row and prob of shape (n, {len(labels)}), got {p.shape}")
    columns = np.arange(len(labels))
    named = p.argmax(axis=1)
    precision, recall, f1, support = precision_recall_fscore_support(
        truth, named, labels=columns, zero_division=0.0
    )
    occurs = support > 0
    return Scores(
        n=int(truth.size),
        accuracy=float(accuracy_score(truth, named)),
        uar=float(recall[occurs].mean()),
        macro_f1=float(f1[occurs].mean()),
        ece=expected_calibration_error(truth, p),
        nll=float(-np.log(np.clip(p[np.arange(truth.size), truth], PROB_FLOOR, 1.0)).mean()),
        majority=float(support.max() / truth.size),
        per_class={
            str(label): ClassScores(recall=float(recall[i]), precision=float(precision[i]), n=int(support[i]))
            for i, label in enumerate(labels)
        },
        confusion=confusion_matrix(truth, named, labels=columns).tolist(),
    )


def recall_shares(y_true: ArrayLike, named: ArrayLike, *, classes: int) -> Floats:
    """Return what every row adds to the unweighted average recall, shape `(n,)`; they sum to it.

    Args:
        y_true: index of the true label per row, shape `(n,)`.
        named: index of the label that was named, likewise.
        classes: number of labels; those that do not occur in the truth do not count.
    """
    truth = np.asarray(y_true, dtype=np.int64)
    support = np.bincount(truth, minlength=classes)
    shares: Floats = np.where(np.asarray(named) == truth, 1.0 / support[truth], 0.0)
    return shares / np.count_nonzero(support)


def expected_calibration_error(y_true: ArrayLike, prob: ArrayLike, *, bins: int = ECE_BINS) -> float:
    """Return the gap between confidence and accuracy, weighted by bin size (Guo et al. 2017, equation 3).

    Args:
        y_true: index of the true column, shape `(n,)`.
        prob: shape `(n, k)`; the confidence of a row is its largest probability.
        bins: number of equally wide bins of confidence, closed on the right.
    """
    truth, p = np.asarray(y_true, dtype=np.int64), np.asarray(prob, dtype=np.float64)
    confidence = p.max(axis=1)
    hit = (p.argmax(axis=1) == truth).astype(np.float64)
    place = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    gaps = np.bincount(place, weights=hit - confidence, minlength=bins)
    return float(np.abs(gaps).sum() / truth.size)


def fit_temperature(logits: ArrayLike, y_true: ArrayLike) -> float:
    """Return the temperature that minimises the NLL of held-out logits (Guo et al. 2017, section 4.2).

    Args:
        logits: shape `(n, k)`, from rows the weights were *not* fitted on.
        y_true: index of the true class, shape `(n,)`.

    Returns:
        T in 0.05..20; calibrated probabilities are `softmax(logits / T)`.
    """
    z, truth = np.asarray(logits, dtype=np.float64), np.asarray(y_true, dtype=np.int64)
    rows = np.arange(truth.size)

    def nll(log_temperature: float) -> float:
        return float(-log_softmax(z / np.exp(log_temperature), axis=1)[rows, truth].mean())

    return float(np.exp(minimize_scalar(nll, bounds=(np.log(0.05), np.log(20.0)), method="bounded").x))


def fit_platt(logits: ArrayLike, y_true: ArrayLike) -> tuple[float, float]:
    """Scale and offset for held-out logits of a binary label, by maximum likelihood (Platt 1999).

    Args:
        logits: shape `(n,)`, from rows the weights were *not* fitted on.
        y_true: 0 or 1, shape `(n,)`.

    Returns:
        `(scale, offset)`: the calibrated probability is `sigmoid(scale · logit + offset)`. The scale
        is never negative: logits that point the wrong way shrink to the base rate.
    """
    z, truth = np.asarray(logits, dtype=np.float64), np.asarray(y_true, dtype=np.float64)
    inputs = np.stack([z, np.ones_like(z)])
    signed = inputs * (1.0 - 2.0 * truth)
    theta = np.array([1.0, 0.0])
    loss = _logistic_loss(theta, signed)
    for _ in range(NEWTON_STEPS):
        prob = expit(theta @ inputs)
        slope = inputs @ (prob - truth) / z.size
        curvature = (inputs * (prob * (1.0 - prob))) @ inputs.T / z.size + 1e-9 * np.eye(2)
        step = np.clip(np.linalg.solve(curvature, slope), -10.0, 10.0)
        while _logistic_loss(theta - step, signed) > loss and np.abs(step).max() > 1e-10:
            step /= 2.0  # backtrack (Lin, Lin & Weng 2007)
        theta = np.clip(theta - step, [-100.0, -20.0], [100.0, 20.0])
        loss = _logistic_loss(theta, signed)
        if np.abs(step).max() < 1e-8:
            break
    if theta[0] < 0.0:
        return 0.0, float(np.clip(logit(truth.mean()), -20.0, 20.0))
    return float(theta[0]), float(theta[1])


def _logistic_loss(theta: Floats, signed: Floats) -> float:
    """Return the mean log-loss in nats; `signed` holds the inputs times -1 where the label is 1."""
    return float(np.logaddexp(0.0, theta @ signed).mean())


def bootstrap_interval(
    values: ArrayLike | Callable[[NDArray[np.intp]], float],
    groups: ArrayLike,
    *,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Compute a percentile bootstrap that draws whole groups (Davison & Hinkley 1997, section 3.8).

    Args:
        values: one number per row, of which the mean is taken; or a function from row indices
            (with repeats) to the statistic. A resample in which it gives NaN is left out.
        groups: person or essay of each row, shape `(n,)`.
        resamples: number of draws.
        level: coverage, 0..1.
        seed: of the draws.
    """
    statistic = values if callable(values) else _mean_of(np.asarray(values, dtype=np.float64))
    _, member = np.unique(np.asarray(groups), return_inverse=True)
    rows_of = _rows_of_groups(member)
    generator = np.random.default_rng(seed)
    n_groups = int(member.max()) + 1
    draws = np.array(
        [statistic(rows_of(generator.integers(n_groups, size=n_groups))) for _ in range(resamples)]
    )
    tail = (1.0 - level) / 2.0
    low, high = np.nanquantile(draws, [tail, 1.0 - tail])
    return Interval(float(low), float(high))


def _mean_of(values: Floats) -> Callable[[NDArray[np.intp]], float]:
    return lambda rows: float(values[rows].mean())


def _rows_of_groups(member: NDArray[np.intp]) -> Callable[[NDArray[np.intp]], NDArray[np.intp]]:
    """Return the map from numbers of groups to all their rows; quick where every group has as many."""
    order = np.argsort(member, kind="stable")
    sizes = np.bincount(member)
    if (sizes == sizes[0]).all():
        table = order.reshape(len(sizes), -1)
        return lambda groups: table[groups].ravel()
    parts = np.split(order, np.cumsum(sizes)[:-1])
    return lambda groups: np.concatenate([parts[group] for group in groups])
