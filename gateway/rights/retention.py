"""Erasing what has been kept for as long as its tenant asked, artefact by artefact."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Engine, delete, exists, func, select, text, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from gateway.errors import RefusedError
from gateway.rights.erasure import WorkEraser, erase_assessment, erase_withdrawn
from gateway.tenancy import audit
from gateway.tenancy.tenants import find_tenant
from services.common.contracts.media import MediaRef
from services.common.db.models import Assessment, Consent, Tenant, VoiceSummaryRow
from services.common.db.session import tenant_session
from services.common.errors import TemporaryError
from services.common.logging import get_logger
from services.common.storage import ObjectStore

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Sweep:
    """One run over all tenants. Runs at once do no harm: each step finds what the other did done.

    Attributes:
        engine: connected as `candor_gateway`.
        store: where media lies.
        ledger: where kept results lie.
        batch: how much of a kind is erased in one go.
    """

    engine: Engine
    store: ObjectStore
    ledger: WorkEraser
    batch: int = 200

    def run(self) -> dict[str, int]:
        """Erase what is due, and finish withdrawals that stopped halfway; returns how much of what.

        A tenant whose objects are out of reach waits for the next run; the others do not.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the database is out of reach.
        """
        with Session(self.engine) as session, session.begin():
            tenants = session.scalars(text("SELECT candor_list_tenants()")).all()
        totals: dict[str, int] = {}
        for tenant_id in tenants:
            try:
                swept = self._sweep(tenant_id)
            except (TemporaryError, RefusedError) as fault:
                log.warning("sweep_postponed", tenant_id=tenant_id, detail=str(fault))
                continue
            for kind, number in swept.items():
                totals[kind] = totals.get(kind, 0) + number
        return totals

    def _sweep(self, tenant_id: str) -> dict[str, int]:
        with tenant_session(self.engine, tenant_id) as session:
            kept = days_kept(find_tenant(session, tenant_id))
        erase = {"answers": self._answers, "media": self._media, "features": self._features}
        steps = {"withdrawn": partial(self._withdrawn, tenant_id)}
        steps |= {kind: partial(erase[kind], tenant_id, days) for kind, days in kept.items()}
        done = {kind: until_done(step, batch=self.batch) for kind, step in steps.items()}
        swept = {kind: number for kind, number in done.items() if number}
        if swept:
            self._record(tenant_id, swept)
        return swept

    def _withdrawn(self, tenant_id: str) -> int:
        rests = exists().where(Assessment.consent_id == Consent.id)
        with tenant_session(self.engine, tenant_id) as session:
            withdrawn = session.scalars(
                select(Consent.id).where(Consent.withdrawn_at.is_not(None), rests).limit(self.batch)
            ).all()
        for consent_id in withdrawn:
            erase_withdrawn(
                consent_id,
                tenant_id=tenant_id,
                actor=audit.SYSTEM,
                engine=self.engine,
                store=self.store,
                ledger=self.ledger,
            )
        return len(withdrawn)

    def _answers(self, tenant_id: str, days: int) -> int:
        with tenant_session(self.engine, tenant_id) as session:
            due = session.scalars(
                select(Assessment.id).where(older(Assessment.created_at, days)).limit(self.batch)
            ).all()
        for assessment_id in due:
            erase_assessment(
                assessment_id, tenant_id=tenant_id, engine=self.engine, store=self.store, ledger=self.ledger
            )
        return len(due)

    def _media(self, tenant_id: str, days: int) -> int:
        """Erase media that is kept too long, the objects first: a row says so only once it is true."""
        is_due = (Assessment.media_erased_at.is_(None), older(Assessment.created_at, days))
        with tenant_session(self.engine, tenant_id) as session:
            due = session.execute(
                select(Assessment.id, Assessment.media).where(*is_due).limit(self.batch)
            ).all()
        for row in due:
            for part in row.media:
                self.store.delete(MediaRef.model_validate(part).key)
        with tenant_session(self.engine, tenant_id) as session:
            session.execute(
                update(Assessment)
                .where(Assessment.id.in_([row.id for row in due]))
                .values(media_erased_at=func.now())
            )
        return len(due)

    def _features(self, tenant_id: str, days: int) -> int:
        with tenant_session(self.engine, tenant_id) as session:
            due = session.scalars(
                select(VoiceSummaryRow.assessment_id)
                .where(older(VoiceSummaryRow.created_at, days))
                .limit(self.batch)
            ).all()
            session.execute(delete(VoiceSummaryRow).where(VoiceSummaryRow.assessment_id.in_(due)))
        return len(due)

    def _record(self, tenant_id: str, swept: dict[str, int]) -> None:
        with tenant_session(self.engine, tenant_id) as session:
            audit.record(
                session,
                tenant_id=tenant_id,
                actor=audit.SYSTEM,
                action="retention.applied",
                subject=tenant_id,
                details=dict(swept),
            )


def days_kept(tenant: Tenant) -> dict[str, int]:
    """Return for how many days each kind is kept, answers first; what is kept until erased is left out."""
    asked = {"answers": tenant.report_days, "media": tenant.media_days, "features": tenant.features_days}
    return {kind: days for kind, days in asked.items() if days is not None}


def until_done(step: Callable[[], int], *, batch: int) -> int:
    """Repeat `step` while it fills a batch; returns how much it did in all."""
    total = number = step()
    while number == batch:
        number = step()
        total += number
    return total


def older(moment: InstrumentedAttribute[Any], days: int) -> ColumnElement[bool]:
    """Return the condition that `moment` lies more than `days` days back, by the database's clock."""
    return moment < func.now() - func.make_interval(0, 0, 0, days)
