"""One view of several channels. Pure: values in, values out.

Emotions are combined by the logarithmic opinion pool (Genest & Zidek 1986, "Combining probability
distributions: a critique and an annotated bibliography", Statistical Science 1(1)):

    p(k)  ∝  Π_c p_c(k) ^ (a(w) · w_c),     Σ_c w_c = 1,     w_c ∝ reliability_c · coverage_c
    a(w)  =  1 + (a - 1) (1 / Σ_c w_c² - 1)

`1 / Σ w²` is the number of channels that count (Kish's effective number: 1 where one channel has all the
weight, 2 where two have as much), so `a` is the exponent of two equal channels: 1 gives the geometric
mean, 2 multiplies them as if each erred on its own. Reliabilities and `a` are learned on held-out voices and
faces of the same clips (`fusion.training`, decision record 0013).

The logarithmic pool was chosen over the linear pool Σ_c w_c p_c(k) because it is externally Bayesian for
`a = 1` (updating each channel or their pool by the same evidence gives the same answer), stays unimodal
where channels lean the same way, and does not spread probability out the way an average of calibrated
forecasts does (Ranjan & Gneiting 2010). Its known weakness, that one zero vetoes a label for good, is met
by a floor on every probability.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.common.contracts.labels import (
    EMOTION_MODALITIES,
    EMOTIONS,
    AssessmentStatus,
    Modality,
    ModalityStatus,
)
from services.common.contracts.results import (
    ChannelWeight,
    EmotionScores,
    ErrorCode,
    Fused,
    ModalityResult,
)

PROBABILITY_FLOOR = 1e-6
"""Smallest probability that enters a logarithm, so that no channel can veto a label."""


@dataclass(frozen=True)
class Channel:
    """One channel's calibrated emotions with its weight, not yet normalised (0 or more)."""

    modality: Modality
    emotions: EmotionScores
    weight: float


def reliability_from_uar(uar: float, *, classes: int = len(EMOTIONS)) -> float:
    """Return the unweighted average recall corrected for chance: 0 for guessing, 1 for always right.

    This is (uar - 1/K) / (1 - 1/K), the informedness of a K-class classifier with equal class
    priors (Powers 2011), clipped to 0..1.

    Raises:
        ValueError: fewer than two classes.
    """
    if classes < 2:
        raise ValueError(f"a reliability needs at least two classes, got {classes}")
    chance = 1.0 / classes
    return min(1.0, max(0.0, (uar - chance) / (1.0 - chance)))


def normalized_weights(weights: Sequence[float]) -> list[float]:
    """Return weights that sum to one; equal ones where all are zero, since none can be preferred."""
    total = math.fsum(weights)
    if total <= 0.0:
        return [1.0 / len(weights)] * len(weights)
    return [weight / total for weight in weights]


def pool_emotions(channels: Sequence[Channel], *, exponent: float = 1.0) -> EmotionScores:
    """Pool one or more channels logarithmically.

    Args:
        channels: at least one; a single channel is returned as it is.
        exponent: `a` of the module's formula, reached where two channels weigh the same; 1 or more.

    Returns:
        Seven probabilities that sum to 1.

    Raises:
        ValueError: no channel.
    """
    if not channels:
        raise ValueError("a pool needs at least one channel")
    if len(channels) == 1:
        return dict(channels[0].emotions)
    weights = normalized_weights([channel.weight for channel in channels])
    power = effective_exponent(weights, exponent=exponent)
    log_pool = [
        power
        * math.fsum(
            weight * math.log(max(channel.emotions[label], PROBABILITY_FLOOR))
            for weight, channel in zip(weights, channels, strict=True)
        )
        for label in EMOTIONS
    ]
    peak = max(log_pool)
    unnormalized = [math.exp(value - peak) for value in log_pool]
    total = math.fsum(unnormalized)
    return {label: value / total for label, value in zip(EMOTIONS, unnormalized, strict=True)}


def effective_exponent(weights: Sequence[float], *, exponent: float) -> float:
    """Return `a(w)` of the module's formula for weights that sum to 1: 1 where one channel has all the
    weight.
    """
    channels = 1.0 / math.fsum(weight * weight for weight in weights)
    return 1.0 + (exponent - 1.0) * (channels - 1.0)


