"""Reads and writes of interviews: several questions put to one candidate, and their answers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.orm import Session, aliased

from gateway.http.cursor import Cursor
from gateway.http.ids import Prefix, new_id
from gateway.http.paging import page_of, page_statement
from gateway.interviews.questions import require_open
from gateway.interviews.schemas import NewInterview
from gateway.tenancy import audit
from gateway.tenancy.candidates import ensure_candidate
from services.common.contracts.interview import AnswerStatus, InterviewStatus
from services.common.db.models import (
    Assessment,
    Candidate,
    Interview,
    InterviewQuestion,
    Question,
    ReportRow,
)
from services.common.db.states import AssessmentState, InterviewState
from services.common.interviews.pooling import derive_status


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """One answer to a question of an interview; `report_status` is null while there is no report."""

    assessment_id: str
    state: str
    report_status: str | None
    created_at: datetime

    @property
    def status(self) -> AnswerStatus:
        if self.report_status is not None:
            return AnswerStatus(self.report_status)
        return AnswerStatus.EXPIRED if self.state == AssessmentState.EXPIRED else AnswerStatus.PROCESSING


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A question of an interview with its answers, the latest first: that one counts."""

    question_id: str
    text: str
    answers: list[StoredAnswer] = field(default_factory=list)

    @property
    def status(self) -> AnswerStatus:
        return self.answers[0].status if self.answers else AnswerStatus.UNANSWERED


@dataclass(frozen=True, slots=True)
class StoredInterview:
    """An interview with its questions in order."""

    row: Interview
    external_id: str
    questions: list[AskedQuestion]

    @property
    def status(self) -> InterviewStatus:
        return derive_status(question.status for question in self.questions)


def add_interview(session: Session, *, tenant_id: str, form: NewInterview) -> StoredInterview:
    """Store an interview, and its candidate where the tenant has none of that name yet.

    Raises:
        RefusedError: `unknown_question` or `question_archived`.
    """
    require_open(session, form.questions)
    row = Interview(
        id=new_id(Prefix.INTERVIEW),
        tenant_id=tenant_id,
        candidate_id=ensure_candidate(session, tenant_id=tenant_id, external_id=form.candidate),
        title=form.title,
        purpose=form.purpose,
        tags=list(dict.fromkeys(form.tags)),
    )
    session.add(row)
    session.flush()
    session.add_all(
        InterviewQuestion(interview_id=row.id, position=place, tenant_id=tenant_id, question_id=question)
        for place, question in enumerate(form.questions)
    )
    session.flush()
    session.refresh(row)
    return _complete(session, [(row, form.candidate)])[0]


def find_interview(session: Session, interview_id: str) -> StoredInterview | None:
    """Find one interview of the tenant; null once its erasure has begun."""
    found = session.execute(
        select(Interview, Candidate.external_id)
        .join(Candidate, Candidate.id == Interview.candidate_id)
        .where(Interview.id == interview_id, Interview.state == InterviewState.OPEN)
    ).all()
    return next(iter(_complete(session, [(row, name) for row, name in found])), None)


def list_interviews(
    session: Session,
    cursor: Cursor,
    *,
    candidate_id: str | None = None,
    status: InterviewStatus | None = None,
) -> tuple[list[StoredInterview], bool]:
    """List a page, newest first; tell whether more follow in the direction of the cursor."""
    statement = (
        select(Interview, Candidate.external_id)
        .join(Candidate, Candidate.id == Interview.candidate_id)
        .where(Interview.state == InterviewState.OPEN)
    )
    if candidate_id is not None:
        statement = statement.where(Interview.candidate_id == candidate_id)
    if status is not None:
        statement = statement.where(_has_status(status))
    rows = session.execute(page_statement(statement, Interview.id, cursor, newest_first=True)).all()
    page, has_more = page_of(rows, cursor)
    return _complete(session, [(row, name) for row, name in page]), has_more


def _has_status(status: InterviewStatus) -> ColumnElement[bool]:
    """Return the condition that computes `StoredInterview.status` in the database."""
    asked, answer, later = aliased(InterviewQuestion), aliased(Assessment), aliased(Assessment)
    answers_it = and_(
        answer.interview_id == asked.interview_id,
        answer.question_id == asked.question_id,
        answer.state != AssessmentState.CANCELED,
    )
    unanswered = exists().where(asked.interview_id == Interview.id, ~exists().where(answers_it))
    replaced = exists().where(
        later.interview_id == answer.interview_id,
        later.question_id == answer.question_id,
        later.state != AssessmentState.CANCELED,
        later.id > answer.id,
    )
    running = exists().where(
        answer.interview_id == Interview.id,
        answer.state == AssessmentState.QUEUED,
        ~exists().where(ReportRow.assessment_id == answer.id),
        ~replaced,
    )
    return {
        InterviewStatus.OPEN: unanswered,
        InterviewStatus.PROCESSING: and_(~unanswered, running),
        InterviewStatus.COMPLETED: and_(~unanswered, ~running),
    }[status]


def _complete(session: Session, rows: Sequence[tuple[Interview, str]]) -> list[StoredInterview]:
    """Add questions and answers; answers that are being erased are left out."""
    ids = [row.id for row, _ in rows]
    asked: dict[str, dict[str, AskedQuestion]] = {interview_id: {} for interview_id in ids}
    questions = (
        select(InterviewQuestion.interview_id, Question.id, Question.text)
        .join(Question, Question.id == InterviewQuestion.question_id)
        .where(InterviewQuestion.interview_id.in_(ids))
        .order_by(InterviewQuestion.interview_id, InterviewQuestion.position)
    )
    for interview_id, question_id, text in session.execute(questions):
        asked[interview_id][question_id] = AskedQuestion(question_id, text)
    answers = (
        select(
            Assessment.interview_id,
            Assessment.question_id,
            Assessment.id,
            Assessment.state,
            ReportRow.status,
            Assessment.created_at,
        )
        .outerjoin(ReportRow, ReportRow.assessment_id == Assessment.id)
        .where(Assessment.interview_id.in_(ids), Assessment.state != AssessmentState.CANCELED)
        .order_by(Assessment.id.desc())
    )
    for row in session.execute(answers):
        answer = StoredAnswer(row.id, row.state, row.status, row.created_at)
        asked[row.interview_id][row.question_id].answers.append(answer)
    return [StoredInterview(row, external_id, list(asked[row.id].values())) for row, external_id in rows]


def begin_erasure(session: Session, interview_id: str) -> list[str] | None:
    """Let no more answers in; returns those that are there, null where there is no such interview.

    Repeatable: an interview whose erasure stopped halfway is taken up again.
    """
    row = session.get(Interview, interview_id, with_for_update=True)
    if row is None:
        return None
    row.state = InterviewState.ERASING
    return list(session.scalars(select(Assessment.id).where(Assessment.interview_id == interview_id)))


def end_erasure(session: Session, interview_id: str, *, actor: str, answers: int) -> None:
    """Remove the row, after the `answers` answers, and say so in the audit log."""
    row = session.get(Interview, interview_id)
    if row is not None:
        session.delete(row)
        audit.record(
            session,
            tenant_id=row.tenant_id,
            actor=actor,
            action="interview.erased",
            subject=interview_id,
            details={"answers": answers},
        )
