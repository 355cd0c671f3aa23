"""From held-out logits to probabilities that stay honest when a text is short."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from services.text.features import Floats, is_word
from services.text.training.models import fit_dual
from services.training.metrics import PROB_FLOOR, fit_platt
from services.training.splits import Indices

Array = NDArray[np.float64]

LENGTHS = (30, 60, 120, 240)
"""Words to which held-out texts are cut, next to the whole texts, when the calibration is fitted."""
HALF_WORDS = (1.0, 25.0, 50.0, 75.0, 100.0, 150.0, 200.0, 300.0, 400.0)


@dataclass(frozen=True)
class Calibration:
    """`sigmoid(scale · reliability · logit + offset)`, with `features.reliability`.

    Attributes:
        scale, offset: per trait, shape `(5,)`.
        half_words: of the reliability.
    """

    scale: Array
    offset: Array
    half_words: float


def first_words(tokens: Sequence[str], words: int) -> list[str]:
    """The beginning of a text, up to and with its `words`-th word."""
    seen = 0
    for place, token in enumerate(tokens):
        seen += is_word(token)
        if seen == words:
            return list(tokens[: place + 1])
    return list(tokens)


def platt(logits: Array, traits: Array) -> tuple[Array, Array]:
    """Scale and offset of each trait, shape `(5,)`, from held-out logits of shape `(n, 5)`."""
    pairs = np.array([fit_platt(z, y) for z, y in zip(logits.T, traits.T, strict=True)])
    return pairs[:, 0], pairs[:, 1]


def log_loss(probabilities: Array, traits: Array) -> float:
    """Mean negative log-likelihood of binary traits, in nats."""
    p = np.clip(np.where(traits > 0.5, probabilities, 1.0 - probabilities), PROB_FLOOR, 1.0)
    return float(-np.log(p).mean())


def held_out_logits(
    gram: Floats,
    rows_by_length: Sequence[Floats],
    traits: Array,
    folds: Sequence[tuple[Indices, Indices]],
    penalty: float,
) -> list[Array]:
    """Logits of every text at every length, from weights fitted on the other folds' whole texts.

    Args:
        gram: inner products of the whole texts, shape `(n, n)`.
        rows_by_length: inputs of shape `(n, terms)`, the whole texts last.
        traits: 0 or 1, shape `(n, 5)`.
        folds: `(train, held out)`.
        penalty: of the fit.
    """
    logits = [np.zeros(traits.shape) for _ in rows_by_length]
    for train, held_out in folds:
        dual = fit_dual(gram[np.ix_(train, train)], traits[train], penalty)
        weights = rows_by_length[-1][train].T @ dual
        for rows, table in zip(rows_by_length, logits, strict=True):
            table[held_out] = rows[held_out] @ weights + dual.sum(axis=0)
    return logits


def calibrate(logits: Sequence[Array], words: Sequence[Array], traits: Array) -> Calibration:
    """Platt scaling (Platt 1999) of logits that shrink with the length of the text.

    Args:
        logits: held-out logits at each length, shape `(n, 5)` each.
        words: words of each text at each length, shape `(n,)` each.
        traits: 0 or 1, shape `(n, 5)`.

    Returns:
        The `half_words` of `HALF_WORDS` and the scales and offsets with the lowest log-loss over all
        lengths, each length weighing the same.
    """
    truth = np.tile(traits, (len(logits), 1))
    raw, length = np.concatenate(list(logits)), np.concatenate(list(words))[:, None]
    found: list[tuple[float, Calibration]] = []
    for half_words in HALF_WORDS:
        shrunk = raw * length / (length + half_words)
        scale, offset = platt(shrunk, truth)
        loss = log_loss(expit(shrunk * scale + offset), truth)
        found.append((loss, Calibration(scale=scale, offset=offset, half_words=half_words)))
    return min(found, key=lambda pair: pair[0])[1]
