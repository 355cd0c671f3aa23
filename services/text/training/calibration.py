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


NEWTON_STEPS = 25


@dataclass(frozen=True)
class Calibration:
    """`sigmoid(reliability · (scale · logit + drift) + offset)`, with `features.reliability`.

    Attributes:
        scale: per trait, shape `(5,)`, ≥ 0.
        drift: likewise; takes back what the length of a text alone adds to its logit.
        offset: likewise, the base rate.
        half_words: of the reliability.
    """

    scale: Array
    drift: Array
    offset: Array
    half_words: float

    def logits(self, outputs: Array, words: Array) -> Array:
        """Return calibrated logits of a fit's outputs, shape `(n, 5)`, of texts with so many words, shape
        `(n,)`.
        """
        strength = (words / (words + self.half_words))[:, None]
        found: Array = strength * (self.scale * outputs + self.drift) + self.offset
        return found


def platt(logits: Array, traits: Array) -> tuple[Array, Array]:
    """Scale and offset of each trait, shape `(5,)`, from held-out logits of shape `(n, 5)`."""
    pairs = np.array([fit_platt(z, y) for z, y in zip(logits.T, traits.T, strict=True)])
    return pairs[:, 0], pairs[:, 1]


def fit_logistic(inputs: Array, truth: Array) -> Array:
    """Fit the weights of a logistic regression by Newton's method (Hastie et al. 2009, equation 4.26).

    Args:
        inputs: shape `(n, m)`, few columns and no collinear ones.
        truth: 0 or 1, shape `(n,)`.
    """
    weights = np.zeros(inputs.shape[1])
    for _ in range(NEWTON_STEPS):
        found = expit(inputs @ weights)
        slope = inputs.T @ (truth - found)
        curvature = (inputs * (found * (1.0 - found))[:, None]).T @ inputs
        step = np.linalg.solve(curvature + 1e-6 * len(truth) * np.eye(len(weights)), slope)
        weights = weights + np.clip(step, -5.0, 5.0)
        if np.abs(step).max() < 1e-8:
            break
    return weights


def log_loss(probabilities: Array, traits: Array) -> float:
    """Return the mean negative log-likelihood of binary traits, in nats."""
    p = np.clip(np.where(traits > 0.5, probabilities, 1.0 - probabilities), PROB_FLOOR, 1.0)
    return float(-np.log(p).mean())


def calibrate(outputs: Sequence[Array], words: Sequence[Array], traits: Array) -> Calibration:
    """Fit Platt scaling (Platt 1999) of outputs that shrink with the length of the text.

    Args:
        outputs: held-out outputs at each length, shape `(n, 5)` each.
        words: words of each text at each length, shape `(n,)` each.
        traits: 0 or 1, shape `(n, 5)`.

    Returns:
        That of the `half_words` of `HALF_WORDS` with the lowest log-loss over all lengths, each length
        weighing the same.
    """
    truth = np.tile(traits, (len(outputs), 1))
    raw, length = np.concatenate(list(outputs)), np.concatenate(list(words))
    found: list[tuple[float, Calibration]] = []
    for half_words in HALF_WORDS:
        strength = length / (length + half_words)
        fits = np.array([_one_trait(raw[:, k], strength, truth[:, k]) for k in range(truth.shape[1])])
        calibration = Calibration(fits[:, 0], fits[:, 1], fits[:, 2], half_words)
        found.append((log_loss(expit(calibration.logits(raw, length)), truth), calibration))
    return min(found, key=lambda pair: pair[0])[1]


def _one_trait(outputs: Array, strength: Array, truth: Array) -> Array:
    """Scale, drift and offset; outputs that point the wrong way get the scale 0."""
    ones = np.ones_like(strength)
    varies = strength.std() > 1e-3
    columns = [strength * outputs, *([strength] if varies else []), ones]
    weights = fit_logistic(np.column_stack(columns), truth)
    if weights[0] < 0.0:
        weights = np.array([0.0, *fit_logistic(np.column_stack(columns[1:]), truth)])
    return weights if varies else np.array([weights[0], 0.0, weights[1]])
