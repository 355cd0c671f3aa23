"""Reads and writes of a tenant's question bank."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.errors import RefusedError
from gateway.http.cursor import Cursor
from gateway.http.ids import Prefix, new_id
from gateway.http.paging import page_of, page_statement
from gateway.problem_codes import ProblemCode
from services.common.db.models import Assessment, Question
from services.common.db.session import now


def find_question(session: Session, question_id: str, *, for_change: bool = False) -> Question | None:
    """Find the tenant's question, archived or not; `for_change` keeps answers to it out until the transaction
    ends.
    """
    return session.get(Question, question_id, with_for_update=for_change or None)


def list_questions(session: Session, cursor: Cursor, *, archived: bool) -> tuple[list[Question], bool]:
    """List a page of the questions, oldest first; tell whether more follow in the direction of the cursor."""
    is_archived = Question.archived_at.is_not(None)
    statement = select(Question).where(is_archived if archived else ~is_archived)
    rows = session.scalars(page_statement(statement, Question.id, cursor, newest_first=False)).all()
    return page_of(rows, cursor)


def add_question(session: Session, *, tenant_id: str, text: str) -> Question:
    """Add one question to the tenant's bank."""
    row = Question(id=new_id(Prefix.QUESTION), tenant_id=tenant_id, text=text)
    session.add(row)
    session.flush()
    session.refresh(row)
    return row


def change_question(session: Session, row: Question, *, text: str | None, archived: bool | None) -> None:
    """Change what is given.

    Args:
        session: of the tenant.
        row: from `find_question` with `for_change`.
        text: another wording.
        archived: whether it is kept out of new answers and interviews.

    Raises:
        RefusedError: `question_answered`, another wording would change what people were asked.
    """
    if text is not None and text != row.text:
        answers = select(Assessment.id).where(Assessment.question_id == row.id).limit(1)
        if session.scalar(answers) is not None:
            raise RefusedError(
                ProblemCode.QUESTION_ANSWERED,
                "People have answered this wording; archive the question and add a new one.",
            )
        row.text = text
    if archived is not None and archived != (row.archived_at is not None):
        row.archived_at = now(session) if archived else None
    session.flush()


def require_open(session: Session, question_ids: Sequence[str]) -> None:
    """Refuse questions that are not in the bank, or no longer.

    Raises:
        RefusedError: `unknown_question` or `question_archived`, with the place of the first at fault.
    """
    known = select(Question.id, Question.archived_at).where(Question.id.in_(question_ids))
    found = {row.id: row.archived_at for row in session.execute(known)}
    for question_id in question_ids:
        if question_id not in found:
            raise RefusedError(
                ProblemCode.UNKNOWN_QUESTION, f"Choose from /v1/questions; {question_id!a} is not there."
            )
        if found[question_id] is not None:
            raise RefusedError(
                ProblemCode.QUESTION_ARCHIVED,
                f"Choose another of the questions at /v1/questions; {question_id} is archived.",
            )
