"""Answers on their way to a report."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from gateway.assessments import repository
from gateway.assessments.expansion import Expand
from gateway.assessments.expansion import expand as expand_views
from gateway.assessments.repository import StoredAssessment
from gateway.assessments.schemas import AcceptedAssessment, AssessmentList, AssessmentView
from gateway.assessments.search import WantedAnswers, WantedStatus, find_page
from gateway.assessments.views import view_of
from gateway.dependencies import (
    AnyCaller,
    AssessmentPage,
    CallerOrCandidate,
    Services,
    TheServices,
    Writer,
    WriterOrCandidate,
)
from gateway.http.idempotency import once_of
from gateway.http.idempotency_store import KeptResponse
from gateway.http.ids import Prefix, is_id
from gateway.openapi.document import AUTHENTICATED, problems, upload_body
from gateway.problem_codes import ProblemCode
from gateway.rights.erasure import erase_assessment
from gateway.tenancy import candidate_tokens
from gateway.tenancy.authentication import KeyHolder
from gateway.tenancy.candidate_tokens import assessment_not_found
from gateway.uploads.multipart import receive_upload
from services.common.db.session import tenant_session

PATH = "/v1/assessments"
router = APIRouter(prefix=PATH, tags=["assessments"])
AssessmentId = Annotated[str, Path(description="`asm_…`")]


@router.post(
    "",
    operation_id="createAssessment",
    summary="Hand in one answer",
    status_code=202,
    responses={
        202: {
            "description": "Accepted; follow it at `Location` or its events.",
            "headers": {"Location": {"schema": {"type": "string"}, "description": "The assessment."}},
        },
        **problems(
            *AUTHENTICATED,
            ProblemCode.MALFORMED_MULTIPART,
            ProblemCode.MEDIA_TOO_LARGE,
            ProblemCode.TEXT_TOO_LONG,
            ProblemCode.UNSUPPORTED_CONTENT_TYPE,
            ProblemCode.UNSUPPORTED_MEDIA_TYPE,
            ProblemCode.MEDIA_TYPE_MISMATCH,
            ProblemCode.VALIDATION_FAILED,
            ProblemCode.MEDIA_REQUIRED,
            ProblemCode.MEDIA_CONFLICT,
            ProblemCode.MEDIA_EMPTY,
            ProblemCode.ANSWER_EMPTY,
            ProblemCode.TEXT_NOT_UTF8,
            ProblemCode.UNKNOWN_QUESTION,
            ProblemCode.QUESTION_ARCHIVED,
            ProblemCode.UNKNOWN_INTERVIEW,
            ProblemCode.INTERVIEW_MISMATCH,
            ProblemCode.UNKNOWN_CONSENT,
            ProblemCode.CONSENT_REQUIRED,
            ProblemCode.EMOTION_INFERENCE_NOT_PERMITTED,
            ProblemCode.UNKNOWN_UPLOAD,
            ProblemCode.UPLOAD_INCOMPLETE,
            ProblemCode.STORAGE_UNAVAILABLE,
            ProblemCode.STORAGE_FULL,
        ),
    },
    openapi_extra=upload_body(),
)
async def create_assessment(
    request: Request, response: Response, services: TheServices, caller: Writer
) -> AcceptedAssessment:
    """Send one or more of `video`, `audio`, `document` or `text`, and who answers which question."""
    once = once_of(request)

    def remember(session: Session, accepted: AcceptedAssessment) -> None:
        if once is not None:
            once.keep(session, _kept_answer(accepted))

    async with receive_upload(
        request, store=services.store, tenant_id=caller.tenant_id, limits=services.settings
    ) as received:
        accepted = await run_in_threadpool(
            services.intake.commit, caller.tenant_id, received, remember=remember
        )
    await run_in_threadpool(services.intake.send_to_workers, accepted.stored)
    response.headers["Location"] = _location(accepted.view)
    return accepted.view


def _location(accepted: AcceptedAssessment) -> str:
    return f"{PATH}/{accepted.id}"


def _kept_answer(accepted: AcceptedAssessment) -> KeptResponse:
    headers = {"content-type": "application/json", "location": _location(accepted)}
    return KeptResponse(status=202, headers=headers, body=accepted.model_dump_json().encode())


@router.get(
    "",
    operation_id="listAssessments",
    summary="List answers, newest first",
    responses=problems(*AUTHENTICATED, ProblemCode.VALIDATION_FAILED),
)
def list_assessments(
    services: TheServices,
    caller: AnyCaller,
    cursor: AssessmentPage,
    wanted: WantedAnswers,
    statuses: WantedStatus = [],  # noqa: B006 - never changed
    expand: Expand = [],  # noqa: B006 - never changed
) -> AssessmentList:
    """Filters narrow together. Page on with the last `id` as `starting_after`, back with the first as
    `ending_before`.
    """
    with tenant_session(services.engine, caller.tenant_id) as session:
        page, has_more = find_page(
            session,
            wanted,
            cursor,
            statuses=statuses,
            status_of=lambda stored: view_of(stored, services.progress).status,
        )
        views = [view_of(stored, services.progress) for stored in page]
        expand_views(session, caller, views, expand)
    return AssessmentList(data=views, has_more=has_more)


@router.get(
    "/{assessment_id}",
    operation_id="getAssessment",
    summary="How far one answer is",
    responses=problems(*AUTHENTICATED, ProblemCode.ASSESSMENT_NOT_FOUND, ProblemCode.VALIDATION_FAILED),
)
def get_assessment(
    services: TheServices,
    caller: CallerOrCandidate,
    assessment_id: AssessmentId,
    expand: Expand = [],  # noqa: B006 - never changed
) -> AssessmentView:
    """Status of the whole and of each modality, with progress while it runs."""
    view = view_of(open_assessment(services, caller, assessment_id), services.progress)
    if expand:
        with tenant_session(services.engine, caller.tenant_id) as session:
            expand_views(session, caller, [view], expand)
    return view


@router.delete(
    "/{assessment_id}",
    operation_id="deleteAssessment",
    summary="Erase one answer",
    status_code=204,
    response_class=Response,
    responses=problems(
        *AUTHENTICATED,
        ProblemCode.ASSESSMENT_NOT_FOUND,
        ProblemCode.STORAGE_UNAVAILABLE,
        ProblemCode.SERVICE_UNAVAILABLE,
    ),
)
def delete_assessment(services: TheServices, caller: WriterOrCandidate, assessment_id: AssessmentId) -> None:
    """Stops the work and erases media, results and report. After a 503, send it again to finish."""
    open_assessment(services, caller, assessment_id)
    found = erase_assessment(
        assessment_id,
        tenant_id=caller.tenant_id,
        engine=services.engine,
        store=services.store,
        ledger=services.ledger,
        actor=caller.actor,
    )
    if not found:
        raise assessment_not_found()


def open_assessment(services: Services, caller: KeyHolder, assessment_id: str) -> StoredAssessment:
    """Find the tenant's assessment, as far as the caller may see it.

    Raises:
        RefusedError: `assessment_not_found` or `candidate_token_refused`.
    """
    if is_id(assessment_id, Prefix.ASSESSMENT):
        with tenant_session(services.engine, caller.tenant_id) as session:
            stored = repository.find_assessment(session, assessment_id)
        if stored is not None:
            candidate_tokens.require_opened(caller.candidate, stored.row)
            return stored
    raise assessment_not_found()
