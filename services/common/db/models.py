"""The tables. Each has one writing package: `gateway` or `fusion` (named in the class docstring).

The migrations are the authority on grants, policies and functions; a test compares these classes
with the schema that the migrations leave behind.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    SmallInteger,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.common.db.base import SORTABLE_ID, Base
from services.common.db.models_governance import (
    AuditEventRow,
    AuditSubject,
    Consent,
    Demographics,
    Erasure,
)
from services.common.db.models_interviews import Interview, InterviewQuestion
from services.common.db.models_requests import IdempotencyKey, Upload, UploadPart
from services.common.db.models_webhooks import EventRow, WebhookAttempt, WebhookDelivery, WebhookEndpoint

__all__ = [
    "SORTABLE_ID",
    "AuditEventRow",
    "AuditSubject",
    "Base",
    "Consent",
    "Demographics",
    "Erasure",
    "EventRow",
    "IdempotencyKey",
    "Interview",
    "InterviewQuestion",
    "Upload",
    "UploadPart",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
]
"""All tables, those of other modules included: importing this module registers every table."""


class Tenant(Base):
    """One customer. Written by `gateway.provisioning` and `gateway.tenancy.tenants`.

    The days are how long each kind of artefact is kept; null keeps it until it is erased.
    """

    __tablename__ = "tenants"
    __table_args__ = (
        CheckConstraint("media_days > 0 AND features_days > 0 AND report_days > 0", name="retention"),
        CheckConstraint(
            "jurisdiction IN ('unspecified', 'eu', 'us-il', 'us-ny', 'other')", name="jurisdiction"
        ),
    )

    id: Mapped[str] = mapped_column(SORTABLE_ID, primary_key=True)
    name: Mapped[str]
    jurisdiction: Mapped[str] = mapped_column(server_default="unspecified")
    media_days: Mapped[int | None] = mapped_column(server_default="30")
    features_days: Mapped[int | None]
    report_days: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ApiKey(Base):
    """A bearer key of a tenant; only its keyed hash is stored. Written by `gateway`, which cannot read it.

    `hint` is how the key begins, to recognise it by. A key that was rotated names the one that
    replaces it, and expires on its own.
    """

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(SORTABLE_ID, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(SORTABLE_ID, ForeignKey("tenants.id", ondelete="CASCADE"))
    name: Mapped[str]
    key_hash: Mapped[str] = mapped_column(unique=True, deferred=True)
    hint: Mapped[str | None]
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    replaced_by: Mapped[str | None] = mapped_column(SORTABLE_ID)


class Candidate(Base):
    """A person, by the platform's own identifier. Written by `gateway`."""

    __tablename__ = "candidates"
    __table_args__ = (UniqueConstraint("tenant_id", "id"), UniqueConstraint("tenant_id", "external_id"))

    id: Mapped[str] = mapped_column(SORTABLE_ID, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(SORTABLE_ID, ForeignKey("tenants.id", ondelete="CASCADE"))
    external_id: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class CandidateToken(Base):
    """Opens a candidate's own practice results; only its keyed hash is stored. Written by `gateway`."""

    __tablename__ = "candidate_tokens"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "candidate_id"],
            ["candidates.tenant_id", "candidates.id"],
            ondelete="CASCADE",
        ),
        Index("ix_candidate_tokens_candidate", "tenant_id", "candidate_id"),
    )

    id: Mapped[str] = mapped_column(SORTABLE_ID, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(SORTABLE_ID)
    candidate_id: Mapped[str] = mapped_column(SORTABLE_ID)
    token_hash: Mapped[str] = mapped_column(unique=True, deferred=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class Question(Base):
    """A question of a tenant's bank. Written by `gateway`."""

    __tablename__ = "questions"
    __table_args__ = (UniqueConstraint("tenant_id", "id"),)

    id: Mapped[str] = mapped_column(SORTABLE_ID, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(SORTABLE_ID, ForeignKey("tenants.id", ondelete="CASCADE"))
    text: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    archived_at: Mapped[datetime | None]


class Assessment(Base):
    """One answer on its way to a report. Written by `gateway`.

    `state` is what the gateway knows; the visible status follows from the report and the work ledger.
    `check_at` is when recovery looks at the row next; null once there is nothing left to recover.
    `refused` and `notices` are what the policy decided when the answer came: channels that may not be
    analysed, and what the report must warn of. `media_erased_at` is when its retention ended.
    The foreign keys carry the tenant, since referential checks do not see row-level security.
    """

    __tablename__ = "assessments"
    __table_args__ = (
        UniqueConstraint("tenant_id", "id"),
        ForeignKeyConstraint(["tenant_id", "candidate_id"], ["candidates.tenant_id", "candidates.id"]),
        ForeignKeyConstraint(["tenant_id", "question_id"], ["questions.tenant_id", "questions.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "interview_id", "candidate_id"],
            ["interviews.tenant_id", "interviews.id", "interviews.candidate_id"],
        ),
        ForeignKeyConstraint(
            ["tenant_id", "interview_id", "question_id"],
            [
                "interview_questions.tenant_id",
                "interview_questions.interview_id",
                "interview_questions.question_id",
            ],
        ),
        ForeignKeyConstraint(
            ["tenant_id", "consent_id", "candidate_id"],
            ["consents.tenant_id", "consents.id", "consents.candidate_id"],
        ),
        CheckConstraint("state IN ('queued', 'canceled', 'expired')", name="state"),
        Index(
            "ix_assessments_consent",
            "tenant_id",
            "consent_id",
            postgresql_where=text("consent_id IS NOT NULL"),
        ),
        Index("ix_assessments_created_at", "tenant_id", "created_at"),
        Index("ix_assessments_check_at", "check_at", postgresql_where=text("check_at IS NOT NULL")),
        Index("ix_assessments_candidate", "tenant_id", "candidate_id"),
        Index("ix_assessments_question", "tenant_id", "question_id"),
        Index(
            "ix_assessments_interview",
            "tenant_id",
            "interview_id",
            postgresql_where=text("interview_id IS NOT NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(SORTABLE_ID, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(SORTABLE_ID, ForeignKey("tenants.id", ondelete="CASCADE"))
    candidate_id: Mapped[str] = mapped_column(SORTABLE_ID)
    question_id: Mapped[str] = mapped_column(SORTABLE_ID)
    interview_id: Mapped[str | None] = mapped_column(SORTABLE_ID)
    purpose: Mapped[str]
    tags: Mapped[list[str]] = mapped_column(server_default="{}")
    media: Mapped[list[dict[str, Any]]]
    consent_id: Mapped[str | None] = mapped_column(SORTABLE_ID)
    refused: Mapped[list[str]] = mapped_column(server_default="{}")
    notices: Mapped[list[dict[str, Any]]] = mapped_column(server_default="[]")
    media_erased_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(server_default="queued")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    dispatched_at: Mapped[datetime | None]
    dispatches: Mapped[int] = mapped_column(server_default="0")
    check_at: Mapped[datetime | None] = mapped_column(server_default=text("now() + interval '15 seconds'"))


class ModalityResultRow(Base):
    """The stored `ModalityResult` of one modality. Written by `fusion`."""

    __tablename__ = "modality_results"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "assessment_id"],
            ["assessments.tenant_id", "assessments.id"],
            ondelete="CASCADE",
        ),
    )

    assessment_id: Mapped[str] = mapped_column(SORTABLE_ID, primary_key=True)
    modality: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[str] = mapped_column(SORTABLE_ID)
    status: Mapped[str]
    error_code: Mapped[str | None]
    result: Mapped[dict[str, Any]]


class ReportRow(Base):
    """The stored `Report` of an assessment. Written by `fusion`."""

    __tablename__ = "reports"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "assessment_id"],
            ["assessments.tenant_id", "assessments.id"],
            ondelete="CASCADE",
        ),
    )

    assessment_id: Mapped[str] = mapped_column(SORTABLE_ID, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(SORTABLE_ID)
    status: Mapped[str]
    report: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class AnswerScores(Base):
    """The scores that one set of models made of one answer, as the norms count them. Written by `fusion`.

    `model_key` names those models: scores of different versions never share a norm. A trigger adds every
    row to `norms` when it is inserted, and takes it out when it is deleted, whoever deletes it.
    """

    __tablename__ = "answer_scores"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "assessment_id"],
            ["assessments.tenant_id", "assessments.id"],
            ondelete="CASCADE",
        ),
        CheckConstraint("cardinality(scores) = cardinality(score_values)", name="one_value_each"),
        Index("ix_answer_scores_candidate", "tenant_id", "candidate_id", "model_key"),
    )

    assessment_id: Mapped[str] = mapped_column(SORTABLE_ID, primary_key=True)
    model_key: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[str] = mapped_column(SORTABLE_ID)
    candidate_id: Mapped[str] = mapped_column(SORTABLE_ID)
    month: Mapped[date]
    cohorts: Mapped[list[str]]
    scores: Mapped[list[str]]
    score_values: Mapped[list[float]]


