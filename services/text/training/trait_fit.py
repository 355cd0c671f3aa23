"""Fitting `text_traits`: choose and calibrate on inner folds, fit, and lay the fit out as it is served."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.text.features import Floats
from services.text.text_model import Widths
from services.text.training.calibration import Calibration, calibrate
from services.text.training.corpus_inputs import WHOLE, Inputs
from services.text.training.counts import VocabularyRule
from services.text.training.design import (
    Design,
    Linear,
    as_linear,
    fit_dual,
    grams,
    held_out,
    make_design,
    mixed,
)
from services.text.training.selection import CANDIDATES, Candidate, Folds, Selection, select, trait_loss
from services.text.training.served_weights import lay_out
from services.text.training.word_vectors import WordVectors
from services.text.trait_model import TraitModel
from services.training.splits import Groups, Indices, group_folds

Array = NDArray[np.float64]
COVERAGE = 0.965
"""Of the widths on inner folds, whose fits have fewer people to differ by: outer folds then cover 95 %."""


@dataclass(frozen=True)
class Fitted:
    """A fit on some rows, and how its features, penalty and calibration were chosen.

    Attributes:
        design: inputs of all rows.
        linear: of the whole fit, before calibration.
        selection, calibration, widths: from inner folds.
        resampled: the same fit on as many rows drawn with replacement.
    """

    design: Design
    linear: Linear
    selection: Selection
    calibration: Calibration
    widths: Widths
    resampled: Linear

    def logits(self, inputs: Inputs, rows: Indices, *, linear: Linear | None = None) -> Array:
        """Return calibrated logits of some rows at the length of `inputs`, shape `(len(rows), 5)`."""
        blocks = self.design.blocks_of(inputs.counts, inputs.dense)
        said = (linear or self.linear).said({name: block[rows] for name, block in blocks.items()})
        return self.calibration.logits(said, inputs.words[rows])


def fit(
    lengths: Mapping[int, Inputs],
    traits: Array,
    groups: Groups,
    rows: Indices,
    *,
    rule: VocabularyRule,
    seed: int,
    folds: int,
    candidates: tuple[Candidate, ...] = CANDIDATES,
) -> Fitted:
    """Choose and calibrate on inner folds, then fit on all rows given.

    The vocabulary is chosen once, from the rows given and without their labels; inner folds share it.

    Args:
        lengths: inputs of all rows, whole and cut to some lengths.
        traits: 0 or 1, shape `(n, 5)`.
        groups: author of each row.
        rows: to fit on.
        rule: for the vocabulary.
        seed: of folds and resampling.
        folds: inner folds.
        candidates: what to choose from.
    """
    whole = lengths[WHOLE]
    design = make_design(whole.counts, whole.dense, rows, rule)
    parts = grams(design, rows)
    targets = 2.0 * traits[rows] - 1.0
    inner = group_folds(np.asarray(groups)[rows], folds, seed)
    selection = select(parts, targets, inner, loss=trait_loss, candidates=candidates)
    candidate = selection.candidate
    gram = mixed(parts, candidate.mix)
    outputs, again = _held_out(lengths, design, gram, targets, rows, inner, candidate, seed)
    words = {length: inputs.words[rows] for length, inputs in lengths.items()}
    calibration = calibrate(list(outputs.values()), [words[n] for n in outputs], traits[rows])
    linear = as_linear(design, rows, fit_dual(gram, targets, candidate.penalty), candidate.mix)
    drawn = np.random.default_rng(seed).integers(len(rows), size=len(rows))
    other = fit_dual(gram[np.ix_(drawn, drawn)], targets[drawn], candidate.penalty)
    return Fitted(
        design=design,
        linear=linear,
        selection=selection,
        calibration=calibration,
        widths=_widths(outputs, again, words, calibration),
        resampled=as_linear(design, rows[drawn], other, candidate.mix),
    )


def _held_out(
    lengths: Mapping[int, Inputs],
    design: Design,
    gram: Floats,
    targets: Array,
    rows: Indices,
    inner: Folds,
    candidate: Candidate,
    seed: int,
) -> tuple[dict[int, Array], Array]:
    """Return held-out outputs of `rows` at each length, and of the whole texts by fits on resampled rows."""
    blocks = {n: design.blocks_of(inputs.counts, inputs.dense) for n, inputs in lengths.items()}
    outputs = {length: np.zeros(targets.shape) for length in lengths}
    again = np.zeros(targets.shape)
    generator = np.random.default_rng(seed)
    for train, test in inner:
        linear = as_linear(
            design,
            rows[train],
            fit_dual(gram[np.ix_(train, train)], targets[train], candidate.penalty),
            candidate.mix,
        )
        for length, table in outputs.items():
            table[test] = linear.said({name: block[rows[test]] for name, block in blocks[length].items()})
        drawn = generator.choice(train, size=len(train))
        other = fit_dual(gram[np.ix_(drawn, drawn)], targets[drawn], candidate.penalty)
        again[test] = held_out(gram, drawn, test, other)
    return outputs, again


def _widths(
    outputs: Mapping[int, Array], again: Array, words: Mapping[int, Array], calibration: Calibration
) -> Widths:
    """Return how far a whole text lies, to a fit on other people, from its beginning: 95 % of cases."""
    target = calibration.logits(again, words[WHOLE])
    order = sorted(outputs, key=lambda length: length or np.inf)
    apart = [np.abs(calibration.logits(outputs[n], words[n]) - target) for n in order]
    half = [np.quantile(one, COVERAGE, axis=0) for one in apart]
    typical = [float(np.median(words[length])) for length in order]
    return Widths(np.array(typical, np.float32), np.array(half, np.float32))


def as_model(fitted: Fitted, vectors: WordVectors | None) -> TraitModel:
    """Return the fit as it is served, calibration included."""
    scale = fitted.calibration.scale
    drift = fitted.calibration.drift
    parts = lay_out(fitted.linear, fitted.design, scale=scale, shift=drift, vectors=vectors)
    return TraitModel(
        vocabulary=parts.vocabulary,
        weights=parts.weights,
        offset=fitted.calibration.offset.astype(np.float32),
        half_words=fitted.calibration.half_words,
        meanings=parts.meanings,
        context=parts.context,
        widths=fitted.widths,
    )
