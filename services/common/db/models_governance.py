"""The tables of governance: consents, audit log, demographics, erasures. See `models`."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from services.common.db.base import SORTABLE_ID, Base


def _reference_candidate() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["tenant_id", "candidate_id"], ["candidates.tenant_id", "candidates.id"], ondelete="CASCADE"
    )


class AuditEventRow(Base):
    """One entry of a tenant's audit log. Written by `gateway.tenancy.audit`; nobody changes or removes one.

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


class AuditSubject(Base):
    """The candidate behind a pseudonym of the audit log. Written by `gateway.tenancy.audit`.

    No entry of the log can be erased, so an entry names a pseudonym; this row says whose it is, and goes with
    the candidate.
    """

    __tablename__ = "audit_subjects"
    __table_args__ = (
        UniqueConstraint("tenant_id", "subject", name="uq_audit_subjects_subject"),
        _reference_candidate(),
        Index("ix_audit_subjects_candidate", "tenant_id", "candidate_id"),
    )

    id: Mapped[str] = mapped_column(SORTABLE_ID, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(SORTABLE_ID)
    candidate_id: Mapped[str] = mapped_column(SORTABLE_ID)
    subject: Mapped[str] = mapped_column(SORTABLE_ID)


class Consent(Base):
    """One consent of a candidate, for one purpose. Written by `gateway.law.consents`.

    The same words agreed to at the same moment are one consent, however often they are sent.
    """

    __tablename__ = "consents"
    __table_args__ = (
        UniqueConstraint("tenant_id", "id", "candidate_id", name="uq_consents_candidate"),
        UniqueConstraint(
            "tenant_id", "candidate_id", "purpose", "version", "consented_at", name="uq_consents_given"
        ),
        _reference_candidate(),
    )

    id: Mapped[str] = mapped_column(SORTABLE_ID, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(SORTABLE_ID)
    candidate_id: Mapped[str] = mapped_column(SORTABLE_ID)
    purpose: Mapped[str]
    version: Mapped[str]
    text_sha256: Mapped[str | None]
    consented_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Demographics(Base):
    """The voluntary statements of a candidate, for the impact ratios alone. Written by `gateway`.

    They are kept apart from the candidate, where nothing that makes scores can read them.
    """

    __tablename__ = "candidate_demographics"
    __table_args__ = (_reference_candidate(),)

    tenant_id: Mapped[str] = mapped_column(SORTABLE_ID, primary_key=True)
    candidate_id: Mapped[str] = mapped_column(SORTABLE_ID, primary_key=True)
    sex: Mapped[str | None]
    race_ethnicity: Mapped[str | None]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Erasure(Base):
    """The receipt of an erasure: what was erased, not of whom. Written by `gateway.rights.erasure`."""

    __tablename__ = "erasures"
    __table_args__ = (Index("ix_erasures_tenant", "tenant_id", "id"),)

    id: Mapped[str] = mapped_column(SORTABLE_ID, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(SORTABLE_ID, ForeignKey("tenants.id", ondelete="CASCADE"))
    cause: Mapped[str]
    receipt: Mapped[dict[str, Any]]
    hash: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
