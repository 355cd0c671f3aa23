"""The tenant's question bank."""

from fastapi import APIRouter

from gateway import repository
from gateway.dependencies import Administrator, AnyCaller, Limit, QuestionCursor, TheServices
from gateway.errors import ProblemCode
from gateway.openapi import AUTHENTICATED, problems
from gateway.schemas import NewQuestion, QuestionList, QuestionView
from services.common.db.models import Question
from services.common.db.session import tenant_session

router = APIRouter(prefix="/v1/questions", tags=["questions"])


@router.get(
    "",
    operation_id="listQuestions",
    summary="List questions, oldest first",
    responses=problems(*AUTHENTICATED, ProblemCode.VALIDATION_FAILED),
)
def list_questions(
    services: TheServices, caller: AnyCaller, limit: Limit = 20, starting_after: QuestionCursor = None
) -> QuestionList:
    """Page on with the last `id` as `starting_after`."""
    with tenant_session(services.engine, caller.tenant_id) as session:
        page, has_more = repository.list_questions(session, limit=limit, starting_after=starting_after)
    return QuestionList(data=[_view(question) for question in page], has_more=has_more)


@router.post(
    "",
    operation_id="createQuestion",
    summary="Add a question",
    status_code=201,
    responses=problems(
        *AUTHENTICATED, ProblemCode.VALIDATION_FAILED, ProblemCode.BAD_REQUEST, ProblemCode.BODY_TOO_LARGE
    ),
)
def create_question(services: TheServices, caller: Administrator, question: NewQuestion) -> QuestionView:
    """Candidates are compared with others who answered the same question."""
    with tenant_session(services.engine, caller.tenant_id) as session:
        return _view(repository.add_question(session, tenant_id=caller.tenant_id, text=question.text))


def _view(question: Question) -> QuestionView:
    return QuestionView(id=question.id, text=question.text, created_at=question.created_at)
