"""Where a score stands among other candidates. Pure: values in, values out."""

import bisect
import math
from collections.abc import Mapping, Sequence

from services.common.contracts.labels import EMOTIONS, TRAITS, Modality, ModalityStatus
from services.common.contracts.results import BenchmarkEntry, Fused, ModalityResult

METHOD = "logpool/1"
"""Name and version of the combination; a changed formula starts a new cohort."""

COHORT_TOO_SMALL = "cohort_too_small"


def mid_rank_percentile(value: float, others: Sequence[float]) -> float:
    """Share of the others below the value, ties counted half, in percent.

    The mid-rank definition (Hazen 1914; Crawford, Garthwaite & Slick 2009):
    100 · (below + equal / 2) / n. A value equal to everyone else's is at 50.

    Raises:
        ValueError: there are no others.
    """
    if not others:
        raise ValueError("a percentile needs at least one other value")
    ordered = sorted(others)
    below = bisect.bisect_left(ordered, value)
    equal = bisect.bisect_right(ordered, value) - below
    return 100.0 * (below + equal / 2.0) / len(ordered)


def benchmark_entry(value: float, others: Sequence[float], *, min_cohort_size: int) -> BenchmarkEntry:
    """Percentile and mean of a cohort; neither where it is so small that it would show a person.

    Args:
        value: this candidate's score.
        others: one score per other candidate, same question and same model versions.
        min_cohort_size: fewest others that may be summarised.
    """
    n = len(others)
    if n < max(1, min_cohort_size):
        return BenchmarkEntry(value=value, n=n, reason=COHORT_TOO_SMALL)
    return BenchmarkEntry(
        value=value,
        percentile=mid_rank_percentile(value, others),
        cohort_mean=math.fsum(others) / n,
        n=n,
    )


def scores_of(fused: Fused) -> dict[str, float]:
    """Every benchmarked score by name: `trait.openness`, `emotion.happy`, `congruence`."""
    scores: dict[str, float] = {}
    if fused.traits is not None:
        scores.update({f"trait.{trait}": fused.traits[trait] for trait in TRAITS if trait in fused.traits})
    if fused.emotions is not None:
        scores.update({f"emotion.{label}": fused.emotions[label] for label in EMOTIONS})
    if fused.congruence is not None:
        scores["congruence"] = fused.congruence
    return scores


def model_keys(
    results: Mapping[Modality, ModalityResult], fused: Fused, *, exponent: float = 1.0
) -> dict[str, str]:
    """What each score rests on. Only scores with equal keys share a cohort.

    A fused emotion names the models of every channel that entered it, so that an answer with a
    voice only is never ranked among answers with voice and face.
    """
    words = _models_key(results, [Modality.TEXT])
    channels = _models_key(results, [channel.modality for channel in fused.channels])
    pooled = f"{METHOD}^{exponent:g}:{channels}"
    return {name: words if name.startswith("trait.") else pooled for name in scores_of(fused)}


def _models_key(results: Mapping[Modality, ModalityResult], modalities: Sequence[Modality]) -> str:
    refs = {
        f"{ref.name}:{ref.version}"
        for modality in modalities
        if (result := results.get(modality)) is not None and result.status is ModalityStatus.SUCCEEDED
        for ref in result.models
    }
    return "+".join(sorted(refs)) or "unknown"


def benchmark(
    scores: Mapping[str, float], cohort: Mapping[str, Sequence[float]], *, min_cohort_size: int
) -> dict[str, BenchmarkEntry]:
    """An entry for every score; a score that the cohort does not have counts as n = 0."""
    return {
        name: benchmark_entry(value, cohort.get(name, ()), min_cohort_size=min_cohort_size)
        for name, value in scores.items()
    }
