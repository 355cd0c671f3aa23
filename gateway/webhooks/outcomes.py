"""What an attempt means for its delivery and for the endpoint."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from gateway.webhooks.schedule import GONE, delay_before_next, pause_asked_for
from gateway.webhooks.schemas import AttemptError, DeliveryStatus, DisabledReason, EndpointStatus
from gateway.webhooks.store import disable_endpoint
from services.common.db.models_webhooks import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from services.common.db.session import now
from services.common.logging import get_logger

log = get_logger(__name__)
SUCCESS = range(200, 300)
REDIRECT = range(300, 400)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one attempt came to.

    Attributes:
        status_code: what was answered; null where nothing was.
        error: null after a 2xx.
        retry_after: seconds that the receiver asked for.
        duration_ms: from the beginning to the status, or to the failure.
    """

    status_code: int | None
    error: AttemptError | None
    retry_after: float | None
    duration_ms: int


def error_of(status_code: int) -> AttemptError | None:
    """Return why a response is a failure; a redirect is one too: a receiver that moved is to be registered
    anew.
    """
    if status_code in SUCCESS:
        return None
    return AttemptError.REDIRECT if status_code in REDIRECT else AttemptError.HTTP_STATUS


def record(
    session: Session,
    *,
    delivery_id: str,
    endpoint_id: str,
    leased_until: datetime,
    outcome: Outcome,
    disable_after_s: float,
    jitter: float,
) -> None:
    """Write the attempt down and decide what follows; nothing where the delivery has been erased.

    Args:
        session: of the tenant.
        delivery_id: what was sent.
        endpoint_id: where to.
        leased_until: by which a lease is recognised: whoever has taken over decides, not we.
        outcome: what it came to.
        disable_after_s: an endpoint that fails for so long is disabled, once a delivery has had all its
            attempts: where events are rare, a first failure says little.
        jitter: 0 to 1, random.
    """
    # The endpoint before the delivery, as changes of an endpoint take them, and with a lock that leaves
    # new deliveries to it alone.
    endpoint = session.get(WebhookEndpoint, endpoint_id, with_for_update={"key_share": True})
    delivery = session.get(WebhookDelivery, delivery_id, with_for_update={"key_share": True})
    if endpoint is None or delivery is None:
        return
    moment = now(session)
    delivery.attempts += 1
    session.add(
        WebhookAttempt(
            delivery_id=delivery_id,
            number=delivery.attempts,
            tenant_id=delivery.tenant_id,
            attempted_at=moment - timedelta(milliseconds=outcome.duration_ms),
            duration_ms=outcome.duration_ms,
            status_code=outcome.status_code,
            error=outcome.error,
        )
    )
    if outcome.error is None:
        endpoint.failing_since = endpoint.paused_until = None
        _settle(delivery, DeliveryStatus.DELIVERED, moment)
    elif delivery.due_at == leased_until:
        _failed(session, endpoint, delivery, outcome, moment, disable_after_s=disable_after_s, jitter=jitter)


def _failed(
    session: Session,
    endpoint: WebhookEndpoint,
    delivery: WebhookDelivery,
    outcome: Outcome,
    moment: datetime,
    *,
    disable_after_s: float,
    jitter: float,
) -> None:
    endpoint.failing_since = endpoint.failing_since or moment
    pause_s = pause_asked_for(outcome.status_code, outcome.retry_after)
    if pause_s:
        endpoint.paused_until = moment + timedelta(seconds=pause_s)
    delay_s = delay_before_next(delivery.attempts, pause_s=pause_s, jitter=jitter)
    if delay_s is None:
        _settle(delivery, DeliveryStatus.FAILED, moment)
    else:
        delivery.due_at = moment + timedelta(seconds=delay_s)
    failing_s = (moment - endpoint.failing_since).total_seconds()
    if outcome.status_code == GONE:
        _disable(session, endpoint, DisabledReason.GONE)
    elif delay_s is None and failing_s >= disable_after_s:
        _disable(session, endpoint, DisabledReason.FAILING)


def _disable(session: Session, endpoint: WebhookEndpoint, reason: DisabledReason) -> None:
    if endpoint.status == EndpointStatus.ENABLED:
        session.flush()
        disable_endpoint(session, endpoint, reason)
        log.warning("webhook_endpoint_disabled", endpoint_id=endpoint.id, reason=reason)


def _settle(delivery: WebhookDelivery, status: DeliveryStatus, moment: datetime) -> None:
    delivery.status, delivery.due_at, delivery.settled_at = status, None, moment
