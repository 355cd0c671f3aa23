"""The inputs of a linear model as blocks, their inner products, and the fit in closed form.

A block is a kind of input: tokens, character n-grams, phrases, meanings, context, pace. Blocks are mixed by
weights of their kernels (Lanckriet et al. 2004, equation 1 of a fixed combination), each kernel scaled to one
on average after centring; so a mix is one linear model, and its weights come apart by block again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg import cho_factor, cho_solve

from services.text.features import Floats
from services.text.training.counts import Chosen, Counts, VocabularyRule, choose_terms, tfidf_blocks
from services.training.splits import Indices

Array = NDArray[np.float64]
Blocks = Mapping[str, Any]
Mix = Mapping[str, float]

TOKENS, CHARACTERS, PHRASES = "tokens", "characters", "phrases"
MEANINGS, CONTEXT, PACE = "meanings", "context", "pace"
TERM_BLOCKS = (TOKENS, CHARACTERS, PHRASES)


@dataclass(frozen=True)
class Standard:
    """Mean and deviation of columns on the rows that choose.

    Attributes:
        centre, deviation: shape `(columns,)`.
    """

    centre: Floats
    deviation: Floats

    @classmethod
    def of(cls, rows: Floats) -> "Standard":
        """Return mean and deviation of rows of shape `(n, columns)`."""
        return cls(rows.mean(axis=0), rows.std(axis=0) + np.float32(1e-6))

    def __call__(self, rows: Floats) -> Floats:
        found: Floats = (rows - self.centre) / self.deviation
        return found


@dataclass(frozen=True)
class Design:
    """The inputs of all rows, on the vocabulary of some of them.

    Attributes:
        chosen: the vocabulary.
        blocks: by name, shape `(n, columns)`, sparse or dense.
        scales: mean squared distance of the chosen rows from their mean, by block.
        context: how the columns of the context are evened out; None where there is none.
    """

    chosen: Chosen
    blocks: Blocks
    scales: Mapping[str, float]
    context: Standard | None = None

    def blocks_of(self, counts: Counts, dense: Mapping[str, Floats]) -> Blocks:
        """Return other texts under the same vocabulary; their dense blocks are given."""
        return _term_blocks(counts, self.chosen) | _evened(dense, self.context)


def make_design(counts: Counts, dense: Mapping[str, Floats], train: Indices, rule: VocabularyRule) -> Design:
    """Choose the vocabulary on `train` and lay out the inputs of every row.

    Args:
        counts: of all rows.
        dense: further blocks of all rows, shape `(n, columns)`.
        train: rows that choose.
        rule: for the vocabulary.
    """
    chosen = choose_terms(counts, train, rule)
    context = Standard.of(dense[CONTEXT][train]) if CONTEXT in dense else None
    blocks = _term_blocks(counts, chosen) | _evened(dense, context)
    return Design(chosen, blocks, {name: _spread(rows[train]) for name, rows in blocks.items()}, context)


def _evened(dense: Mapping[str, Floats], context: Standard | None) -> dict[str, Floats]:
    return dict(dense) if context is None else {**dense, CONTEXT: context(dense[CONTEXT])}


def _term_blocks(counts: Counts, chosen: Chosen) -> dict[str, Any]:
    vocabulary = chosen.vocabulary
    sizes = (len(vocabulary.tokens), len(vocabulary.characters), len(vocabulary.phrases))
    names = [name for name, size in zip(TERM_BLOCKS, sizes, strict=True) if size]
    return dict(zip(names, tfidf_blocks(counts, chosen), strict=True))


def _spread(rows: Any) -> float:
    """Return the mean squared distance from the mean row."""
    squares = rows.multiply(rows) if sparse.issparse(rows) else rows * rows
    centre = np.asarray(rows.mean(axis=0)).ravel()
    spread = float(squares.sum()) / float(rows.shape[0]) - float(centre @ centre)
    return max(spread, 1e-12)


def grams(design: Design, train: Indices) -> dict[str, Floats]:
    """Return the scaled inner products of the rows `train`, shape `(n, n)`, float32, by block."""
    found = {}
    for name, rows in design.blocks.items():
        dense = rows[train]
        dense = (dense.toarray() if sparse.issparse(dense) else dense).astype(np.float32)
        found[name] = dense @ dense.T / np.float32(design.scales[name])
    return found


def mixed(parts: Mapping[str, Floats], mix: Mix) -> Floats:
    """Return the kernel of a mix: the weighted mean of the blocks' kernels; the pace is added on top."""
    total = sum(weight for name, weight in mix.items() if name != PACE and name in parts)
    kernel = np.zeros_like(next(iter(parts.values())))
    for name, weight in mix.items():
        if name in parts and weight:
            kernel += np.float32(weight / (1.0 if name == PACE else total)) * parts[name]
    return kernel


@dataclass(frozen=True)
class Dual:
    """A fit: a row with inner products `g` to the training rows has the outputs `g · weights + constant`."""

    weights: Array
    constant: Array


def fit_dual(gram: Floats, targets: Array, penalty: float) -> Dual:
    """Fit ridge regression in the dual, with a constant that is not penalised (Saunders et al. 1998, section
    2).

    For classes, with targets of ±1, this is regularised least squares (Rifkin & Klautau 2004, equation 9).

    Args:
        gram: inner products of the training rows, shape `(n, n)`.
        targets: shape `(n, k)`.
        penalty: ridge penalty, > 0.
    """
    system = gram.astype(np.float64)
    means = system.mean(axis=0)
    system += means.mean() - means - means[:, None]
    system[np.diag_indices_from(system)] += penalty
    factor = cho_factor(system, lower=True, overwrite_a=True, check_finite=False)
    centre = targets.mean(axis=0)
    weights: Array = cho_solve(factor, targets - centre, check_finite=False)
    return Dual(weights, centre - means @ weights)


def held_out(gram: Floats, train: Indices, test: Indices, dual: Dual) -> Array:
    """Return outputs of rows that the fit has not seen, shape `(len(test), k)`."""
    outputs: Array = gram[np.ix_(test, train)] @ dual.weights + dual.constant
    return outputs


@dataclass(frozen=True)
class Linear:
    """A fit as weights of the inputs.

    Attributes:
        weights: by block, shape `(columns, k)`.
        constant: shape `(k,)`.
    """

    weights: Mapping[str, Array]
    constant: Array

    def said(self, blocks: Blocks) -> Array:
        """Return outputs without the pace, constant included, shape `(n, k)`."""
        parts = [blocks[name] @ weights for name, weights in self.weights.items() if name != PACE]
        return np.asarray(sum(parts) + self.constant, dtype=np.float64)

    def paced(self, blocks: Blocks) -> Array:
        """Return what the pace adds, shape `(n, k)`."""
        return np.asarray(blocks[PACE] @ self.weights[PACE], dtype=np.float64)


def as_linear(design: Design, train: Indices, dual: Dual, mix: Mix) -> Linear:
    """Return the weights of a mix's dual fit on the rows `train`."""
    used = {name: weight for name, weight in mix.items() if name in design.blocks and weight}
    total = sum(weight for name, weight in used.items() if name != PACE)
    weights = {
        name: np.asarray(design.blocks[name][train].T @ dual.weights)
        * (weight / (1.0 if name == PACE else total) / design.scales[name])
        for name, weight in used.items()
    }
    return Linear(weights, dual.constant)
