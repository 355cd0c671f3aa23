"""Ways to combine two channels: each learns from held-out scores, then says what it makes of others."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import log_softmax

from fusion.combine import reliability_from_uar
from fusion.training.pairs import Floats
from fusion.training.pooling import PoolRule, Sample, fit_pool, joined, pool
from services.training.results import confusion_of, uar_of

VOICE = "voice alone"
UNITS = "action units alone"
MEAN = "mean"
PRODUCT = "product, weights by reliability"
WEIGHTS = "learned weights and exponent"
QUALITY = "learned weights by quality"
CONFIDENCE = "learned weights by quality and confidence"
STACKING = "stacking"
SINGLE = (VOICE, UNITS)
STACKING_C = 0.1

Predict = Callable[[Sample], Floats]
"""From scores to logarithms of probabilities, shape `(n, k)`."""


@dataclass(frozen=True, slots=True)
class Material:
    """What a method may learn from: scores of training actors by models that never heard or saw them.

    Attributes:
        clean: both channels at their best.
        every: the same clips under all conditions, the clean one included.
    """

    clean: Sample
    every: Sample


Fit = Callable[[Material], Predict]


def methods() -> Mapping[str, Fit]:
    """Return all methods by name, simplest first."""
    return {
        VOICE: lambda _: lambda sample: sample.voice,
        UNITS: lambda _: lambda sample: sample.units,
        MEAN: lambda _: linear,
        PRODUCT: lambda material: _pooled(by_reliability(material.clean)),
        WEIGHTS: lambda material: _pooled(fit_pool(material.clean)),
        QUALITY: lambda material: _pooled(fit_pool(material.every, quality=True)),
        CONFIDENCE: lambda material: _pooled(fit_pool(material.every, quality=True, confidence=True)),
        STACKING: lambda material: stacked(material.clean),
    }


def _pooled(rule: PoolRule) -> Predict:
    return lambda sample: _or_the_other(pool(rule, sample), sample)


def _or_the_other(combined: Floats, sample: Sample) -> Floats:
    """Return one channel as it is where the other is missing (see `without`), as `combine.pool_emotions`
    does.
    """
    voice_says, units_say = (np.ptp(one, axis=1, keepdims=True) > 0.0 for one in (sample.voice, sample.units))
    return np.where(voice_says & units_say, combined, np.where(voice_says, sample.voice, sample.units))


def linear(sample: Sample) -> Floats:
    """Return the mean of the probabilities."""
    mean = np.log((np.exp(sample.voice) + np.exp(sample.units)) / 2.0)
    return _or_the_other(mean, sample)


def by_reliability(sample: Sample) -> PoolRule:
    """Return the geometric mean that was served before: weights by recall corrected for chance, nothing
    fitted.
    """
    classes = sample.voice.shape[1]
    trust = [
        reliability_from_uar(
            uar_of(confusion_of(sample.truth, scores.argmax(axis=1), classes)), classes=classes
        )
        for scores in (sample.voice, sample.units)
    ]
    total = sum(trust)
    return PoolRule((trust[0] / total, trust[1] / total))


def stacked(sample: Sample) -> Predict:
    """Fit multinomial logistic regression on both channels' log-probabilities (Wolpert 1992).

    A channel that is missing enters as the uniform distribution, which such a row never showed in training:
    a third of the rows are repeated without voice, and a third without units.
    """
    from sklearn.linear_model import LogisticRegression

    classes = sample.voice.shape[1]
    every = joined([sample, without(sample, VOICE), without(sample, UNITS)])
    model = LogisticRegression(C=STACKING_C, max_iter=500).fit(_row(every), every.truth)

    def predict(other: Sample) -> Floats:
        scores = np.full((len(other.truth), classes), -30.0)
        scores[:, model.classes_] = model.decision_function(_row(other))
        found: Floats = log_softmax(scores, axis=1)
        return found

    return predict


def _row(sample: Sample) -> Floats:
    return np.concatenate([sample.voice, sample.units], axis=1)


def without(sample: Sample, missing: str) -> Sample:
    """Return the sample with one channel missing: it says nothing of any class."""
    nothing = np.full_like(sample.voice, -np.log(sample.voice.shape[1]))
    voice = nothing if missing == VOICE else sample.voice
    units = nothing if missing == UNITS else sample.units
    return Sample(voice, units, sample.quality, sample.truth, sample.people)
