"""The pool that serving uses (`fusion.combine`), over many clips at once, and how its numbers are learned.

    p(k) ∝ Π_c p_c(k) ^ (a(w) · w_c),   w_c ∝ λ_c · exp(γ_c (q_c - 1) + δ_c s_c),   Σ_c w_c = 1
    a(w) = 1 + (a - 1) (1 / Σ_c w_c² - 1)

λ are the learned weights, q_c is the quality of the channel (0..1), s_c its confidence. The exponent
reaches `a` where both channels weigh the same and falls to 1 where one of them carries all the weight, so
that a pool with a channel that counts for nothing is the other channel as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, log_softmax

from fusion.training.pairs import Floats, Ints

LARGEST_EXPONENT = 2.0
"""Two channels that err independently of each other are multiplied: `a = 2` at equal weights."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Clips seen by both channels; n clips, k classes.

    Attributes:
        voice: logarithms of calibrated probabilities, shape `(n, k)`.
        units: likewise.
        quality: of voice and units, 0..1, shape `(n, 2)`.
        truth: shape `(n,)`.
        people: shape `(n,)`.
    """

    voice: Floats
    units: Floats
    quality: Floats
    truth: Ints
    people: NDArray[np.str_]

    def of(self, rows: NDArray[np.intp]) -> "Sample":
        return Sample(
            self.voice[rows], self.units[rows], self.quality[rows], self.truth[rows], self.people[rows]
        )


def joined(samples: Sequence[Sample]) -> Sample:
    """Return several samples, one after the other."""
    return Sample(
        *(
            np.concatenate([getattr(one, name) for one in samples])
            for name in ("voice", "units", "quality", "truth", "people")
        )
    )


@dataclass(frozen=True, slots=True)
class PoolRule:
    """Numbers of the module's formula; pairs are voice first, then face.

    Attributes:
        weights: λ, sum to 1.
        exponent: a.
        quality: γ.
        confidence: δ.
    """

    weights: tuple[float, float] = (0.5, 0.5)
    exponent: float = 1.0
    quality: tuple[float, float] = (0.0, 0.0)
    confidence: tuple[float, float] = (0.0, 0.0)


def pool(rule: PoolRule, sample: Sample) -> Floats:
    """Return logarithms of the pooled probabilities, shape `(n, k)`."""
    lean = np.log(np.maximum(rule.weights, 1e-12)) + np.array(rule.quality) * (sample.quality - 1.0)
    if any(rule.confidence):
        sure = np.exp(np.stack([sample.voice.max(axis=1), sample.units.max(axis=1)], axis=1))
        lean = lean + np.array(rule.confidence) * sure
    weights = np.exp(log_softmax(lean, axis=1))
    channels = 1.0 / (weights**2).sum(axis=1)
    exponent = 1.0 + (rule.exponent - 1.0) * (channels - 1.0)
    mixed = weights[:, :1] * sample.voice + weights[:, 1:] * sample.units
    pooled: Floats = log_softmax(exponent[:, None] * mixed, axis=1)
    return pooled


def fit_pool(sample: Sample, *, quality: bool = False, confidence: bool = False) -> PoolRule:
    """Return the rule with the least negative log-likelihood.

    Args:
        sample: held-out channel scores.
        quality: also learn γ, not negative: worse input never weighs more.
        confidence: also learn δ.
    """
    bounds = [(-4.0, 4.0), (1.0, LARGEST_EXPONENT)]
    bounds += [(0.0, 8.0)] * 2 * quality + [(-4.0, 4.0)] * 2 * confidence
    start = [0.0, 1.5] + [0.1] * (len(bounds) - 2)

    def rule(theta: Sequence[float]) -> PoolRule:
        face = float(expit(theta[0]))
        rest = [float(value) for value in theta[2:]]
        slopes = (rest.pop(0), rest.pop(0)) if quality else (0.0, 0.0)
        sure = (rest.pop(0), rest.pop(0)) if confidence else (0.0, 0.0)
        return PoolRule((1.0 - face, face), float(theta[1]), slopes, sure)

    found = minimize(
        lambda theta: nll(pool(rule(theta), sample), sample.truth), start, bounds=bounds, tol=1e-6
    )
    return rule(found.x)


def nll(log_prob: Floats, truth: Ints) -> float:
    """Return the mean negative log-likelihood of the true class, nats."""
    return float(-log_prob[np.arange(len(truth)), truth].mean())
