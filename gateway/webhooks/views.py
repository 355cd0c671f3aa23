"""From rows to what a client sees."""

from collections.abc import Mapping, Sequence

from gateway.webhooks.events import payload_of
from gateway.webhooks.schemas import (
    AttemptView,
    DeliveryList,
    DeliveryStatus,
    DeliveryView,
    EventView,
    WebhookEndpointView,
)
from services.common.db.models_webhooks import EventRow, WebhookAttempt, WebhookDelivery, WebhookEndpoint


def endpoint_view(row: WebhookEndpoint) -> WebhookEndpointView:
    """Return what the interface shows of an endpoint; no salt."""
    return WebhookEndpointView.model_validate(
        {
            "id": row.id,
            "url": row.url,
            "description": row.description,
            "event_types": row.event_types,
            "status": row.status,
            "disabled_reason": row.disabled_reason,
            "disabled_at": row.disabled_at,
            "failing_since": row.failing_since,
            "previous_secret_until": row.previous_until,
            "created_at": row.created_at,
        }
    )


def event_view(row: EventRow) -> EventView:
    """Return what the interface shows of an event: its payload, and its identifier."""
    return EventView.model_validate({"id": row.id, **payload_of(row)})


def delivery_view(row: WebhookDelivery, attempts: Sequence[WebhookAttempt]) -> DeliveryView:
    """Return what the interface shows of a delivery."""
    return DeliveryView(
        id=row.id,
        event_id=row.event_id,
        endpoint_id=row.endpoint_id,
        status=DeliveryStatus(row.status),
        attempts=[AttemptView.model_validate(attempt, from_attributes=True) for attempt in attempts],
        next_attempt_at=row.due_at,
        created_at=row.created_at,
        settled_at=row.settled_at,
    )


def delivery_list(
    rows: Sequence[WebhookDelivery], attempts: Mapping[str, Sequence[WebhookAttempt]], *, has_more: bool
) -> DeliveryList:
    """Return a page of deliveries with their attempts."""
    return DeliveryList(data=[delivery_view(row, attempts[row.id]) for row in rows], has_more=has_more)
