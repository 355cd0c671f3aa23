"""What a tenant says of itself: whose law it is under, and how long things are kept."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from gateway.law.policy import Jurisdiction
from gateway.tenancy import audit
from services.common.db.models import Tenant
from services.common.db.session import tenant_session

JURISDICTION = "jurisdiction"
RETENTION = ("media_days", "features_days", "report_days")


def find_tenant(session: Session, tenant_id: str) -> Tenant:
    """Find the tenant's own row.

    Raises:
        LookupError: there is no such tenant.
    """
    row = session.get(Tenant, tenant_id)
    if row is None:
        raise LookupError(f"there is no tenant {tenant_id}")
    return row


def jurisdiction_of(session: Session, tenant_id: str) -> Jurisdiction:
    """Return whose law the tenant is under."""
    return Jurisdiction(session.scalars(select(Tenant.jurisdiction).where(Tenant.id == tenant_id)).one())


def change_tenant(session: Session, tenant_id: str, changes: Mapping[str, Any], *, actor: str) -> Tenant:
    """Set jurisdiction and retention, with an audit entry for each that differs.

    Answers that were handed in before keep what was decided about them.

    Args:
        session: of the tenant.
        tenant_id: whose settings these are.
        changes: `jurisdiction` and the names in `RETENTION`; null days keep until erased.
        actor: as in `audit.record`.

    Raises:
        LookupError: there is no such tenant.
    """
    row = find_tenant(session, tenant_id)
    session.refresh(row, with_for_update=True)
    before = {name: getattr(row, name) for name in changes}
    for name, value in changes.items():
        setattr(row, name, value)
    session.flush()
    changed = [name for name in changes if before[name] != changes[name]]
    if JURISDICTION in changed:
        law = {"from": before[JURISDICTION], "to": row.jurisdiction}
        _record(row, session, actor, "jurisdiction.changed", law)
    days = {name: [_days(before[name]), _days(changes[name])] for name in changed if name in RETENTION}
    if days:
        _record(row, session, actor, "retention.changed", days)
    return row


def set_jurisdiction(engine: Engine, tenant_id: str, jurisdiction: Jurisdiction) -> None:
    """Set the jurisdiction on the operator's behalf; audited like any other change.

    Raises:
        LookupError: there is no such tenant.
    """
    with tenant_session(engine, tenant_id) as session:
        change_tenant(session, tenant_id, {JURISDICTION: str(jurisdiction)}, actor=audit.OPERATOR)


def _days(days: int | None) -> int | str:
    return "until erased" if days is None else days


def _record(row: Tenant, session: Session, actor: str, action: str, details: Mapping[str, object]) -> None:
    audit.record(session, tenant_id=row.id, actor=actor, action=action, subject=row.id, details=details)
