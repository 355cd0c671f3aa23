"""The notices of an interview's report. Pure: values in, values out."""

from collections import Counter
from collections.abc import Sequence

from services.common.contracts.interview import AnswerStatus
from services.common.contracts.results import Notice, Report

FEW_ANSWERS = 2
"""Up to this number, the differences between answers cannot be estimated."""


def list_notices(
    statuses: Sequence[AnswerStatus], *, replaced: int, reports: Sequence[Report]
) -> list[Notice]:
    """List the notices that apply: first what is missing, then those of the answers' own reports, each once.

    Args:
        statuses: of the questions.
        replaced: answers that a later one replaced.
        reports: of the answers that count.
    """
    own = _make_missing_notices(statuses) + _make_interview_notices(replaced, reports)
    by_code = {notice.code: notice for notice in own}
    for report in reports:
        for notice in report.warnings:
            by_code.setdefault(notice.code, notice)
    return list(by_code.values())


def _make_missing_notices(statuses: Sequence[AnswerStatus]) -> list[Notice]:
    count = Counter(statuses)
    of_all = f"of {_format_questions(len(statuses))}"
    lost = count[AnswerStatus.FAILED] + count[AnswerStatus.EXPIRED]
    notices = [
        (
            "questions_unanswered",
            count[AnswerStatus.UNANSWERED],
            "no answer yet",
        ),
        ("answers_processing", count[AnswerStatus.PROCESSING], "an answer that is still being analysed"),
        ("answers_failed", lost, "an answer that gave no scores; hand it in again"),
        (
            "answers_incomplete",
            count[AnswerStatus.PARTIALLY_SUCCEEDED],
            "an answer of which a part is missing, so the scores of the whole rest on different answers",
        ),
    ]
    return [
        Notice(code=code, detail=f"{number} {of_all} {'has' if number == 1 else 'have'} {text}.")
        for code, number, text in notices
        if number
    ]


def _make_interview_notices(replaced: int, reports: Sequence[Report]) -> list[Notice]:
    notices = []
    if replaced:
        answers = "1 earlier answer is" if replaced == 1 else f"{replaced} earlier answers are"
        notices.append(
            Notice(
                code="answers_replaced",
                detail=f"{answers} kept, and not counted here: the latest answer to each question counts.",
            )
        )
    if 0 < len(reports) <= FEW_ANSWERS:
        notices.append(
            Notice(
                code="few_answers",
                detail="One or two answers cannot say how much a person's answers differ.",
            )
        )
    if _models_differ(reports):
        notices.append(
            Notice(
                code="models_differ",
                detail="Different versions of a model made these scores; part of what differs is theirs.",
            )
        )
    if len(reports) > 1:
        notices.append(
            Notice(
                code="compared_by_question",
                detail="Others are compared with question by question; a whole interview has no norms.",
            )
        )
    return notices


def _models_differ(reports: Sequence[Report]) -> bool:
    versions: dict[str, set[int]] = {}
    for report in reports:
        for result in report.modalities.values():
            for model in result.models:
                versions.setdefault(model.name, set()).add(model.version)
    return any(len(found) > 1 for found in versions.values())


def _format_questions(number: int) -> str:
    return "1 question" if number == 1 else f"{number} questions"
