"""From the results of the analyses to a report. Pure: values in, values out."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from fusion.benchmark import Others, benchmark, model_keys, scores_of
from fusion.combine import combine, complete, overall_status
from fusion.notices import warnings
from fusion.references import references_for
from fusion.reliability import ModelCards, channel_reliability, model_of
from fusion.settings import FusionSettings
from fusion.timeline import align
from services.common.contracts.labels import Modality
from services.common.contracts.norms import ReferenceNorm
from services.common.contracts.results import Fused, ModalityResult, Notice, Report
from services.common.contracts.voice import VoiceSummary
from services.common.serving.registry import TEXT_TRAITS


@dataclass(frozen=True)
class Combination:
    """What can be said before looking at anyone else: the modalities, pooled."""

    results: dict[Modality, ModalityResult]
    fused: Fused
    scores: dict[str, float]
    model_keys: dict[str, str]


def combine_results(
    results: Sequence[ModalityResult],
    *,
    settings: FusionSettings,
    cards: ModelCards,
    refused: Sequence[Modality] = (),
) -> Combination:
    """Pool the modalities of one answer; see `fusion.combine.combine`. No voice summary comes out.

    Args:
        results: of the analyses.
        settings: how the pool is shaped.
        cards: how far each model can be trusted, and the learned weights of the pool.
        refused: analyses that the law forbids.
    """
    without_voice = [result.model_copy(update={"voice_summary": None}) for result in results]
    by_modality = complete(without_voice, refused=refused)
    reliability = channel_reliability(results, cards, unmeasured=settings.unmeasured_reliability)
    fused = combine(by_modality, reliability=reliability, exponent=settings.pool_exponent)
    return Combination(
        results=by_modality,
        fused=fused,
        scores=scores_of(fused),
        model_keys=model_keys(by_modality, fused, exponent=settings.pool_exponent, pool=cards.pool()),
    )


def voice_summary(results: Sequence[ModalityResult]) -> VoiceSummary | None:
    """Return the mean voice of the answer, which is kept apart from its report."""
    return next((result.voice_summary for result in results if result.voice_summary is not None), None)


def fuse(
    results: Sequence[ModalityResult],
    *,
    assessment_id: str,
    purpose: str,
    policy: Sequence[Notice],
    refused: Sequence[Modality] = (),
    settings: FusionSettings,
    cards: ModelCards,
    references: Iterable[ReferenceNorm],
    read_others: Callable[[Combination], Others],
    created_at: datetime,
) -> tuple[Report, Combination]:
    """Make the report of one answer, for the worker and the command line alike.

    Args:
        results: of the analyses.
        assessment_id: whose report this is.
        purpose: of the assessment.
        policy: what the law asks to warn of.
        refused: analyses that the law forbids.
        settings: how the pool is shaped, and how many others a percentile needs.
        cards: of the models.
        references: the reference norms of the installation.
        read_others: gives the other people that the scores are compared with.
        created_at: timezone-aware.

    Returns:
        The report, and the scores with their model keys, which norms are made of.
    """
    combination = combine_results(results, settings=settings, cards=cards, refused=refused)
    by_modality = combination.results
    traits_model = model_of(by_modality[Modality.TEXT], TEXT_TRAITS)
    report = Report(
        assessment_id=assessment_id,
        status=overall_status(list(by_modality.values())),
        fused=combination.fused,
        modalities=by_modality,
        timeline=align(by_modality),
        benchmark=benchmark(
            combination.scores,
            read_others(combination),
            min_cohort_size=settings.min_cohort_size,
            references=references_for(combination.model_keys, references),
        ),
        warnings=warnings(
            by_modality,
            policy=policy,
            purpose=purpose,
            trait_accuracy=cards.metric(traits_model, "accuracy") if traits_model else None,
        ),
        created_at=created_at,
    )
    return report, combination
