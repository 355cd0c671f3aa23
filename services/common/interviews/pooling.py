"""From the reports of several answers to the report of an interview. Pure: values in, values out.

Lengths decide: traits are weighted by words, emotions by the seconds of speech and face behind them, so that
one short answer does not count as much as three long ones. Nothing is ranked over the whole: norms belong to
a question, and no cohort holds interviews (decision record 0015).
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
from services.common.interviews.notices import interview_notices
from services.common.statistics.pooled_scores import Part, pooled, weights_of

LabelT = TypeVar("LabelT", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Answer:
    """One question and the answer that counts.

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


def status_of(answers: Iterable[AnswerStatus]) -> InterviewStatus:
    """What the states of its questions say of an interview."""
    states = set(answers)
    if AnswerStatus.UNANSWERED in states:
        return InterviewStatus.OPEN
    return InterviewStatus.PROCESSING if AnswerStatus.PROCESSING in states else InterviewStatus.COMPLETED


def build_interview_report(
    answers: Sequence[Answer], *, interview_id: str, created_at: datetime
) -> InterviewReport:
    """The report of an interview.

    Args:
        answers: one per question, in order; at least one.
        interview_id: whose report this is.
        created_at: of the interview, timezone-aware.
    """
    traits = [_trait_scores(answer.report) for answer in answers]
    emotions = [_fused_emotions(answer.report) for answer in answers]
    reports = [answer.report for answer in answers if answer.report is not None]
    return InterviewReport(
        interview_id=interview_id,
        status=status_of(answer.status for answer in answers),
        overall=InterviewOverall(
            questions=len(answers),
            answered=sum(answer.status is not AnswerStatus.UNANSWERED for answer in answers),
            reported=sum(bool(words or felt) for words, felt in zip(traits, emotions, strict=True)),
            traits=_pooled_labels(TRAITS, traits),
            emotions=_pooled_labels(EMOTIONS, emotions),
            channels=_channels(reports),
            congruence=_congruence(reports),
        ),
        answers=[
            _answer(answer, share_of_words=words, share_of_seconds=seconds)
            for answer, words, seconds in zip(answers, _shares(traits), _shares(emotions), strict=True)
        ],
        warnings=interview_notices(
            [answer.status for answer in answers],
            replaced=sum(len(answer.earlier) for answer in answers),
            reports=reports,
        ),
        created_at=max((report.created_at for report in reports), default=created_at),
    )


def words_of(report: Report) -> int | None:
    """Words behind the traits; null where nobody counted."""
    text = _succeeded(report, Modality.TEXT)
    return text.text.words if text is not None and text.text is not None else None


def seconds_of(report: Report, modality: Modality) -> float | None:
    """Seconds of speech, or with a readable face; null where nobody measured."""
    result = _succeeded(report, modality)
    if result is None:
        return None
    if result.voice is not None:
        return result.voice.speech_s
    quality = result.quality
    return quality.coverage * quality.duration_s if quality and quality.duration_s is not None else None


def _succeeded(report: Report, modality: Modality) -> ModalityResult | None:
    result = report.modalities.get(modality)
    return result if result is not None and result.status is ModalityStatus.SUCCEEDED else None


def _trait_scores(report: Report | None) -> _Scores[Trait] | None:
    if report is None or report.fused.traits is None:
        return None
    text = _succeeded(report, Modality.TEXT)
    return _Scores(report.fused.traits, words_of(report), text.trait_intervals if text else None)


def _fused_emotions(report: Report | None) -> _Scores[Emotion] | None:
    """With the seconds of each channel, as far as the channel counts in the fused emotions."""
    if report is None or report.fused.emotions is None:
        return None
    known = [
        (channel.weight, seconds)
        for channel in report.fused.channels
        if (seconds := seconds_of(report, channel.modality)) is not None
    ]
    total = math.fsum(weight for weight, _ in known)
    amount = math.fsum(weight * seconds for weight, seconds in known) / total if total > 0.0 else None
    return _Scores(report.fused.emotions, amount)


def _channels(reports: Sequence[Report]) -> dict[Modality, dict[Emotion, InterviewScore]]:
    """Emotions of voice and of face, each over the answers that have the channel."""
    found = {}
    for modality in EMOTION_MODALITIES:
        scores = [
            _Scores(result.emotions, seconds_of(report, modality))
            for report in reports
            if (result := _succeeded(report, modality)) is not None and result.emotions is not None
        ]
        overall = _pooled_labels(EMOTIONS, scores)
        if overall is not None:
            found[modality] = overall
    return found


def _congruence(reports: Sequence[Report]) -> InterviewScore | None:
    """Weighted by the shorter of voice and face, since both are needed to agree."""
    both = []
    for report in reports:
        if report.fused.congruence is not None:
            seconds = [seconds_of(report, modality) for modality in EMOTION_MODALITIES]
            known = [value for value in seconds if value is not None]
            both.append((report.fused.congruence, min(known, default=None)))
    if not both:
        return None
    weights = weights_of([amount for _, amount in both])
    return pooled([Part(value, weight) for (value, _), weight in zip(both, weights, strict=True)])


def _shares(scores: Sequence[_Scores[Any] | None]) -> list[float | None]:
    """The weight of each answer among those that have such scores; null for the others."""
    weights = iter(weights_of([one.amount for one in scores if one is not None]))
    return [None if one is None else next(weights) for one in scores]


def _pooled_labels(
    labels: Iterable[LabelT], scores: Sequence[_Scores[LabelT] | None]
) -> dict[LabelT, InterviewScore] | None:
    """One score per label over the answers that have it; null where none has any."""
    there = [one for one in scores if one is not None]
    if not there:
        return None
    overall = {}
    for label in labels:
        holders = [one for one in there if label in one.values]
        if holders:
            weights = weights_of([one.amount for one in holders])
            overall[label] = pooled(
                [
                    Part(one.values[label], weight, (one.intervals or {}).get(label))
                    for one, weight in zip(holders, weights, strict=True)
                ]
            )
    return overall


def _answer(
    answer: Answer, *, share_of_words: float | None, share_of_seconds: float | None
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
    text = _succeeded(report, Modality.TEXT)
    return row.model_copy(
        update={
            "report": answer.path,
            "words": words_of(report),
            "speech_s": seconds_of(report, Modality.AUDIO),
            "face_s": seconds_of(report, Modality.VIDEO),
            "share_of_words": share_of_words,
            "share_of_seconds": share_of_seconds,
            "emotions": report.fused.emotions,
            "traits": report.fused.traits,
            "trait_intervals": text.trait_intervals if text else None,
            "congruence": report.fused.congruence,
            "benchmark": report.benchmark,
            "notices": _missing(report),
        }
    )


def _missing(report: Report) -> list[Notice]:
    """Why channels of an answer are missing, each reason once; one that was never handed in needs none."""
    reasons = {
        result.error_code: result.reason or "This part could not be analysed."
        for result in report.modalities.values()
        if result.error_code is not None and result.error_code is not ErrorCode.NOT_PROVIDED
    }
    return [Notice(code=code, detail=detail) for code, detail in reasons.items()]
