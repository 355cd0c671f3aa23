"""Fitting `text_impression`: apparent traits from what was said, and from how fast."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.text.text_model import TextModel, Widths
from services.text.training.calibration import HALF_WORDS
from services.text.training.corpus_inputs import WHOLE, Inputs
from services.text.training.counts import VocabularyRule
from services.text.training.design import PACE, Design, Linear, as_linear, fit_dual, grams, make_design, mixed
from services.text.training.selection import CANDIDATES, Candidate, Selection, select, squared_loss
from services.text.training.served_weights import lay_out
from services.text.training.word_vectors import WordVectors
from services.training.splits import Groups, Indices, group_folds

Array = NDArray[np.float64]
COVERAGE = 0.95


@dataclass(frozen=True)
class Recalibration:
    """`score = offset + reliability · (slope · said + drift) + pace_slope · pace`, each of shape `(6,)`.

    Attributes:
        offset: score of an empty text at the mean pace.
        slope: of what was said.
        drift: takes back what the length of a text alone adds.
        pace_slope: of the pace.
        half_words: of the reliability.
    """

    offset: Array
    slope: Array
    drift: Array
    pace_slope: Array
    half_words: float

    def scores(self, said: Array, pace: Array | float, words: Array) -> Array:
        """Return scores from the outputs of a fit, shape `(n, 6)`; a pace of 0 stands for one not known."""
        strength = (words / (words + self.half_words))[:, None]
        scores: Array = self.offset + strength * (self.slope * said + self.drift) + self.pace_slope * pace
        return scores


@dataclass(frozen=True)
class FittedImpression:
    """A fit on some rows, and how its features, penalty and calibration were chosen.

    Attributes:
        design: inputs of all rows.
        linear: of the whole fit; its outputs are differences from the mean score at the mean pace.
        pace_mean: of the rows, shape `(pace.COLUMNS,)`.
        selection, recalibration, widths: from inner folds.
    """

    design: Design
    linear: Linear
    pace_mean: Array
    selection: Selection
    recalibration: Recalibration
    widths: Widths

    def scores(self, inputs: Inputs, rows: Indices, *, with_pace: bool = True) -> Array:
        """Return scores of some rows at the length of `inputs`, shape `(len(rows), 6)`, not clipped."""
        said, pace = _outputs(self.linear, self.design, inputs, rows, self.pace_mean)
        return self.recalibration.scores(said, pace if with_pace else 0.0, inputs.words[rows])


def _outputs(
    linear: Linear, design: Design, inputs: Inputs, rows: Indices, pace_mean: Array
) -> tuple[Array, Array]:
    """Return what was said and how fast, as the fit weighs them, each shape `(len(rows), 6)`."""
    blocks = design.blocks_of(inputs.counts, inputs.dense)
    here = {name: block[rows] for name, block in blocks.items()}
    here[PACE] = here[PACE] - pace_mean
    return linear.said(here), linear.paced(here)


def _differences(linear: Linear, pace_mean: Array, mean_score: Array) -> Linear:
    """Return the same fit with its outputs taken from the mean score, and its pace from the mean pace."""
    constant = linear.constant + pace_mean @ linear.weights[PACE] - mean_score
    return Linear(linear.weights, constant)


def fit_impression(
    lengths: Mapping[int, Inputs],
    scores: Array,
    groups: Groups,
    rows: Indices,
    *,
    rule: VocabularyRule,
    seed: int,
    folds: int,
    candidates: tuple[Candidate, ...] = CANDIDATES,
) -> FittedImpression:
    """Choose and calibrate on inner folds by speaker's video, then fit on all rows given.

    What is said and the pace are fitted together, so that words get no credit for there being many of them:
    a unit vector of few terms has longer entries, and tells the length of a clip to a fit that lacks it.

    Args:
        lengths: inputs of all rows, whole and cut to some lengths.
        scores: 0..1, shape `(n, 6)`.
        groups: speaker's video of each row.
        rows: to fit on.
        rule: for the vocabulary.
        seed: of the folds.
        folds: inner folds.
        candidates: what to choose from.
    """
    whole = lengths[WHOLE]
    design = make_design(whole.counts, whole.dense, rows, rule)
    parts = grams(design, rows)
    targets = scores[rows]
    inner = group_folds(np.asarray(groups)[rows], folds, seed)
    selection = select(parts, targets, inner, loss=squared_loss, candidates=candidates)
    candidate = selection.candidate
    gram = mixed(parts, candidate.mix)
    pace_mean = np.asarray(whole.dense[PACE][rows].mean(axis=0), dtype=np.float64)

    def fitted_on(members: Indices) -> Linear:
        dual = fit_dual(gram[np.ix_(members, members)], targets[members], candidate.penalty)
        linear = as_linear(design, rows[members], dual, candidate.mix)
        return _differences(linear, pace_mean, targets[members].mean(axis=0))

    said = {length: np.zeros(targets.shape) for length in lengths}
    pace = np.zeros(targets.shape)
    for train, test in inner:
        linear = fitted_on(train)
        for length, table in said.items():
            table[test], pace[test] = _outputs(linear, design, lengths[length], rows[test], pace_mean)
    words = {length: inputs.words[rows] for length, inputs in lengths.items()}
    recalibration = recalibrate(said, pace, words, targets)
    return FittedImpression(
        design=design,
        linear=fitted_on(np.arange(len(rows))),
        pace_mean=pace_mean,
        selection=selection,
        recalibration=recalibration,
        widths=_widths(said, words, targets, recalibration),
    )


def recalibrate(
    said: Mapping[int, Array], pace: Array, words: Mapping[int, Array], scores: Array
) -> Recalibration:
    """Fit slopes by least squares on held-out outputs at all lengths, each length weighing the same.

    Args:
        said: held-out outputs by length, shape `(n, 6)`.
        pace: what the pace adds, shape `(n, 6)`.
        words: of each text by length, shape `(n,)`.
        scores: true ones, shape `(n, 6)`.

    Returns:
        That of the `half_words` of `HALF_WORDS` with the smallest squared error.
    """
    truth = np.tile(scores, (len(said), 1))
    paced = np.tile(pace, (len(said), 1))
    found: list[tuple[float, Recalibration]] = []
    for half_words in HALF_WORDS:
        strength = np.concatenate([words[n] / (words[n] + half_words) for n in said])
        raw = np.concatenate(list(said.values()))
        columns = range(scores.shape[1])
        solved = [_weights(strength * raw[:, k], strength, paced[:, k], truth[:, k]) for k in columns]
        offset, slope, drift, pace_slope = np.array([weights for weights, _ in solved]).T
        error = sum(error for _, error in solved)
        found.append((error, Recalibration(offset, slope, drift, pace_slope, half_words)))
    return min(found, key=lambda pair: pair[0])[1]


def _weights(said: Array, strength: Array, pace: Array, truth: Array) -> tuple[Array, float]:
    """Return offset, slope ≥ 0, drift and slope ≥ 0, and their squared error in units of the variance."""
    table = np.column_stack([np.ones_like(said), said, strength, pace])
    weights: Array = np.linalg.lstsq(table, truth, rcond=None)[0].astype(np.float64)
    weights[[1, 3]] = np.maximum(weights[[1, 3]], 0.0)
    weights[0] = (truth - table[:, 1:] @ weights[1:]).mean()
    return weights, float(((truth - table @ weights) ** 2).mean() / truth.var())


def _widths(
    said: Mapping[int, Array], words: Mapping[int, Array], scores: Array, recalibration: Recalibration
) -> Widths:
    """Return split-conformal half widths by length (Lei et al. 2018, section 2.2), for a pace that is not
    known.

    With the pace known errors are a little smaller, and the intervals as much too wide.
    """
    order = sorted(said, key=lambda length: length or np.inf)
    n = len(scores)
    level = min(1.0, COVERAGE * (n + 1) / n)
    half = []
    for length in order:
        found = recalibration.scores(said[length], 0.0, words[length])
        half.append(np.quantile(np.abs(scores - found), level, axis=0))
    typical = [float(np.median(words[length])) for length in order]
    return Widths(np.array(typical, np.float32), np.array(half, np.float32))


def as_impression_model(fitted: FittedImpression, vectors: WordVectors | None) -> TextModel:
    """Return the fit as it is served, recalibration included."""
    recalibration = fitted.recalibration
    weights = dict(fitted.linear.weights)
    weights[PACE] = weights[PACE] * recalibration.pace_slope
    parts = lay_out(
        Linear(weights, fitted.linear.constant),
        fitted.design,
        scale=recalibration.slope,
        shift=recalibration.drift,
        vectors=vectors,
    )
    return TextModel(
        vocabulary=parts.vocabulary,
        weights=parts.weights,
        offset=recalibration.offset.astype(np.float32),
        half_words=recalibration.half_words,
        meanings=parts.meanings,
        context=parts.context,
        pace_mean=fitted.pace_mean.astype(np.float32),
        widths=fitted.widths,
    )