def congruence(left: EmotionScores, right: EmotionScores) -> float:
    """Measure how far two channels agree: 1 minus their Jensen-Shannon divergence in bits (Lin 1991).

    Returns:
        1 for equal distributions, 0 for distributions without a common label.
    """
    p, q = _distribution(left), _distribution(right)
    divergence = 0.0
    for p_k, q_k in zip(p, q, strict=True):
        middle = (p_k + q_k) / 2.0
        divergence += (_relative_bits(p_k, middle) + _relative_bits(q_k, middle)) / 2.0
    return min(1.0, max(0.0, 1.0 - divergence))


def _distribution(emotions: EmotionScores) -> list[float]:
    """Return the scores in label order, rescaled to sum to one against rounding on the way here."""
    values = [emotions[label] for label in EMOTIONS]
    total = math.fsum(values)
    return [value / total for value in values] if total > 0.0 else [1.0 / len(values)] * len(values)


def _relative_bits(p: float, m: float) -> float:
    """Return one term of the relative entropy in bits; a middle that underflows to zero adds nothing."""
    return p * math.log2(p / m) if p > 0.0 and m > 0.0 else 0.0


def complete(
    results: Sequence[ModalityResult], *, refused: Sequence[Modality] = ()
) -> dict[Modality, ModalityResult]:
    """Return every modality exactly once, in order; what was never dispatched is `skipped`.

    Args:
        results: of the analyses that ran.
        refused: analyses that the answer asked for, and the law forbids.
    """
    by_modality: dict[Modality, ModalityResult] = {}
    for result in results:
        known = by_modality.get(result.modality)
        if known is None or known.status is not ModalityStatus.SUCCEEDED:
            by_modality[result.modality] = result
    return {
        modality: by_modality.get(modality)
        or (_not_permitted(modality) if modality in refused else _not_provided(modality))
        for modality in Modality
    }


def _not_permitted(modality: Modality) -> ModalityResult:
    return ModalityResult(
        modality=modality,
        status=ModalityStatus.SKIPPED,
        error_code=ErrorCode.EMOTION_INFERENCE_NOT_PERMITTED,
        reason=(
            "Emotions may not be inferred from voice or face for this purpose in this jurisdiction (AI Act, "
            "Article 5(1)(f)); the recording was not kept."
        ),
    )


def _not_provided(modality: Modality) -> ModalityResult:
    return ModalityResult(
        modality=modality,
        status=ModalityStatus.SKIPPED,
        error_code=ErrorCode.NOT_PROVIDED,
        reason="The answer holds nothing for this analysis; add a recording or text to get it.",
    )


def overall_status(results: Sequence[ModalityResult]) -> AssessmentStatus:
    """Return the status of the whole: skipped modalities count neither for nor against it."""
    statuses = [result.status for result in results]
    if ModalityStatus.SUCCEEDED not in statuses:
        return AssessmentStatus.FAILED
    if ModalityStatus.FAILED in statuses:
        return AssessmentStatus.PARTIALLY_SUCCEEDED
    return AssessmentStatus.SUCCEEDED


def emotion_channels(
    results: Mapping[Modality, ModalityResult], *, reliability: Mapping[Modality, float]
) -> list[Channel]:
    """Return the channels that have emotions to give, weighted by reliability times coverage."""
    channels = []
    for modality in EMOTION_MODALITIES:
        result = results.get(modality)
        if result is None or result.status is not ModalityStatus.SUCCEEDED or result.emotions is None:
            continue
        coverage = result.quality.coverage if result.quality is not None else 1.0
        weight = reliability.get(modality, 0.0) * coverage
        channels.append(Channel(modality=modality, emotions=result.emotions, weight=weight))
    return channels


def combine(
    results: Mapping[Modality, ModalityResult],
    *,
    reliability: Mapping[Modality, float],
    exponent: float = 1.0,
) -> Fused:
    """Combine all channels in one view: pooled emotions, traits of the words, congruence.

    Args:
        results: per modality; missing, failed and skipped ones are left out.
        reliability: 0..1 per emotion channel, see `reliability_from_uar`.
        exponent: see `pool_emotions`.
    """
    channels = emotion_channels(results, reliability=reliability)
    weights = normalized_weights([channel.weight for channel in channels]) if channels else []
    text = results.get(Modality.TEXT)
    has_traits = text is not None and text.status is ModalityStatus.SUCCEEDED
    return Fused(
        emotions=pool_emotions(channels, exponent=exponent) if channels else None,
        traits=text.traits if text is not None and has_traits else None,
        congruence=congruence(channels[0].emotions, channels[1].emotions) if len(channels) == 2 else None,
        channels=[
            ChannelWeight(modality=channel.modality, weight=weight)
            for channel, weight in zip(channels, weights, strict=True)
        ],
    )