class Norm(Base):
    """One cohort under one set of models.

    Written by the trigger on `answer_scores`, as are its blocks and months.
    """

    __tablename__ = "norms"
    __table_args__ = (UniqueConstraint("tenant_id", "cohort", "model_key", name="uq_norms_cohort"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(SORTABLE_ID, ForeignKey("tenants.id", ondelete="CASCADE"))
    cohort: Mapped[str]
    model_key: Mapped[str]


class NormBlock(Base):
    """People per bin of one score, 32 bins a row; see `services.common.statistics.histogram`.

    `n` and `total` (the sum of bins) follow from `counts`; ranking needs them of every block.
    """

    __tablename__ = "norm_blocks"
    __table_args__ = (CheckConstraint("0 <= ALL (counts)", name="counts"),)

    norm_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("norms.id", ondelete="CASCADE"), primary_key=True
    )
    score: Mapped[str] = mapped_column(primary_key=True)
    block: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(SORTABLE_ID)
    n: Mapped[int]
    total: Mapped[int] = mapped_column(BigInteger)
    counts: Mapped[list[int]]


class NormMonth(Base):
    """The same people by the month of the answer that counts; see `gateway.benchmarks.drift`."""

    __tablename__ = "norm_months"
    __table_args__ = (CheckConstraint("0 <= ALL (counts)", name="counts"),)

    norm_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("norms.id", ondelete="CASCADE"), primary_key=True
    )
    score: Mapped[str] = mapped_column(primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    tenant_id: Mapped[str] = mapped_column(SORTABLE_ID)
    n: Mapped[int]
    total: Mapped[int] = mapped_column(BigInteger)
    counts: Mapped[list[int]]


class VoiceSummaryRow(Base):
    """The mean voice embedding of one answer, for the candidate's later ones. Written by `fusion`.

    It describes a body, so it is personal data: it is deleted with its assessment, and the gateway may
    erase it alone.
    """

    __tablename__ = "voice_summaries"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "assessment_id"],
            ["assessments.tenant_id", "assessments.id"],
            ondelete="CASCADE",
        ),
        CheckConstraint("clips > 0 AND clips < 'infinity'", name="clips"),
        Index("ix_voice_summaries_candidate", "tenant_id", "candidate_id", "created_at"),
    )

    assessment_id: Mapped[str] = mapped_column(SORTABLE_ID, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(SORTABLE_ID)
    candidate_id: Mapped[str] = mapped_column(SORTABLE_ID)
    model_name: Mapped[str]
    model_version: Mapped[int]
    clips: Mapped[float]
    mean: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
