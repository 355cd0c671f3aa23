"""From held-out logits to probabilities that stay honest when a text is short."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from services.training.metrics import PROB_FLOOR, fit_platt

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


def platt(logits: Array, traits: Array) -> tuple[Array, Array]:
    """Scale and offset of each trait, shape `(5,)`, from held-out logits of shape `(n, 5)`."""
    pairs = np.array([fit_platt(z, y) for z, y in zip(logits.T, traits.T, strict=True)])
    return pairs[:, 0], pairs[:, 1]


def log_loss(probabilities: Array, traits: Array) -> float:
    """Mean negative log-likelihood of binary traits, in nats."""
    p = np.clip(np.where(traits > 0.5, probabilities, 1.0 - probabilities), PROB_FLOOR, 1.0)
    return float(-np.log(p).mean())


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
