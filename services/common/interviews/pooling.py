"""The report of an interview, made from the reports of its answers. Pure: values in, values out.

Traits are weighted by words, emotions by the seconds of speech and face behind them, so that one short
answer does not count as much as three long ones. The interview as a whole gets no percentiles: norms belong
to a question, and no cohort holds interviews (decision record 0015).
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from services.common.contracts.interview import (
    AnswerStatus,
    InterviewAnswer,
    InterviewOverall,
    InterviewReport,
    InterviewScore,
    InterviewStatus,
)
from services.common.contracts.labels import (
    EMOTION_MODALITIES,
    EMOTIONS,
    TRAITS,
    Emotion,
    Modality,
    ModalityStatus,
    Trait,
)
from services.common.contracts.results import ErrorCode, ModalityResult, Notice, Report
from services.common.contracts.text import Estimate
from services.common.interviews.notices import list_notices
from services.common.statistics.pooled_scores import WeightedScore, normalise_weights, pool_scores

LabelT = TypeVar("LabelT", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class QuestionReport:
    """One question of an interview, with the answer that counts and its report.

    Attributes:
        question: identifier of the question.
        text: of the question.
        status: of the answer.
        report: of the answer, if it has one.
        assessment: identifier of the answer.
        path: where its own report is found.
        earlier: answers that it replaced, the latest first.
        answered_at: timezone-aware.
    """

    question: str
    text: str
    status: AnswerStatus = AnswerStatus.UNANSWERED
    report: Report | None = None
    assessment: str | None = None
    path: str | None = None
    earlier: tuple[str, ...] = ()
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Scores(Generic[LabelT]):
    """One set of scores of one answer, and the amount of words or seconds behind it."""

    values: Mapping[LabelT, float]
    amount: float | None
    intervals: Mapping[LabelT, Estimate] | None = None


def derive_status(answers: Iterable[AnswerStatus]) -> InterviewStatus:
    """Return the state of an interview, which follows from the states of its questions."""
    states = set(answers)
    if AnswerStatus.UNANSWERED in states:
        return InterviewStatus.OPEN
    return InterviewStatus.PROCESSING if AnswerStatus.PROCESSING in states else InterviewStatus.COMPLETED


def build_interview_report(
    answers: Sequence[QuestionReport], *, interview_id: str, created_at: datetime
) -> InterviewReport:
    """Build the report of an interview.

    Args:
        answers: one per question, in order; at least one.
        interview_id: whose report this is.
        created_at: of the interview, timezone-aware.
    """
    traits = [_find_trait_scores(answer.report) for answer in answers]
    emotions = [_weigh_fused_emotions(answer.report) for answer in answers]
    reports = [answer.report for answer in answers if answer.report is not None]
    return InterviewReport(
        interview_id=interview_id,
        status=derive_status(answer.status for answer in answers),
        overall=InterviewOverall(
            questions=len(answers),
            answered=sum(answer.status is not AnswerStatus.UNANSWERED for answer in answers),
            reported=sum(bool(words or felt) for words, felt in zip(traits, emotions, strict=True)),
            traits=_pool_labels(TRAITS, traits),
            emotions=_pool_labels(EMOTIONS, emotions),
            channels=_pool_modalities(reports),
            congruence=_pool_congruence(reports),
        ),
        answers=[
            _describe_answer(answer, share_of_words=words, share_of_seconds=seconds)
            for answer, words, seconds in zip(
                answers, _compute_shares(traits), _compute_shares(emotions), strict=True
            )
        ],
        warnings=list_notices(
            [answer.status for answer in answers],
            replaced=sum(len(answer.earlier) for answer in answers),
            reports=reports,
        ),
        created_at=max((report.created_at for report in reports), default=created_at),
    )


def count_words(report: Report) -> int | None:
    """Return the number of words behind the traits; None if it was not counted."""
    text = _find_succeeded(report, Modality.TEXT)
    return text.text.words if text is not None and text.text is not None else None


def measure_seconds(report: Report, modality: Modality) -> float | None:
    """Return the seconds of speech, or with a readable face; None if they were not measured."""
    result = _find_succeeded(report, modality)
    if result is None:
        return None
    if result.voice is not None:
        return result.voice.speech_s
    quality = result.quality
    return quality.coverage * quality.duration_s if quality and quality.duration_s is not None else None


def _find_succeeded(report: Report, modality: Modality) -> ModalityResult | None:
    result = report.modalities.get(modality)
    return result if result is not None and result.status is ModalityStatus.SUCCEEDED else None


def _find_trait_scores(report: Report | None) -> _Scores[Trait] | None:
    if report is None or report.fused.traits is None:
        return None
    text = _find_succeeded(report, Modality.TEXT)
    return _Scores(report.fused.traits, count_words(report), text.trait_intervals if text else None)


def _weigh_fused_emotions(report: Report | None) -> _Scores[Emotion] | None:
    """Return the fused emotions and the seconds behind them, each modality's by its weight."""
    if report is None or report.fused.emotions is None:
        return None
    known = [
        (channel.weight, seconds)
        for channel in report.fused.channels
        if (seconds := measure_seconds(report, channel.modality)) is not None
    ]
    total = math.fsum(weight for weight, _ in known)
    amount = math.fsum(weight * seconds for weight, seconds in known) / total if total > 0.0 else None
    return _Scores(report.fused.emotions, amount)


