"""What happened in a tenant, what was sent of it, and sending it again."""

from typing import Annotated

from fastapi import APIRouter, Body, Path, Query
from sqlalchemy.orm import Session

from gateway.dependencies import Administrator, EventPage, TheServices, WebhookDeliveryPage
from gateway.errors import RefusedError
from gateway.http.ids import Prefix, id_pattern, is_id
from gateway.openapi.document import AUTHENTICATED, problems
from gateway.problem_codes import ProblemCode
from gateway.routes.webhook_endpoints import (
    BODY_PROBLEMS,
    load_endpoint,
    require_enabled,
)
from gateway.webhooks import store
from gateway.webhooks.events import EventType
from gateway.webhooks.schemas import DeliveryList, EventList, EventView, Replay, ReplayView
from gateway.webhooks.views import delivery_list, delivery_view, event_view
from services.common.db.models_webhooks import EventRow
from services.common.db.session import tenant_session

router = APIRouter(prefix="/v1/events", tags=["webhooks"])
EventId = Annotated[str, Path(description="`evt_…`")]
TypeFilter = Annotated[
    list[EventType] | None, Query(alias="type", max_length=len(EventType), description="These types only.")
]
AssessmentFilter = Annotated[
    str | None, Query(pattern=id_pattern(Prefix.ASSESSMENT), description="Of this assessment only.")
]


@router.get(
    "",
    operation_id="listEvents",
    summary="List events, newest first",
    responses=problems(*AUTHENTICATED, ProblemCode.VALIDATION_FAILED),
)
def list_events(
    services: TheServices,
    caller: Administrator,
    cursor: EventPage,
    types: TypeFilter = None,
    assessment: AssessmentFilter = None,
) -> EventList:
    """Recorded whether an endpoint wants them or not, so that nothing is missed that was not registered for.

    An event is erased together with the assessment or the person that it is about.
    """
    with tenant_session(services.engine, caller.tenant_id) as session:
        page, has_more = store.list_events(session, cursor, types=types or (), assessment_id=assessment)
    return EventList(data=[event_view(row) for row in page], has_more=has_more)


@router.get(
    "/{event_id}",
    operation_id="getEvent",
    summary="One event",
    responses=problems(*AUTHENTICATED, ProblemCode.EVENT_NOT_FOUND),
)
def get_event(services: TheServices, caller: Administrator, event_id: EventId) -> EventView:
    """The same that is sent to endpoints, with the identifier that is sent as `webhook-id`."""
    with tenant_session(services.engine, caller.tenant_id) as session:
        return event_view(_load(session, event_id))


@router.get(
    "/{event_id}/deliveries",
    operation_id="listEventDeliveries",
    summary="List where an event was sent, newest first",
    responses=problems(*AUTHENTICATED, ProblemCode.EVENT_NOT_FOUND, ProblemCode.VALIDATION_FAILED),
)
def list_event_deliveries(
    services: TheServices,
    caller: Administrator,
    event_id: EventId,
    cursor: WebhookDeliveryPage,
) -> DeliveryList:
    """One delivery per endpoint, and one more per replay, each with its attempts."""
    with tenant_session(services.engine, caller.tenant_id) as session:
        _load(session, event_id)
        page, has_more = store.list_deliveries(session, cursor, event_id=event_id)
        return delivery_list(page, store.attempts_of(session, page), has_more=has_more)


@router.post(
    "/{event_id}/replay",
    operation_id="replayEvent",
    summary="Send an event again",
    status_code=202,
    responses=problems(
        *AUTHENTICATED,
        *BODY_PROBLEMS,
        ProblemCode.EVENT_NOT_FOUND,
        ProblemCode.WEBHOOK_ENDPOINT_NOT_FOUND,
        ProblemCode.WEBHOOK_ENDPOINT_DISABLED,
    ),
)
def replay_event(
    services: TheServices,
    caller: Administrator,
    event_id: EventId,
    replay: Annotated[Replay | None, Body()] = None,
) -> ReplayView:
    """With the same `webhook-id` and body, whatever became of it before."""
    endpoint_id = replay.endpoint_id if replay else None
    with tenant_session(services.engine, caller.tenant_id) as session:
        event = _load(session, event_id)
        if endpoint_id is None:
            endpoints = store.endpoints_for(session, event)
        else:
            endpoints = [load_endpoint(session, endpoint_id)]
            require_enabled(endpoints[0])
        begun = store.replay(session, event, endpoints)
        return ReplayView(data=[delivery_view(row, []) for row in begun])


def _load(session: Session, event_id: str) -> EventRow:
    """Load the tenant's event.

    Raises:
        RefusedError: `event_not_found`, for what never was, is erased, or is another tenant's.
    """
    row = store.find_event(session, event_id) if is_id(event_id, Prefix.EVENT) else None
    if row is None:
        raise RefusedError(
            ProblemCode.EVENT_NOT_FOUND,
            "Check the identifier; the event may have been erased with what it was about.",
        )
    return row
