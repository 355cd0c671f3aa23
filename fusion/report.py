"""From the results of the analyses to a report. Pure: values in, values out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from fusion.benchmark import Others, benchmark, model_keys, scores_of
from fusion.combine import combine, complete, overall_status
from fusion.notices import warnings
from fusion.timeline import align
from services.common.contracts.labels import Modality
from services.common.contracts.model_ref import ModelRef
from services.common.contracts.norms import ReferenceNorm
from services.common.contracts.results import Fused, ModalityResult, Notice, Report
from services.common.contracts.voice import VoiceSummary
from services.common.serving.registry import Metric


@dataclass(frozen=True)
class Combination:
    """What can be said before looking at anyone else: the channels, combined."""

    results: dict[Modality, ModalityResult]
    fused: Fused
    scores: dict[str, float]
    model_keys: dict[str, str]


def combine_results(
    results: Sequence[ModalityResult],
    *,
    reliability: Mapping[Modality, float],
    exponent: float,
    pool: ModelRef | None = None,
    refused: Sequence[Modality] = (),
) -> Combination:
    """Combine the channels of one answer; see `fusion.combine.combine`. No voice summary comes out.

    Args:
        results: of the channels.
        reliability: of `fusion.reliability.channel_reliability`.
        exponent: of the pool.
        pool: `ModelCards.pool`, the learned weights that the reliability was scaled by.
        refused: analyses that the law forbids.
    """
    without_voice = [result.model_copy(update={"voice_summary": None}) for result in results]
    by_modality = complete(without_voice, refused=refused)
    fused = combine(by_modality, reliability=reliability, exponent=exponent)
    return Combination(
        results=by_modality,
        fused=fused,
        scores=scores_of(fused),
        model_keys=model_keys(by_modality, fused, exponent=exponent, pool=pool),
    )


def voice_summary(results: Sequence[ModalityResult]) -> VoiceSummary | None:
    """The mean voice of the answer, which is kept apart from its report."""
    return next((result.voice_summary for result in results if result.voice_summary is not None), None)


def build_report(
    combination: Combination,
    *,
    assessment_id: str,
    policy: Sequence[Notice],
    purpose: str,
    others: Others,
    min_cohort_size: int,
    trait_accuracy: Metric | None,
    created_at: datetime,
    references: Mapping[str, ReferenceNorm] | None = None,
) -> Report:
    """The report of one assessment.

    Args:
        combination: of `combine_results`.
        assessment_id: whose report this is.
        policy: what the law asks to warn of.
        purpose: of the assessment.
        others: whom the scores are compared with.
        min_cohort_size: fewest others that a percentile needs.
        trait_accuracy: of the traits' model, if known.
        created_at: timezone-aware.
        references: built-in norms, by score name.
    """
    results = combination.results
    return Report(
        assessment_id=assessment_id,
        status=overall_status(list(results.values())),
        fused=combination.fused,
        modalities=results,
        timeline=align(results),
        benchmark=benchmark(
            combination.scores, others, min_cohort_size=min_cohort_size, references=references
        ),
        warnings=warnings(results, policy=policy, purpose=purpose, trait_accuracy=trait_accuracy),
        created_at=created_at,
    )
