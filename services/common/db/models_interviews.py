"""The tables of interviews: the questions that were put to each candidate. See `models`."""

from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    UniqueConstraint,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.common.db.base import SORTABLE_ID, Base


class Interview(Base):
    """Several questions put to one candidate. Written by `gateway`.

    `state` is `erasing` from the moment somebody asked for erasure, so that no further answer is taken.
    The state of its answers follows from them, and is stored nowhere else.
    """

    __tablename__ = "interviews"
    __table_args__ = (
        UniqueConstraint("tenant_id", "id"),
        UniqueConstraint("tenant_id", "id", "candidate_id", name="uq_interviews_candidate"),
        ForeignKeyConstraint(
            ["tenant_id", "candidate_id"], ["candidates.tenant_id", "candidates.id"], ondelete="CASCADE"
        ),
        CheckConstraint("state IN ('open', 'erasing')", name="state"),
        Index("ix_interviews_candidate", "tenant_id", "candidate_id"),
    )

    id: Mapped[str] = mapped_column(SORTABLE_ID, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(SORTABLE_ID, ForeignKey("tenants.id", ondelete="CASCADE"))
    candidate_id: Mapped[str] = mapped_column(SORTABLE_ID)
    title: Mapped[str | None]
    purpose: Mapped[str]
    tags: Mapped[list[str]] = mapped_column(server_default="{}")
    state: Mapped[str] = mapped_column(server_default="open")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class InterviewQuestion(Base):
    """A question of an interview, at its place (0 is the first). Written by `gateway`."""

    __tablename__ = "interview_questions"
    __table_args__ = (
        UniqueConstraint("tenant_id", "interview_id", "question_id", name="uq_interview_questions_question"),
        ForeignKeyConstraint(
            ["tenant_id", "interview_id"], ["interviews.tenant_id", "interviews.id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(["tenant_id", "question_id"], ["questions.tenant_id", "questions.id"]),
        Index("ix_interview_questions_question", "tenant_id", "question_id"),
    )

    interview_id: Mapped[str] = mapped_column(SORTABLE_ID, primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(SORTABLE_ID)
    question_id: Mapped[str] = mapped_column(SORTABLE_ID)