def _pool_modalities(reports: Sequence[Report]) -> dict[Modality, dict[Emotion, InterviewScore]]:
    """Pool the emotions of the voice and of the face, each over the answers that have the modality."""
    found = {}
    for modality in EMOTION_MODALITIES:
        scores = [
            _Scores(result.emotions, measure_seconds(report, modality))
            for report in reports
            if (result := _find_succeeded(report, modality)) is not None and result.emotions is not None
        ]
        overall = _pool_labels(EMOTIONS, scores)
        if overall is not None:
            found[modality] = overall
    return found


def _pool_congruence(reports: Sequence[Report]) -> InterviewScore | None:
    """Pool the congruence, weighted by the shorter of voice and face, since it needs both."""
    both = []
    for report in reports:
        if report.fused.congruence is not None:
            seconds = [measure_seconds(report, modality) for modality in EMOTION_MODALITIES]
            known = [value for value in seconds if value is not None]
            both.append((report.fused.congruence, min(known, default=None)))
    if not both:
        return None
    weights = normalise_weights([amount for _, amount in both])
    return pool_scores(
        [WeightedScore(value, weight) for (value, _), weight in zip(both, weights, strict=True)]
    )


def _compute_shares(scores: Sequence[_Scores[Any] | None]) -> list[float | None]:
    """Return the weight of each answer among those that have such scores; None for the others."""
    weights = iter(normalise_weights([one.amount for one in scores if one is not None]))
    return [None if one is None else next(weights) for one in scores]


def _pool_labels(
    labels: Iterable[LabelT], scores: Sequence[_Scores[LabelT] | None]
) -> dict[LabelT, InterviewScore] | None:
    """Pool each label over the answers that have it; None if no answer has any."""
    there = [one for one in scores if one is not None]
    if not there:
        return None
    overall = {}
    for label in labels:
        holders = [one for one in there if label in one.values]
        if holders:
            weights = normalise_weights([one.amount for one in holders])
            overall[label] = pool_scores(
                [
                    WeightedScore(one.values[label], weight, (one.intervals or {}).get(label))
                    for one, weight in zip(holders, weights, strict=True)
                ]
            )
    return overall


def _describe_answer(
    answer: QuestionReport, *, share_of_words: float | None, share_of_seconds: float | None
) -> InterviewAnswer:
    row = InterviewAnswer(
        question=answer.question,
        text=answer.text,
        status=answer.status,
        assessment=answer.assessment,
        earlier=list(answer.earlier),
        answered_at=answer.answered_at,
    )
    report = answer.report
    if report is None:
        return row
    text = _find_succeeded(report, Modality.TEXT)
    return row.model_copy(
        update={
            "report": answer.path,
            "words": count_words(report),
            "speech_s": measure_seconds(report, Modality.AUDIO),
            "face_s": measure_seconds(report, Modality.VIDEO),
            "share_of_words": share_of_words,
            "share_of_seconds": share_of_seconds,
            "emotions": report.fused.emotions,
            "traits": report.fused.traits,
            "trait_intervals": text.trait_intervals if text else None,
            "congruence": report.fused.congruence,
            "benchmark": report.benchmark,
            "notices": _list_missing(report),
        }
    )


def _list_missing(report: Report) -> list[Notice]:
    """List the reasons why modalities of an answer are missing, each once.

    One that was not handed in needs none.
    """
    reasons = {
        result.error_code: result.reason or "This part could not be analysed."
        for result in report.modalities.values()
        if result.error_code is not None and result.error_code is not ErrorCode.NOT_PROVIDED
    }
    return [Notice(code=code, detail=detail) for code, detail in reasons.items()]
