"""Sends what is due, a few at a time, and writes down what came of it.

A delivery is leased while it is sent. Whoever dies in between leaves it to the next: a message can come
twice, with the same `webhook-id`, and never not at all.
"""

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from sqlalchemy import Engine, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from gateway.settings import GatewaySettings
from gateway.webhooks.events import payload_of
from gateway.webhooks.guarded_http import Response, SendError
from gateway.webhooks.outcomes import Outcome, error_of, record
from gateway.webhooks.schedule import parse_retry_after
from gateway.webhooks.schemas import AttemptError, DeliveryStatus, EndpointStatus
from gateway.webhooks.secrets import secret_of, signature_header
from services.common.db.models_webhooks import EventRow, WebhookDelivery, WebhookEndpoint
from services.common.db.session import now, tenant_session
from services.common.logging import get_logger

log = get_logger(__name__)
USER_AGENT = "Candor-Webhooks/1"


class Client(Protocol):
    """What delivery asks of the guarded HTTP client."""

    def post(self, url: str, *, headers: dict[str, str], body: bytes) -> Response: ...


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is ours until `leased_until`."""

    delivery_id: str
    tenant_id: str
    endpoint_id: str
    leased_until: datetime


@dataclass(frozen=True, slots=True)
class Message:
    """One signed request."""

    url: str
    headers: dict[str, str]
    body: bytes


class DeliveryPump:
    """Keeps a few threads busy with what is due; a slow receiver holds up its own share of them only.

    Args:
        engine: connected as `candor_gateway`.
        client: sends.
        settings: how many at once, and how patient to be.
        jitter: 0 to 1, random.
    """

    def __init__(
        self,
        *,
        engine: Engine,
        client: Client,
        settings: GatewaySettings,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._engine, self._client, self._settings, self._jitter = engine, client, settings, jitter
        self._threads = ThreadPoolExecutor(settings.webhook_threads, thread_name_prefix="webhook")
        self._state = threading.Condition()
        self._to: Counter[str] = Counter()
        self._running = 0
        self._stopping = False

    def run(self) -> int:
        """Begin as many deliveries as there are idle threads, and return their number at once.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the database is out of reach; the next run tries again.
        """
        with self._state:
            claimed = self._claim(most=self._settings.webhook_threads - self._running)
            self._running += len(claimed)
        for one in claimed:
            self._threads.submit(self._work, one)
        return len(claimed)

    def wait(self, *, timeout_s: float) -> bool:
        """Wait until everything that is due was sent; false where `timeout_s` was too short."""
        with self._state:
            return self._state.wait_for(lambda: self._running == 0, timeout_s)

    def stop(self, *, timeout_s: float) -> bool:
        """Begin nothing more, and whether everything that was begun has been noted within `timeout_s`."""
        with self._state:
            self._stopping = True
        return self.wait(timeout_s=timeout_s)

    def _claim(self, *, most: int) -> list[Claimed]:
        """Claim what is due, for the length of a lease; the caller holds the lock."""
        if most <= 0 or self._stopping:
            return []
        with Session(self._engine) as session, session.begin():
            rows = session.execute(
                text(
                    "SELECT delivery_id, tenant_id, endpoint_id, due_at FROM candor_claim_deliveries("
                    ":most, :each, CAST(:busy AS text[]), make_interval(secs => :lease_s))"
                ),
                {
                    "most": most,
                    "each": self._settings.webhook_per_endpoint,
                    "busy": list(self._to.elements()),
                    "lease_s": self._settings.webhook_lease_s,
                },
            )
            claimed = [Claimed(*row) for row in rows]
        self._to.update(one.endpoint_id for one in claimed)
        return claimed

    def _work(self, claimed: Claimed) -> None:
        """Deliver one, then whatever else is due: a queue drains faster than the timetable ticks."""
        current: Claimed | None = claimed
        while current is not None:
            try:
                self._deliver(current)
            except SQLAlchemyError as fault:
                log.warning("delivery_not_noted", delivery_id=current.delivery_id, detail=str(fault))
            except Exception:
                log.exception("unexpected", delivery_id=current.delivery_id)
            current = self._next(current)

    def _next(self, done: Claimed) -> Claimed | None:
        with self._state:
            self._to[done.endpoint_id] -= 1
            self._to = +self._to
            try:
                claimed = self._claim(most=1)
            except SQLAlchemyError as fault:
                log.warning("deliveries_postponed", detail=str(fault))
                claimed = []
            if claimed:
                return claimed[0]
            self._running -= 1
            self._state.notify_all()
            return None

    def _deliver(self, claimed: Claimed) -> None:
        message = self._prepare(claimed)
        if message is None:
            return
        started = time.monotonic()
        status_code, retry_after, error = self._send(claimed, message)
        duration_ms = round((time.monotonic() - started) * 1000)
        with tenant_session(self._engine, claimed.tenant_id) as session:
            record(
                session,
                delivery_id=claimed.delivery_id,
                endpoint_id=claimed.endpoint_id,
                leased_until=claimed.leased_until,
                outcome=Outcome(
                    status_code=status_code, error=error, retry_after=retry_after, duration_ms=duration_ms
                ),
                disable_after_s=self._settings.webhook_disable_after_s,
                jitter=self._jitter(),
            )

    def _prepare(self, claimed: Claimed) -> Message | None:
        """Return the request as it is now; null where it is no longer wanted."""
        with tenant_session(self._engine, claimed.tenant_id) as session:
            found = session.execute(
                select(EventRow, WebhookEndpoint)
                .join(WebhookDelivery, WebhookDelivery.event_id == EventRow.id)
                .join(WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint_id)
                .where(
                    WebhookDelivery.id == claimed.delivery_id,
                    WebhookDelivery.status == DeliveryStatus.PENDING,
                    WebhookEndpoint.status == EndpointStatus.ENABLED,
                )
            ).one_or_none()
            return None if found is None else self._sign(*found, moment=now(session))

    def _sign(self, event: EventRow, endpoint: WebhookEndpoint, *, moment: datetime) -> Message:
        key_secret = self._settings.key_secret.get_secret_value()
        salts = [endpoint.secret_salt]
        if endpoint.previous_salt and endpoint.previous_until and endpoint.previous_until > moment:
            salts.append(endpoint.previous_salt)
        body = json.dumps(payload_of(event), separators=(",", ":"))
        timestamp = int(moment.timestamp())
        signature = signature_header(
            [secret_of(salt, key_secret=key_secret) for salt in salts],
            webhook_id=event.id,
            timestamp=timestamp,
            body=body,
        )
        headers = {
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
            "webhook-id": event.id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature,
        }
        return Message(url=endpoint.url, headers=headers, body=body.encode("ascii"))

    def _send(
        self, claimed: Claimed, message: Message
    ) -> tuple[int | None, float | None, AttemptError | None]:
        """Send a message; return the status, the seconds to wait, and what went wrong."""
        try:
            response = self._client.post(message.url, headers=message.headers, body=message.body)
        except SendError as fault:
            log.info("webhook_not_sent", delivery_id=claimed.delivery_id, error=fault.code, detail=str(fault))
            return None, None, fault.code
        retry_after = parse_retry_after(response.headers, now=datetime.now(UTC))
        return response.status_code, retry_after, error_of(response.status_code)
