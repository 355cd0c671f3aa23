"""From stored reports to the report of an interview. Nothing of it is stored: answers come and go."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session
from sqlalchemy.sql import literal
from sqlalchemy.types import Text

from gateway.interviews.repository import AskedQuestion, StoredInterview
from services.common.contracts.interview import InterviewReport
from services.common.contracts.results import Report
from services.common.db.models import ReportRow
from services.common.interviews.pooling import QuestionReport, build_interview_report

LEFT_OUT = (
    "timeline",
    "modalities,text,timeline",
    "modalities,text,transcript",
    "modalities,audio,timeline",
    "modalities,audio,transcript",
    "modalities,audio,voice,salience",
    "modalities,video,timeline",
    "modalities,video,face,activations",
)
"""The long parts of a report, which an interview does not show; the database takes them off."""


def interview_report(session: Session, stored: StoredInterview) -> InterviewReport:
    """Pool the answers that count now into one report."""
    counting = [question.answers[0].assessment_id for question in stored.questions if question.answers]
    reports = _short_reports(session, counting)
    return build_interview_report(
        [_answer(question, reports) for question in stored.questions],
        interview_id=stored.row.id,
        created_at=stored.row.created_at,
    )


def _short_reports(session: Session, assessment_ids: Sequence[str]) -> dict[str, Report]:
    document: ColumnElement[Any] = ReportRow.report.expression
    for path in LEFT_OUT:
        document = document.op("#-")(literal(path.split(","), ARRAY(Text)))
    statement = select(ReportRow.assessment_id, document).where(ReportRow.assessment_id.in_(assessment_ids))
    return {
        assessment_id: Report.model_validate(report) for assessment_id, report in session.execute(statement)
    }


def _answer(question: AskedQuestion, reports: dict[str, Report]) -> QuestionReport:
    if not question.answers:
        return QuestionReport(question=question.question_id, text=question.text)
    latest, *earlier = question.answers
    return QuestionReport(
        question=question.question_id,
        text=question.text,
        status=latest.status,
        report=reports.get(latest.assessment_id),
        assessment=latest.assessment_id,
        path=f"/v1/assessments/{latest.assessment_id}/report",
        earlier=tuple(answer.assessment_id for answer in earlier),
        answered_at=latest.created_at,
    )
