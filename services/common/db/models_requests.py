"""Tables that let a request be sent again: idempotency keys and resumable uploads. Written by `gateway`."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    SmallInteger,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.common.db.base import SORTABLE_ID, Base


class IdempotencyKey(Base):
    """A client's key of the last 24 hours, hashed, and the response to its request, sealed.

    Without a response, the request is running: whoever wrote `attempt` has it until `locked_until`.
    A row that refers to an assessment or a candidate is deleted with them.
    """

    __tablename__ = "idempotency_keys"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "assessment_id"],
            ["assessments.tenant_id", "assessments.id"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["tenant_id", "candidate_id"],
            ["candidates.tenant_id", "candidates.id"],
            ondelete="CASCADE",
        ),
        Index("ix_idempotency_keys_created_at", "created_at"),
        Index("ix_idempotency_keys_assessment", "tenant_id", "assessment_id"),
        Index("ix_idempotency_keys_candidate", "tenant_id", "candidate_id"),
    )

    tenant_id: Mapped[str] = mapped_column(
        SORTABLE_ID, ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True
    )
    key_hash: Mapped[str] = mapped_column(primary_key=True)
    attempt: Mapped[str]
    fingerprint: Mapped[str | None]
    locked_until: Mapped[datetime]
    status: Mapped[int | None] = mapped_column(SmallInteger)
    headers: Mapped[dict[str, str] | None] = mapped_column(JSONB)
    answer: Mapped[bytes | None] = mapped_column(LargeBinary)
    assessment_id: Mapped[str | None] = mapped_column(SORTABLE_ID)
    candidate_id: Mapped[str | None] = mapped_column(SORTABLE_ID)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Upload(Base):
    """Media that is sent in pieces. Deleted once an answer has taken it, or when it expires.

    `media` describes the complete object; null until it is put together. A `problem` ends the upload.
    """

    __tablename__ = "uploads"
    __table_args__ = (
        UniqueConstraint("tenant_id", "id"),
        CheckConstraint("received_bytes BETWEEN 0 AND size_bytes", name="received_bytes"),
        Index("ix_uploads_expires_at", "expires_at"),
    )

    id: Mapped[str] = mapped_column(SORTABLE_ID, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(SORTABLE_ID, ForeignKey("tenants.id", ondelete="CASCADE"))
    kind: Mapped[str]
    filename: Mapped[str | None]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str | None]
    received_bytes: Mapped[int] = mapped_column(BigInteger, server_default="0")
    media: Mapped[dict[str, Any] | None]
    problem: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]


class UploadPart(Base):
    """One piece of an upload, an object of its own until all pieces are there."""

    __tablename__ = "upload_parts"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "upload_id"], ["uploads.tenant_id", "uploads.id"], ondelete="CASCADE"
        ),
    )

    upload_id: Mapped[str] = mapped_column(SORTABLE_ID, primary_key=True)
    offset_bytes: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(SORTABLE_ID)
    key: Mapped[str]
