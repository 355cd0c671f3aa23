"""The tables of webhooks: endpoints, events, deliveries and their attempts."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from services.common.db.base import SORTABLE_ID, Base


class WebhookEndpoint(Base):
    """An address of a tenant that events are sent to. Written by `gateway`.

    The signing secret is no column: it follows from a salt and `GATEWAY_KEY_SECRET`, so that this table
    alone signs nothing. `failing_since` is when the failures began that go on until now; `paused_until`
    is what the receiver asked for with `Retry-After`.
    """

    __tablename__ = "webhook_endpoints"
    __table_args__ = (
        UniqueConstraint("tenant_id", "id"),
        CheckConstraint("status IN ('enabled', 'disabled')", name="status"),
    )

    id: Mapped[str] = mapped_column(SORTABLE_ID, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(SORTABLE_ID, ForeignKey("tenants.id", ondelete="CASCADE"))
    url: Mapped[str]
    description: Mapped[str] = mapped_column(server_default="")
    event_types: Mapped[list[str]] = mapped_column(server_default="{}")
    status: Mapped[str] = mapped_column(server_default="enabled")
    disabled_reason: Mapped[str | None]
    disabled_at: Mapped[datetime | None]
    failing_since: Mapped[datetime | None]
    paused_until: Mapped[datetime | None]
    secret_salt: Mapped[str]
    previous_salt: Mapped[str | None]
    previous_until: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class EventRow(Base):
    """Something that happened to one subject; thin. Written by `gateway` and by the trigger on `reports`.

    An event about an assessment or a candidate that exists refers to it, and is erased with it.
    """

    __tablename__ = "events"
    __table_args__ = (
        UniqueConstraint("tenant_id", "id"),
        ForeignKeyConstraint(
            ["tenant_id", "assessment_id"],
            ["assessments.tenant_id", "assessments.id"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["tenant_id", "candidate_id"], ["candidates.tenant_id", "candidates.id"], ondelete="CASCADE"
        ),
        Index("ix_events_assessment", "tenant_id", "assessment_id"),
        Index("ix_events_candidate", "tenant_id", "candidate_id"),
        Index("ix_events_created_at", "created_at"),
    )

    id: Mapped[str] = mapped_column(SORTABLE_ID, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(SORTABLE_ID, ForeignKey("tenants.id", ondelete="CASCADE"))
    type: Mapped[str]
    subject_id: Mapped[str] = mapped_column(SORTABLE_ID)
    assessment_id: Mapped[str | None] = mapped_column(SORTABLE_ID)
    candidate_id: Mapped[str | None] = mapped_column(SORTABLE_ID)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class WebhookDelivery(Base):
    """One event on its way to one endpoint. Written by `gateway` and by the trigger on `reports`.

    `due_at` is when it is sent next, or when the lease of whoever is sending it ends; null once settled.
    """

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        UniqueConstraint("tenant_id", "id"),
        ForeignKeyConstraint(
            ["tenant_id", "event_id"], ["events.tenant_id", "events.id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(
            ["tenant_id", "endpoint_id"],
            ["webhook_endpoints.tenant_id", "webhook_endpoints.id"],
            ondelete="CASCADE",
        ),
        CheckConstraint("status IN ('pending', 'delivered', 'failed')", name="status"),
        Index(
            "ix_webhook_deliveries_due", "endpoint_id", "due_at", postgresql_where=text("due_at IS NOT NULL")
        ),
        Index("ix_webhook_deliveries_event", "tenant_id", "event_id"),
        Index("ix_webhook_deliveries_endpoint", "tenant_id", "endpoint_id"),
    )

    id: Mapped[str] = mapped_column(SORTABLE_ID, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(SORTABLE_ID)
    event_id: Mapped[str] = mapped_column(SORTABLE_ID)
    endpoint_id: Mapped[str] = mapped_column(SORTABLE_ID)
    status: Mapped[str] = mapped_column(server_default="pending")
    attempts: Mapped[int] = mapped_column(server_default="0")
    due_at: Mapped[datetime | None] = mapped_column(server_default=func.now())
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    settled_at: Mapped[datetime | None]


class WebhookAttempt(Base):
    """One attempt of a delivery: a status or an error of ours, nothing of the response.

    Written by `gateway`.
    """

    __tablename__ = "webhook_attempts"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "delivery_id"],
            ["webhook_deliveries.tenant_id", "webhook_deliveries.id"],
            ondelete="CASCADE",
        ),
    )

    delivery_id: Mapped[str] = mapped_column(SORTABLE_ID, primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[str] = mapped_column(SORTABLE_ID)
    attempted_at: Mapped[datetime]
    duration_ms: Mapped[int]
    status_code: Mapped[int | None]
    error: Mapped[str | None]
