"""Finding answers: filters, pages of them, and their reports as far as the caller may read them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Query
from pydantic import Field
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from gateway.assessments import repository
from gateway.assessments.repository import StoredAssessment
from gateway.http.cursor import Cursor
from gateway.http.fields import MAX_EXTERNAL_ID_CHARS, Moment, Printable, Purpose, Tag
from gateway.http.paging import page_of, page_statement
from gateway.tenancy.candidates import find_candidate
from services.common.contracts.labels import AssessmentStatus
from services.common.db.models import Assessment, Candidate, ReportRow

RUNNING = frozenset({AssessmentStatus.QUEUED, AssessmentStatus.PROCESSING})
SCAN_BATCH = 100

Identifier = Annotated[Printable, Field(max_length=64)]
StatusOf = Callable[[StoredAssessment], AssessmentStatus]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which answers of the tenant; what is null or empty does not narrow them.

    Attributes:
        candidate: the platform's identifier of the person, or ours.
        created_from: handed in then or later.
        created_before: handed in earlier.
    """

    candidate: str | None = None
    question: str | None = None
    interview: str | None = None
    purpose: Purpose | None = None
    tag: str | None = None
    created_from: datetime | None = None
    created_before: datetime | None = None


def wanted_answers(
    candidate: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=MAX_EXTERNAL_ID_CHARS,
            description="Answers of this person: the platform's own identifier, or `cand_…`.",
            examples=["applicant-4711"],
        ),
    ] = None,
    question: Annotated[Identifier | None, Query(description="Answers to this question: `q_…`.")] = None,
    interview: Annotated[Identifier | None, Query(description="Answers of this interview: `int_…`.")] = None,
    purpose: Annotated[Purpose | None, Query(description="Answers handed in for this.")] = None,
    tag: Annotated[Tag | None, Query(description="Answers with this tag.", examples=["role:nurse"])] = None,
    created_from: Annotated[
        Moment | None,
        Query(
            description="Handed in at this moment or later, with an offset from UTC.",
            examples=["2026-03-01T00:00:00Z"],
        ),
    ] = None,
    created_before: Annotated[
        Moment | None,
        Query(
            description="Handed in before this moment: the first of the next range.",
            examples=["2026-04-01T00:00:00Z"],
        ),
    ] = None,
) -> Wanted:
    """Read the filters of a request; an answer has to match all of them."""
    return Wanted(
        candidate=candidate,
        question=question,
        interview=interview,
        purpose=purpose,
        tag=tag,
        created_from=created_from,
        created_before=created_before,
    )


WantedAnswers = Annotated[Wanted, Depends(wanted_answers)]
WantedStatus = Annotated[
    list[AssessmentStatus],
    Query(alias="status", description="Answers in this state; repeat it for several."),
]


def conditions_of(session: Session, wanted: Wanted) -> list[ColumnElement[bool]] | None:
    """Return the conditions that rows must meet; null where the tenant has no such candidate."""
    conditions: list[ColumnElement[bool]] = []
    if wanted.candidate is not None:
        person = find_candidate(session, wanted.candidate)
        if person is None:
            return None
        conditions.append(Assessment.candidate_id == person.id)
    if wanted.question is not None:
        conditions.append(Assessment.question_id == wanted.question)
    if wanted.interview is not None:
        conditions.append(Assessment.interview_id == wanted.interview)
    if wanted.purpose is not None:
        conditions.append(Assessment.purpose == wanted.purpose)
    if wanted.tag is not None:
        conditions.append(Assessment.tags.contains([wanted.tag]))
    if wanted.created_from is not None:
        conditions.append(Assessment.created_at >= wanted.created_from)
    if wanted.created_before is not None:
        conditions.append(Assessment.created_at < wanted.created_before)
    return conditions


def has_status(statuses: Sequence[AssessmentStatus]) -> list[ColumnElement[bool]]:
    """Return the condition for `statuses`; the database does not know whether work has begun."""
    if not statuses:
        return []
    stored = {AssessmentStatus.QUEUED if status in RUNNING else status for status in statuses}
    return [func.coalesce(ReportRow.status, Assessment.state).in_(sorted(stored))]


def find_page(
    session: Session,
    wanted: Wanted,
    cursor: Cursor,
    *,
    statuses: Sequence[AssessmentStatus] = (),
    status_of: StatusOf,
) -> tuple[list[StoredAssessment], bool]:
    """Find a page, newest first; tell whether more follow in the direction of the cursor.

    Args:
        session: of the tenant.
        wanted: which answers.
        cursor: which page of them.
        statuses: those in one of these states; empty for all.
        status_of: tells a queued answer from one that is being analysed, which the database cannot.
    """
    conditions = conditions_of(session, wanted)
    if conditions is None:
        return [], False
    conditions += has_status(statuses)
    if len(RUNNING & set(statuses)) != 1:
        return page_of(_load(session, conditions, cursor), cursor)
    return page_of(_scan(session, conditions, cursor, set(statuses), status_of), cursor)


def _scan(
    session: Session,
    conditions: Sequence[ColumnElement[bool]],
    cursor: Cursor,
    statuses: set[AssessmentStatus],
    status_of: StatusOf,
) -> list[StoredAssessment]:
    """Find as many as fill the page and one more, out of all that may have one of `statuses`."""
    found: list[StoredAssessment] = []
    at = replace(cursor, limit=SCAN_BATCH)
    while True:
        rows = _load(session, conditions, at)
        found += [stored for stored in rows if status_of(stored) in statuses]
        if len(found) > cursor.limit or len(rows) <= SCAN_BATCH:
            return found[: cursor.limit + 1]
        last = rows[-1].row.id
        backwards = cursor.ending_before is not None
        at = replace(at, ending_before=last) if backwards else replace(at, starting_after=last)


def _load(
    session: Session, conditions: Sequence[ColumnElement[bool]], cursor: Cursor
) -> list[StoredAssessment]:
    statement = page_statement(
        repository.stored_answers(*conditions), Assessment.id, cursor, newest_first=True
    )
    return repository.load_answers(session, statement)


def find_reports(
    session: Session, wanted: Wanted, cursor: Cursor, *, purposes: frozenset[Purpose]
) -> tuple[list[dict[str, Any]], bool]:
    """Find a page of stored reports, newest answer first; tell whether more follow.

    Args:
        session: of the tenant.
        wanted: of which answers.
        cursor: names an answer.
        purposes: those whose reports the caller may read.
    """
    conditions = conditions_of(session, wanted)
    if conditions is None:
        return [], False
    statement = (
        select(ReportRow.report)
        .join(Assessment, Assessment.id == ReportRow.assessment_id)
        .join(Candidate, Candidate.id == Assessment.candidate_id)
        .where(*conditions, Assessment.purpose.in_(sorted(purposes)))
    )
    paged = page_statement(statement, Assessment.id, cursor, newest_first=True)
    return page_of(session.scalars(paged).all(), cursor)


def reports_of(session: Session, assessment_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Load the stored reports of some answers, by assessment; those that have none yet are left out."""
    if not assessment_ids:
        return {}
    rows = session.execute(
        select(ReportRow.assessment_id, ReportRow.report).where(ReportRow.assessment_id.in_(assessment_ids))
    )
    return dict(iter(rows))
