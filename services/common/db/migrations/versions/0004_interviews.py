"""Interviews: several answers of one candidate, and their common report. Questions can be archived."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = ("interviews", "interview_questions")

GRANTS = """
GRANT SELECT, INSERT, DELETE, UPDATE (state) ON interviews TO candor_gateway;
GRANT SELECT, INSERT ON interview_questions TO candor_gateway;
GRANT UPDATE (text, archived_at) ON questions TO candor_gateway;
"""


def _id(name: str, **options: object) -> sa.Column[str]:
    return sa.Column(name, sa.Text(collation="C"), **{"nullable": False, **options})  # type: ignore[arg-type]


def _create_interviews() -> None:
    op.create_table(
        "interviews",
        _id("id"),
        _id("tenant_id"),
        _id("candidate_id"),
        sa.Column("title", sa.Text),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("tags", ARRAY(sa.Text), nullable=False, server_default="{}"),
        sa.Column("state", sa.Text, nullable=False, server_default="open"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("id", name="pk_interviews"),
        sa.UniqueConstraint("tenant_id", "id", "candidate_id", name="uq_interviews_candidate"),
        sa.UniqueConstraint("tenant_id", "id", name="uq_interviews_tenant_id_id"),
        sa.CheckConstraint("state IN ('open', 'erasing')", name="ck_interviews_state"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], "fk_interviews_tenants", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "candidate_id"],
            ["candidates.tenant_id", "candidates.id"],
            "fk_interviews_candidates",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_interviews_candidate", "interviews", ["tenant_id", "candidate_id"])


def _create_interview_questions() -> None:
    op.create_table(
        "interview_questions",
        _id("interview_id"),
        sa.Column("position", sa.SmallInteger, nullable=False),
        _id("tenant_id"),
        _id("question_id"),
        sa.PrimaryKeyConstraint("interview_id", "position", name="pk_interview_questions"),
        sa.UniqueConstraint(
            "tenant_id", "interview_id", "question_id", name="uq_interview_questions_question"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "interview_id"],
            ["interviews.tenant_id", "interviews.id"],
            "fk_interview_questions_interviews",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "question_id"],
            ["questions.tenant_id", "questions.id"],
            "fk_interview_questions_questions",
        ),
    )
    op.create_index("ix_interview_questions_question", "interview_questions", ["tenant_id", "question_id"])


def _extend_assessments() -> None:
    """An answer of an interview is its candidate's, and to one of its questions, whoever writes it."""
    op.add_column("assessments", _id("interview_id", nullable=True))
    op.create_foreign_key(
        "fk_assessments_interviews",
        "assessments",
        "interviews",
        ["tenant_id", "interview_id", "candidate_id"],
        ["tenant_id", "id", "candidate_id"],
    )
    op.create_foreign_key(
        "fk_assessments_interview_questions",
        "assessments",
        "interview_questions",
        ["tenant_id", "interview_id", "question_id"],
        ["tenant_id", "interview_id", "question_id"],
    )
    op.create_index(
        "ix_assessments_interview",
        "assessments",
        ["tenant_id", "interview_id"],
        postgresql_where=sa.text("interview_id IS NOT NULL"),
    )


def upgrade() -> None:
    _create_interviews()
    _create_interview_questions()
    _extend_assessments()
    op.add_column("questions", sa.Column("archived_at", sa.DateTime(timezone=True)))
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY own_tenant ON {table} "
            "USING (tenant_id = current_setting('candor.tenant_id', true))"
        )
    for statement in filter(None, map(str.strip, GRANTS.split(";"))):
        op.execute(statement)


def downgrade() -> None:
    op.execute("REVOKE UPDATE (text, archived_at) ON questions FROM candor_gateway")
    op.drop_column("questions", "archived_at")
    op.drop_constraint("fk_assessments_interview_questions", "assessments")
    op.drop_constraint("fk_assessments_interviews", "assessments")
    op.drop_column("assessments", "interview_id")
    for table in reversed(TABLES):
        op.drop_table(table)
