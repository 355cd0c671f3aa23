"""Progress of one answer, as server-sent events."""

from typing import Annotated

from fastapi import APIRouter, Header, Response
from sse_starlette import EventSourceResponse
from starlette.concurrency import run_in_threadpool

from gateway.assessments.progress_events import EVENT_ID_PATTERN, EventFeed, follow
from gateway.assessments.schemas import AssessmentView
from gateway.assessments.views import view_of
from gateway.dependencies import CallerOrCandidate, TheServices
from gateway.errors import RefusedError
from gateway.openapi.document import AUTHENTICATED, problems
from gateway.problem_codes import ProblemCode
from gateway.routes.assessments import AssessmentId, open_assessment

router = APIRouter(prefix="/v1/assessments/{assessment_id}/events", tags=["assessments"])

EVENT = {
    "type": "object",
    "description": "One event of the stream, by its fields.",
    "properties": {
        "id": {"type": "string"},
        "event": {"type": "string", "enum": ["status", "modality", "report"]},
        "data": {"type": "string", "contentMediaType": "application/json"},
        "retry": {"type": "integer"},
    },
    "required": ["data"],
}
EXAMPLE = {
    "id": "1772443800000-0",
    "event": "modality",
    "data": '{"modality": "video", "status": "running", "share": 0.4}',
}


@router.get(
    "",
    operation_id="followAssessment",
    summary="Follow one answer",
    response_class=EventSourceResponse,
    responses={
        200: {
            "description": (
                "`status` (the whole assessment) first, `modality` with each change, `report` last; "
                "comments keep the connection open."
            ),
            "content": {"text/event-stream": {"schema": EVENT, "example": EXAMPLE}},
        },
        **problems(*AUTHENTICATED, ProblemCode.ASSESSMENT_NOT_FOUND, ProblemCode.VALIDATION_FAILED),
    },
)
async def follow_assessment(
    services: TheServices,
    caller: CallerOrCandidate,
    assessment_id: AssessmentId,
    last_event_id: Annotated[
        str | None,
        Header(pattern=EVENT_ID_PATTERN, description="Where an earlier connection broke off."),
    ] = None,
) -> Response:
    """The stream ends after `report`. Reconnect with `Last-Event-ID` to miss nothing."""

    def read() -> AssessmentView | None:
        try:
            return view_of(open_assessment(services, caller, assessment_id), services.progress)
        except RefusedError:
            return None

    async def snapshot() -> AssessmentView | None:
        return await run_in_threadpool(read)

    await run_in_threadpool(open_assessment, services, caller, assessment_id)
    settings = services.settings
    feed = EventFeed(services.redis, assessment_id, poll_s=settings.events_poll_s)
    return EventSourceResponse(
        follow(feed, snapshot, last_event_id=last_event_id), ping=settings.events_heartbeat_s
    )
