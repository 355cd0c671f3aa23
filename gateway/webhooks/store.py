"""Reads and writes of endpoints, events and deliveries, inside a session that belongs to one tenant."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, func, select, text, update
from sqlalchemy.orm import Session

from gateway.http.cursor import Cursor
from gateway.http.ids import Prefix, new_id
from gateway.http.paging import page_of, page_statement
from gateway.webhooks.schemas import (
    DeliveryStatus,
    DisabledReason,
    EndpointStatus,
    NewWebhookEndpoint,
    WebhookEndpointChange,
)
from gateway.webhooks.secrets import new_salt
from services.common.db.models_webhooks import EventRow, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from services.common.db.session import now


def add_endpoint(
    session: Session, *, tenant_id: str, new: NewWebhookEndpoint, most: int
) -> WebhookEndpoint | None:
    """Store an endpoint with a new salt; null where the tenant has `most` already."""
    session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('candor.webhooks ' || :tenant, 0))"),
        {"tenant": tenant_id},
    )
    if session.scalar(select(func.count()).select_from(WebhookEndpoint)) >= most:  # type: ignore[operator]
        return None
    row = WebhookEndpoint(
        id=new_id(Prefix.WEBHOOK_ENDPOINT),
        tenant_id=tenant_id,
        url=new.url,
        description=new.description,
        event_types=_distinct(new.event_types),
        secret_salt=new_salt(),
    )
    session.add(row)
    session.flush()
    session.refresh(row)
    return row


def find_endpoint(session: Session, endpoint_id: str, *, lock: bool = False) -> WebhookEndpoint | None:
    """Find one endpoint of the tenant; `lock` keeps others from changing it meanwhile."""
    return session.get(WebhookEndpoint, endpoint_id, with_for_update=lock or None)


def list_endpoints(session: Session, cursor: Cursor) -> tuple[list[WebhookEndpoint], bool]:
    """List a page, newest first; tell whether more follow in the direction of the cursor."""
    return _page(session, select(WebhookEndpoint), WebhookEndpoint.id, cursor)


def change_endpoint(session: Session, row: WebhookEndpoint, change: WebhookEndpointChange) -> None:
    """Apply what was sent."""
    if change.url is not None:
        row.url = change.url
    if change.description is not None:
        row.description = change.description
    if change.event_types is not None:
        row.event_types = _distinct(change.event_types)
    if change.status is EndpointStatus.DISABLED and row.status == EndpointStatus.ENABLED:
        disable_endpoint(session, row, DisabledReason.PAUSED)
    elif change.status is EndpointStatus.ENABLED:
        row.status = EndpointStatus.ENABLED
        row.disabled_reason = row.disabled_at = row.failing_since = row.paused_until = None


def disable_endpoint(session: Session, row: WebhookEndpoint, reason: DisabledReason) -> None:
    """Send nothing more there, and give up what is on its way; a replay sends it after all."""
    row.status, row.disabled_reason, row.disabled_at = EndpointStatus.DISABLED, reason, now(session)
    session.execute(
        update(WebhookDelivery)
        .where(WebhookDelivery.endpoint_id == row.id, WebhookDelivery.status == DeliveryStatus.PENDING)
        .values(status=DeliveryStatus.FAILED, due_at=None, settled_at=func.now())
    )


def rotate_secret(session: Session, row: WebhookEndpoint, *, overlap_s: int) -> None:
    """Give the endpoint a new salt; the former one signs too for `overlap_s` seconds."""
    former = row.secret_salt if overlap_s else None
    row.secret_salt, row.previous_salt = new_salt(), former
    row.previous_until = now(session) + timedelta(seconds=overlap_s) if former else None


def find_event(session: Session, event_id: str) -> EventRow | None:
    """Find one event of the tenant."""
    return session.get(EventRow, event_id)


def list_events(
    session: Session, cursor: Cursor, *, types: Sequence[str] = (), assessment_id: str | None = None
) -> tuple[list[EventRow], bool]:
    """List a page, newest first; tell whether more follow in the direction of the cursor."""
    statement = select(EventRow)
    if types:
        statement = statement.where(EventRow.type.in_(types))
    if assessment_id is not None:
        statement = statement.where(EventRow.assessment_id == assessment_id)
    return _page(session, statement, EventRow.id, cursor)


def replay(session: Session, event: EventRow, endpoints: Sequence[WebhookEndpoint]) -> list[WebhookDelivery]:
    """Begin a new delivery of `event` to each of `endpoints`."""
    rows = [
        WebhookDelivery(
            id=new_id(Prefix.WEBHOOK_DELIVERY),
            tenant_id=event.tenant_id,
            event_id=event.id,
            endpoint_id=endpoint.id,
        )
        for endpoint in endpoints
    ]
    session.add_all(rows)
    session.flush()
    for row in rows:
        session.refresh(row)
    return rows


def endpoints_for(session: Session, event: EventRow) -> list[WebhookEndpoint]:
    """List the endpoints that are enabled and want events of this type."""
    enabled = session.scalars(
        select(WebhookEndpoint)
        .where(WebhookEndpoint.status == EndpointStatus.ENABLED)
        .order_by(WebhookEndpoint.id)
    )
    return [row for row in enabled if not row.event_types or event.type in row.event_types]


def list_deliveries(
    session: Session, cursor: Cursor, *, endpoint_id: str | None = None, event_id: str | None = None
) -> tuple[list[WebhookDelivery], bool]:
    """List a page of the deliveries to an endpoint or of an event, newest first."""
    statement = select(WebhookDelivery)
    if endpoint_id is not None:
        statement = statement.where(WebhookDelivery.endpoint_id == endpoint_id)
    if event_id is not None:
        statement = statement.where(WebhookDelivery.event_id == event_id)
    return _page(session, statement, WebhookDelivery.id, cursor)


def attempts_of(session: Session, deliveries: Sequence[WebhookDelivery]) -> dict[str, list[WebhookAttempt]]:
    """Load the attempts of each delivery, in order."""
    found: dict[str, list[WebhookAttempt]] = {row.id: [] for row in deliveries}
    if found:
        rows = session.scalars(
            select(WebhookAttempt)
            .where(WebhookAttempt.delivery_id.in_(found))
            .order_by(WebhookAttempt.delivery_id, WebhookAttempt.number)
        )
        for row in rows:
            found[row.delivery_id].append(row)
    return found


def forget_events(session: Session, *, age_s: float, most: int = 1000) -> int:
    """Erase up to `most` events of all tenants that are older than `age_s`, with their deliveries.

    Args:
        session: of no tenant.
        age_s: how long events are kept.
        most: per call, so that nobody waits for long.

    Returns:
        How many were erased.
    """
    gone: int = session.execute(
        text("SELECT candor_forget_events(:most, make_interval(secs => :age_s))"),
        {"most": most, "age_s": age_s},
    ).scalar_one()
    return gone


def _page(session: Session, statement: Select[Any], key: Any, cursor: Cursor) -> tuple[list[Any], bool]:
    rows = session.scalars(page_statement(statement, key, cursor, newest_first=True)).all()
    return page_of(rows, cursor)


def _distinct(types: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(map(str, types)))
