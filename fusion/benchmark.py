"""Where a score stands among other candidates. Pure: values in, values out."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.common.contracts.labels import EMOTIONS, TRAITS, Modality, ModalityStatus
from services.common.contracts.model_ref import ModelRef
from services.common.contracts.norms import COHORT_TOO_SMALL, Cohort, Reference, ReferenceNorm, Standing
from services.common.contracts.results import BenchmarkEntry, Fused, ModalityResult
from services.common.phrasing import counted
from services.common.serving.registry import TEXT_TRAITS
from services.common.statistics.histogram import Histogram, Rank
from services.common.statistics.model_keys import build_model_key

METHOD = "logpool/2"
"""Name and version of the combination; a changed formula starts a new cohort."""

ROUGH_BELOW = 100
"""People below which a reference norm is told to be rough."""
TWO_DEVIATIONS_AT_HALF = 98.0
"""Half the width of a 95 % interval of the 50th percentile, times the root of the people: 196 · 0.5."""
ALIKE = 0.02
"""Scores that lie closer than this are not worth ranking."""
NO_CANDIDATES = "They are no candidates, and came to be recorded for other reasons."

NOBODY = Histogram({})
UNRANKED = Rank(n=0, total=0, below=0, equal=0)


@dataclass(frozen=True)
class Others:
    """The other people that a candidate is compared with; none of them is this candidate.

    Attributes:
        same_question: per score name, how many have which score.
        wider: in each further cohort, per score name, the place of the candidate's score.
    """

    same_question: Mapping[str, Histogram] = field(default_factory=dict)
    wider: Mapping[Cohort, Mapping[str, Rank]] = field(default_factory=dict)


def benchmark_entry(
    value: float,
    others: Histogram,
    *,
    min_cohort_size: int,
    wider: Mapping[Cohort, Rank] | None = None,
    reference: ReferenceNorm | None = None,
) -> BenchmarkEntry:
    """Return the percentile, mean and deciles; none where a cohort is so small that it would show a person.

    Args:
        value: this candidate's score.
        others: the scores of the other candidates, same question and same model versions.
        min_cohort_size: fewest others that may be summarised.
        wider: the place among the others of further cohorts.
        reference: the built-in norm of the same model versions.
    """
    rank = others.rank(value)
    shown = rank.n >= max(1, min_cohort_size)
    deciles = others.deciles() if shown else None
    return BenchmarkEntry(
        value=value,
        percentile=rank.percentile if shown else None,
        cohort_mean=rank.mean if shown else None,
        deciles=deciles,
        n=rank.n,
        reason=None if shown else COHORT_TOO_SMALL,
        summary=percentile_words(rank.percentile, value=value, deciles=deciles) if deciles else None,
        others=[
            _standing(cohort, rank, min_cohort_size=min_cohort_size) for cohort, rank in (wider or {}).items()
        ],
        reference=None if reference is None else _reference(value, reference),
    )


def _standing(cohort: Cohort, rank: Rank, *, min_cohort_size: int) -> Standing:
    if rank.n < max(1, min_cohort_size):
        return Standing(cohort=cohort, n=rank.n, reason=COHORT_TOO_SMALL)
    return Standing(
        cohort=cohort,
        percentile=rank.percentile,
        cohort_mean=rank.mean,
        n=rank.n,
        summary=percentile_words(rank.percentile),
    )


def _reference(value: float, norm: ReferenceNorm) -> Reference:
    people = Histogram.from_counts(norm.counts)
    percentile, deciles = people.percentile(value), people.deciles()
    return Reference(
        percentile=percentile,
        mean=people.mean,
        deciles=deciles,
        n=people.n,
        source=norm.source,
        summary=percentile_words(percentile, value=value, deciles=deciles),
        caution=reference_caution(people.n),
    )


def percentile_words(
    percentile: float, *, value: float = math.nan, deciles: Sequence[float] | None = None
) -> str:
    """Return a percentile in a few words; only a score that really is above everybody's is said to be.

    Args:
        percentile: 0..100.
        value: the score.
        deciles: the norm's nine scores between tenths. Where eight of ten people, and the score with them,
            lie so close that a percentile means nothing, none is named.
    """
    if deciles is not None and deciles[8] - deciles[0] < ALIKE and abs(value - deciles[4]) < ALIKE:
        return "like the others"
    if percentile >= 100.0:
        return "above all"
    return f"above {'none' if percentile <= 0.0 else f'{min(99, max(1, round(percentile)))} of 100'}"


def reference_caution(n: int) -> str:
    """Return what weakens a comparison with `n` people of a public corpus."""
    if n >= ROUGH_BELOW:
        return NO_CANDIDATES
    either_way = TWO_DEVIATIONS_AT_HALF / math.sqrt(n)
    people = counted(n, "person", "people")
    return f"{NO_CANDIDATES} With {people} this is rough: about {either_way:.0f} of 100 either way."


def scores_of(fused: Fused) -> dict[str, float]:
    """Return every benchmarked score by name: `trait.openness`, `emotion.happy`, `congruence`."""
    scores: dict[str, float] = {}
    if fused.traits is not None:
        scores.update({f"trait.{trait}": fused.traits[trait] for trait in TRAITS if trait in fused.traits})
    if fused.emotions is not None:
        scores.update({f"emotion.{label}": fused.emotions[label] for label in EMOTIONS})
    if fused.congruence is not None:
        scores["congruence"] = fused.congruence
    return scores


def model_keys(
    results: Mapping[Modality, ModalityResult],
    fused: Fused,
    *,
    exponent: float = 1.0,
    pool: ModelRef | None = None,
) -> dict[str, str]:
    """Return what each score rests on. Only scores with equal keys share a cohort.

    A fused emotion names the models of every channel that entered it, so that an answer with a
    voice only is never ranked among answers with voice and face. One channel alone is passed on as it
    is, so its key names no method. Traits rest on `text_traits` alone.

    Args:
        results: per modality.
        fused: what they were combined to.
        exponent: of the pool.
        pool: the learned weights of the pool, if there are any.
    """
    said = _models(results, [Modality.TEXT])
    words = build_model_key([ref for ref in said if ref.name == TEXT_TRAITS] or said)
    channels = _models(results, [channel.modality for channel in fused.channels])
    if len(fused.channels) > 1:
        pooled = build_model_key([*channels, *filter(None, [pool])], method=f"{METHOD}^{exponent:g}")
    else:
        pooled = build_model_key(channels)
    return {name: words if name.startswith("trait.") else pooled for name in scores_of(fused)}


def _models(results: Mapping[Modality, ModalityResult], modalities: Sequence[Modality]) -> list[ModelRef]:
    return [
        ref
        for modality in modalities
        if (result := results.get(modality)) is not None and result.status is ModalityStatus.SUCCEEDED
        for ref in result.models
    ]


def benchmark(
    scores: Mapping[str, float],
    others: Others,
    *,
    min_cohort_size: int,
    references: Mapping[str, ReferenceNorm] | None = None,
) -> dict[str, BenchmarkEntry]:
    """Return an entry for every score; a score that a cohort does not have counts as n = 0.

    Args:
        scores: of this candidate, by name.
        others: whom it is compared with.
        min_cohort_size: fewest others that may be summarised.
        references: the built-in norm of a score, if there is one for the models that made it.
    """
    return {
        name: benchmark_entry(
            value,
            others.same_question.get(name, NOBODY),
            min_cohort_size=min_cohort_size,
            wider={cohort: ranks.get(name, UNRANKED) for cohort, ranks in others.wider.items()},
            reference=(references or {}).get(name),
        )
        for name, value in scores.items()
    }
