"""Interviews: several answers of one candidate."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from gateway.dependencies import (
    AnyCaller,
    CallerOrCandidate,
    InterviewCursor,
    Limit,
    Services,
    TheServices,
    Writer,
)
from gateway.errors import RefusedError, refuse_unknown
from gateway.http.fields import MAX_EXTERNAL_ID_CHARS, Purpose
from gateway.http.ids import Prefix, is_id
from gateway.http.paging import cursor_of
from gateway.interviews import repository as interviews
from gateway.interviews.repository import StoredInterview
from gateway.interviews.schemas import AskedQuestionView, InterviewList, InterviewView, NewInterview
from gateway.openapi.document import AUTHENTICATED, problems
from gateway.problem_codes import ProblemCode
from gateway.rights.erasure import erase_interview
from gateway.tenancy.authentication import CandidateGrant, KeyHolder
from gateway.tenancy.candidates import find_candidate
from services.common.contracts.interview import AnswerStatus, InterviewStatus
from services.common.db.session import tenant_session

PATH = "/v1/interviews"
router = APIRouter(prefix=PATH, tags=["interviews"])
InterviewId = Annotated[str, Path(description="`int_…`")]


@router.post(
    "",
    operation_id="createInterview",
    summary="Put several questions to one candidate",
    status_code=201,
    responses={
        201: {"headers": {"Location": {"schema": {"type": "string"}, "description": "The interview."}}},
        **problems(
            *AUTHENTICATED,
            ProblemCode.VALIDATION_FAILED,
            ProblemCode.BAD_REQUEST,
            ProblemCode.BODY_TOO_LARGE,
            ProblemCode.UNKNOWN_QUESTION,
            ProblemCode.QUESTION_ARCHIVED,
        ),
    },
)
def create_interview(
    response: Response, services: TheServices, caller: Writer, interview: NewInterview
) -> InterviewView:
    """Then hand in each answer at `/v1/assessments` with this `interview`, in any order."""
    with tenant_session(services.engine, caller.tenant_id) as session:
        stored = interviews.add_interview(session, tenant_id=caller.tenant_id, form=interview)
    response.headers["Location"] = f"{PATH}/{stored.row.id}"
    return interview_view(stored)


@router.get(
    "",
    operation_id="listInterviews",
    summary="List interviews, newest first",
    responses=problems(*AUTHENTICATED, ProblemCode.VALIDATION_FAILED),
)
def list_interviews(
    services: TheServices,
    caller: AnyCaller,
    limit: Limit = 20,
    starting_after: InterviewCursor = None,
    ending_before: InterviewCursor = None,
    candidate: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=MAX_EXTERNAL_ID_CHARS,
            description="Only this person's: the platform's own identifier, or `cand_…`.",
        ),
    ] = None,
    status: Annotated[InterviewStatus | None, Query(description="Only those in this state.")] = None,
) -> InterviewList:
    """Page on with the last `id` as `starting_after`, back with the first as `ending_before`."""
    cursor = cursor_of(limit=limit, starting_after=starting_after, ending_before=ending_before)
    with tenant_session(services.engine, caller.tenant_id) as session:
        person = None
        if candidate is not None:
            person = find_candidate(session, candidate)
            if person is None:
                return InterviewList(data=[], has_more=False)
        page, has_more = interviews.list_interviews(
            session, cursor, candidate_id=person.id if person else None, status=status
        )
    return InterviewList(data=[interview_view(stored) for stored in page], has_more=has_more)


@router.get(
    "/{interview_id}",
    operation_id="getInterview",
    summary="How far one interview is",
    responses=problems(*AUTHENTICATED, ProblemCode.INTERVIEW_NOT_FOUND),
)
def get_interview(
    services: TheServices, caller: CallerOrCandidate, interview_id: InterviewId
) -> InterviewView:
    """The status of the whole, and per question of the answer that counts."""
    return interview_view(open_interview(services, caller, interview_id))


@router.delete(
    "/{interview_id}",
    operation_id="deleteInterview",
    summary="Erase one interview with all its answers",
    status_code=204,
    response_class=Response,
    responses=problems(
        *AUTHENTICATED,
        ProblemCode.INTERVIEW_NOT_FOUND,
        ProblemCode.STORAGE_UNAVAILABLE,
        ProblemCode.SERVICE_UNAVAILABLE,
    ),
)
def delete_interview(services: TheServices, caller: Writer, interview_id: InterviewId) -> None:
    """Replaced answers go too. After a 503, send it again to finish."""
    found = is_id(interview_id, Prefix.INTERVIEW) and erase_interview(
        interview_id,
        tenant_id=caller.tenant_id,
        actor=caller.actor,
        engine=services.engine,
        store=services.store,
        ledger=services.ledger,
    )
    if not found:
        raise not_found()


def open_interview(services: Services, caller: KeyHolder, interview_id: str) -> StoredInterview:
    """Find the tenant's interview, as far as the caller may see it.

    Raises:
        RefusedError: `interview_not_found` or `candidate_token_refused`.
    """
    if is_id(interview_id, Prefix.INTERVIEW):
        with tenant_session(services.engine, caller.tenant_id) as session:
            stored = interviews.find_interview(session, interview_id)
        if stored is not None:
            _require_opened(caller.candidate, stored)
            return stored
    raise not_found()


def _require_opened(grant: CandidateGrant | None, stored: StoredInterview) -> None:
    """Let a candidate token pass to its own practice interviews, if it opens every answer in them."""
    if grant is None:
        return
    if stored.row.candidate_id != grant.candidate_id:
        raise not_found()
    if stored.row.purpose != Purpose.SELF_PRACTICE:
        raise RefusedError(
            ProblemCode.CANDIDATE_TOKEN_REFUSED,
            "A candidate token opens practice results only; ask whoever the answers were handed in to.",
        )
    given = [answer.created_at for question in stored.questions for answer in question.answers]
    if given and min(given) < grant.opens_from:
        raise RefusedError(
            ProblemCode.CANDIDATE_TOKEN_REFUSED,
            "Send the token that came with the first answer of this interview, or an earlier one.",
        )


def not_found() -> RefusedError:
    """Return the refusal that is the same for what never was, is erased, or is another tenant's."""
    return refuse_unknown(ProblemCode.INTERVIEW_NOT_FOUND)


def interview_view(stored: StoredInterview) -> InterviewView:
    """Return what the interface shows of an interview."""
    row = stored.row
    asked = [
        AskedQuestionView(
            question=question.question_id,
            text=question.text,
            status=question.status,
            assessment=question.answers[0].assessment_id if question.answers else None,
            earlier=[answer.assessment_id for answer in question.answers[1:]],
        )
        for question in stored.questions
    ]
    return InterviewView(
        id=row.id,
        status=stored.status,
        candidate=stored.external_id,
        candidate_id=row.candidate_id,
        title=row.title,
        purpose=Purpose(row.purpose),
        tags=row.tags,
        answered=sum(question.status is not AnswerStatus.UNANSWERED for question in asked),
        questions=asked,
        created_at=row.created_at,
    )
