"""Finds accepted work that will not come to a report by itself, and sends it again.

Postgres knows what was accepted, the ledger knows what is being done. Whatever is accepted,
unreported and not being done (never sent, Redis emptied, a worker killed, a message lost) is sent
again. Sending twice is harmless: analyses that ended answer from their kept results, an analysis
that runs is not started a second time, and fusion stores one report.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from redis.exceptions import RedisError
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from gateway.assessments.dispatch import Dispatcher, dispatch
from gateway.assessments.enrolment import work_of
from gateway.assessments.repository import StoredAssessment, claim_unreported, expire, find_assessment
from gateway.settings import GatewaySettings
from services.common.contracts.labels import AssessmentStatus
from services.common.db.session import now, tenant_session
from services.common.db.states import AssessmentState
from services.common.logging import get_logger
from services.common.work.ledger import Stall

log = get_logger(__name__)
FORGET_SIGHTINGS_AFTER_S = 3600.0
MAX_DOUBLINGS = 6


class Ledger(Protocol):
    """What recovery asks of the work ledger."""

    def find_stall(self, assessment_id: str) -> Stall | None: ...
    def publish_event(self, assessment_id: str, event: str, data: dict[str, object]) -> None: ...


@dataclass(frozen=True, slots=True)
class Recovered:
    """What one run did."""

    looked_at: int = 0
    sent: int = 0
    expired: int = 0


class Recovery:
    """One run looks at a bounded number of assessments; several runs at once share the work.

    Args:
        engine: connected as `candor_gateway`.
        dispatcher: sends work.
        ledger: knows what is being done.
        settings: how patient to be.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        *,
        engine: Engine,
        dispatcher: Dispatcher,
        ledger: Ledger,
        settings: GatewaySettings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine, self._dispatcher, self._ledger = engine, dispatcher, ledger
        self._settings, self._clock = settings, clock
        self._idle_since: dict[str, float] = {}

    def run(self) -> Recovered:
        """Look at what is due.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the database is out of reach; the next run tries again.
        """
        with Session(self._engine) as session, session.begin():
            due = claim_unreported(
                session, most=self._settings.recover_batch, lease_s=self._settings.recheck_after_s
            )
        outcomes = [self._look_at(assessment_id, tenant_id) for assessment_id, tenant_id in due]
        self._drop_old_sightings()
        return Recovered(looked_at=len(due), sent=outcomes.count("sent"), expired=outcomes.count("expired"))

    def _look_at(self, assessment_id: str, tenant_id: str) -> str:
        with tenant_session(self._engine, tenant_id) as session:
            stored = find_assessment(session, assessment_id)
            clock = now(session)
            if stored is None or stored.report_status or stored.row.state != AssessmentState.QUEUED:
                return "settled"
            if clock - stored.row.created_at > timedelta(seconds=self._settings.expire_after_s):
                expire(session, assessment_id)
                expired = True
            else:
                expired = False
        if expired:
            self._announce_expiry(assessment_id)
            return "expired"
        reason = self._reason_to_send(stored, clock)
        return "going_on" if reason is None else self._send(stored, reason)

    def _reason_to_send(self, stored: StoredAssessment, clock: datetime) -> str | None:
        row = stored.row
        if row.dispatched_at is None:
            return "undispatched"
        try:
            stall = self._ledger.find_stall(row.id)
        except RedisError as fault:
            log.warning("ledger_unreachable", detail=str(fault))
            return None
        if stall in (Stall.UNFUSED, Stall.VANISHED):
            return stall if self._seen_idle_for(row.id) >= self._settings.idle_after_s else None
        self._idle_since.pop(row.id, None)
        if stall is not None:
            return stall
        patience_s = self._settings.stale_after_s * 2 ** min(row.dispatches, MAX_DOUBLINGS)
        return "stale" if clock - row.dispatched_at > timedelta(seconds=patience_s) else None

    def _seen_idle_for(self, assessment_id: str) -> float:
        """Return the seconds since this process first saw that nothing happens, though something might any
        moment.
        """
        return self._clock() - self._idle_since.setdefault(assessment_id, self._clock())

    def _send(self, stored: StoredAssessment, reason: str) -> str:
        work = work_of(self._engine, stored, voice_enrolment=self._settings.voice_enrolment)
        sent = dispatch(self._engine, self._dispatcher, work, recheck_after_s=self._settings.recheck_after_s)
        log.info("sent_again", assessment_id=work.assessment_id, reason=reason, sent=sent)
        self._idle_since.pop(work.assessment_id, None)
        return "sent" if sent else "postponed"

    def _announce_expiry(self, assessment_id: str) -> None:
        log.warning("expired", assessment_id=assessment_id)
        try:
            self._ledger.publish_event(assessment_id, "status", {"status": AssessmentStatus.EXPIRED})
        except RedisError as fault:
            log.warning("ledger_unreachable", detail=str(fault))

    def _drop_old_sightings(self) -> None:
        oldest = self._clock() - FORGET_SIGHTINGS_AFTER_S
        self._idle_since = {
            assessment_id: seen for assessment_id, seen in self._idle_since.items() if seen > oldest
        }
