"""The tables of governance: what was consented to, what was done, what was erased. See `models`."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.common.db.base import SORTABLE_ID, Base


class AuditEventRow(Base):
    """One entry of a tenant's audit log. Written by `gateway.audit`; nobody changes or removes one.

    The tenant's row cannot go while it has a log: no cascade, and a trigger refuses deletion.
    """

    __tablename__ = "audit_events"
    __table_args__ = (UniqueConstraint("tenant_id", "sequence", name="uq_audit_events_sequence"),)

    id: Mapped[str] = mapped_column(SORTABLE_ID, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(SORTABLE_ID, ForeignKey("tenants.id"))
    sequence: Mapped[int] = mapped_column(BigInteger)
    actor: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    details: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    previous_hash: Mapped[str]
    hash: Mapped[str]
