"""Answers on their way to a report."""

from typing import Annotated

from anyio import CancelScope
from fastapi import APIRouter, Path, Request, Response
from starlette.concurrency import run_in_threadpool

from gateway.assessments import repository
from gateway.assessments.admission import admit
from gateway.assessments.dispatch import dispatch
from gateway.assessments.enrolment import work_of
from gateway.assessments.expansion import Expand
from gateway.assessments.expansion import expand as expand_views
from gateway.assessments.forms import parse_form
from gateway.assessments.intake import placed
from gateway.assessments.repository import StoredAssessment
from gateway.assessments.schemas import AcceptedAssessment, AssessmentList, AssessmentView
from gateway.assessments.search import WantedAnswers, WantedStatus, find_page
from gateway.assessments.views import assessment_view, view_of
from gateway.dependencies import (
    AnyCaller,
    AssessmentPage,
    CallerOrCandidate,
    Services,
    TheServices,
    Writer,
    WriterOrCandidate,
)
from gateway.http.idempotency import Once, once_of
from gateway.http.idempotency_store import Answer
from gateway.http.ids import Prefix, is_id
from gateway.openapi.document import AUTHENTICATED, problems, upload_body
from gateway.problem_codes import ProblemCode
from gateway.rights.erasure import erase_assessment
from gateway.tenancy import candidate_tokens
from gateway.tenancy.authentication import KeyHolder
from gateway.tenancy.candidate_tokens import assessment_not_found
from gateway.tenancy.candidates import ensure_candidate
from gateway.uploads.multipart import Received, receive_upload, together
from gateway.uploads.resumable import take
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
    receiver, received = await receive_upload(
        request, store=services.store, tenant_id=caller.tenant_id, limits=services.settings
    )
    try:
        accepted, stored = await run_in_threadpool(
            _keep, services, caller.tenant_id, received, once_of(request)
        )
    except BaseException:
        with CancelScope(shield=True):
            await run_in_threadpool(receiver.discard)
        raise
    await run_in_threadpool(_send, services, stored)
    response.headers["Location"] = f"{PATH}/{accepted.id}"
    return accepted


def _keep(
    services: Services, tenant_id: str, received: Received, once: Once | None
) -> tuple[AcceptedAssessment, StoredAssessment]:
    """Commit the row, the candidate's token, and the answer under its idempotency key.

    The media is in the store already.
    """
    form = parse_form(received.fields)
    with tenant_session(services.engine, tenant_id) as session:
        form = placed(session, form)
        media = together(received.media, take(session, form.upload))
        candidate_id = ensure_candidate(session, tenant_id=tenant_id, external_id=form.candidate)
        admission = admit(session, tenant_id=tenant_id, candidate_id=candidate_id, form=form, media=media)
        for part in admission.turned_away:
            services.store.delete(part.key)
        stored = repository.add_assessment(
            session, tenant_id=tenant_id, candidate_id=candidate_id, form=form, admission=admission
        )
        token = candidate_tokens.issue(
            session,
            stored.row,
            key_secret=services.settings.key_secret.get_secret_value(),
            ttl_s=services.settings.candidate_token_ttl_s,
        )
        accepted = AcceptedAssessment(**dict(assessment_view(stored, {})), candidate_token=token)
        if once is not None:
            once.keep(session, _answer(accepted))
    for part in admission.media:
        services.metrics.uploaded(part.kind, part.size_bytes)
    return accepted, stored


def _answer(accepted: AcceptedAssessment) -> Answer:
    headers = {"content-type": "application/json", "location": f"{PATH}/{accepted.id}"}
    return Answer(status=202, headers=headers, body=accepted.model_dump_json().encode())


def _send(services: Services, stored: StoredAssessment) -> None:
    work = work_of(services.engine, stored, voice_enrolment=services.settings.voice_enrolment)
    sent = dispatch(
        services.engine,
        services.dispatcher,
        work,
        recheck_after_s=services.settings.recheck_after_s,
    )
    services.metrics.dispatched(sent=sent)


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
    """The tenant's assessment, as far as the caller may see it.

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
