"""The tenant's question bank."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from sqlalchemy.orm import Session

from gateway.dependencies import Administrator, AnyCaller, Limit, QuestionCursor, TheServices
from gateway.errors import RefusedError
from gateway.http.ids import Prefix, is_id
from gateway.http.paging import cursor_of
from gateway.interviews import questions
from gateway.interviews.question_schemas import NewQuestion, QuestionChange, QuestionList, QuestionView
from gateway.openapi.document import AUTHENTICATED, problems
from gateway.problem_codes import ProblemCode
from services.common.db.models import Question
from services.common.db.session import tenant_session

PATH = "/v1/questions"
router = APIRouter(prefix=PATH, tags=["questions"])
QuestionId = Annotated[str, Path(description="`q_…`")]


@router.get(
    "",
    operation_id="listQuestions",
    summary="List questions, oldest first",
    responses=problems(*AUTHENTICATED, ProblemCode.VALIDATION_FAILED),
)
def list_questions(
    services: TheServices,
    caller: AnyCaller,
    limit: Limit = 20,
    starting_after: QuestionCursor = None,
    ending_before: QuestionCursor = None,
    archived: Annotated[bool, Query(description="The archived ones instead of the others.")] = False,
) -> QuestionList:
    """Page on with the last `id` as `starting_after`, back with the first as `ending_before`."""
    cursor = cursor_of(limit=limit, starting_after=starting_after, ending_before=ending_before)
    with tenant_session(services.engine, caller.tenant_id) as session:
        page, has_more = questions.list_questions(session, cursor, archived=archived)
    return QuestionList(data=[_view(question) for question in page], has_more=has_more)


@router.post(
    "",
    operation_id="createQuestion",
    summary="Add a question",
    status_code=201,
    responses={
        201: {"headers": {"Location": {"schema": {"type": "string"}, "description": "The question."}}},
        **problems(
            *AUTHENTICATED, ProblemCode.VALIDATION_FAILED, ProblemCode.BAD_REQUEST, ProblemCode.BODY_TOO_LARGE
        ),
    },
)
def create_question(
    response: Response, services: TheServices, caller: Administrator, question: NewQuestion
) -> QuestionView:
    """Candidates are compared with others who answered the same question."""
    with tenant_session(services.engine, caller.tenant_id) as session:
        row = questions.add_question(session, tenant_id=caller.tenant_id, text=question.text)
    response.headers["Location"] = f"{PATH}/{row.id}"
    return _view(row)


@router.get(
    "/{question_id}",
    operation_id="getQuestion",
    summary="One question, archived or not",
    responses=problems(*AUTHENTICATED, ProblemCode.QUESTION_NOT_FOUND),
)
def get_question(services: TheServices, caller: AnyCaller, question_id: QuestionId) -> QuestionView:
    """What people were asked; the wording of an answered question never changes."""
    with tenant_session(services.engine, caller.tenant_id) as session:
        return _view(_load(session, question_id))


@router.patch(
    "/{question_id}",
    operation_id="changeQuestion",
    summary="Reword or archive a question",
    responses=problems(
        *AUTHENTICATED,
        ProblemCode.QUESTION_NOT_FOUND,
        ProblemCode.QUESTION_ANSWERED,
        ProblemCode.VALIDATION_FAILED,
        ProblemCode.BAD_REQUEST,
        ProblemCode.BODY_TOO_LARGE,
    ),
)
def change_question(
    services: TheServices, caller: Administrator, question_id: QuestionId, change: QuestionChange
) -> QuestionView:
    """Rewording ends with the first answer, since answers to different questions must not be compared.

    An archived question keeps its answers, norms and interviews, and takes no new ones outside them.
    """
    with tenant_session(services.engine, caller.tenant_id) as session:
        row = _load(session, question_id, for_change=True)
        questions.change_question(session, row, text=change.text, archived=change.archived)
        return _view(row)


def _load(session: Session, question_id: str, *, for_change: bool = False) -> Question:
    """Load the tenant's question.

    Raises:
        RefusedError: `question_not_found`, for what never was as for another tenant's.
    """
    row = None
    if is_id(question_id, Prefix.QUESTION):
        row = questions.find_question(session, question_id, for_change=for_change)
    if row is None:
        raise RefusedError(ProblemCode.QUESTION_NOT_FOUND, "Choose one of the questions at /v1/questions.")
    return row


def _view(question: Question) -> QuestionView:
    return QuestionView(
        id=question.id,
        text=question.text,
        created_at=question.created_at,
        archived_at=question.archived_at,
    )
