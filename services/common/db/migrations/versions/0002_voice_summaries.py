"""Mean voice embeddings of earlier answers, with row-level security; they go with their assessment."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _id(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(collation="C"), nullable=False)


def upgrade() -> None:
    op.create_table(
        "voice_summaries",
        _id("assessment_id"),
        _id("tenant_id"),
        _id("candidate_id"),
        sa.Column("model_name", sa.Text, nullable=False),
        sa.Column("model_version", sa.Integer, nullable=False),
        sa.Column("clips", sa.Double, nullable=False),
        sa.Column("mean", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("assessment_id", name="pk_voice_summaries"),
        sa.CheckConstraint("clips > 0 AND clips < 'infinity'", name="ck_voice_summaries_clips"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "assessment_id"],
            ["assessments.tenant_id", "assessments.id"],
            "fk_voice_summaries_assessments",
            ondelete="CASCADE",
        ),
    )
    op.create_index(
        "ix_voice_summaries_candidate", "voice_summaries", ["tenant_id", "candidate_id", "created_at"]
    )
    op.execute("ALTER TABLE voice_summaries ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE voice_summaries FORCE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY own_tenant ON voice_summaries "
        "USING (tenant_id = current_setting('candor.tenant_id', true))"
    )
    op.execute("GRANT SELECT, INSERT ON voice_summaries TO candor_fusion")
    op.execute("GRANT SELECT, DELETE ON voice_summaries TO candor_gateway")


def downgrade() -> None:
    op.drop_table("voice_summaries")
