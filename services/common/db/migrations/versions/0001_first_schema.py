"""Tenants, keys, candidates, questions, assessments, results and reports, with row-level security."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TENANT_COLUMN = {
    "tenants": "id",
    "api_keys": "tenant_id",
    "candidates": "tenant_id",
    "questions": "tenant_id",
    "assessments": "tenant_id",
    "modality_results": "tenant_id",
    "reports": "tenant_id",
    "report_scores": "tenant_id",
}

GRANTS = """
GRANT USAGE ON SCHEMA public TO candor_gateway, candor_fusion, candor_definer;

GRANT SELECT ON tenants TO candor_gateway, candor_fusion;
GRANT SELECT, INSERT ON questions TO candor_gateway;
GRANT SELECT, INSERT, UPDATE (external_id) ON candidates TO candor_gateway;
GRANT SELECT, INSERT, DELETE, UPDATE (state, dispatched_at, dispatches, check_at)
    ON assessments TO candor_gateway;
GRANT SELECT ON modality_results, reports, report_scores TO candor_gateway;

GRANT SELECT ON assessments, candidates, questions TO candor_fusion;
GRANT SELECT, INSERT ON modality_results, reports, report_scores TO candor_fusion;

GRANT SELECT, UPDATE (last_used_at) ON api_keys TO candor_definer;
GRANT SELECT (id, tenant_id, state, check_at), UPDATE (check_at) ON assessments TO candor_definer;
GRANT SELECT (assessment_id) ON reports TO candor_definer;
"""

ACROSS_TENANTS = """
CREATE POLICY across_tenants ON api_keys TO candor_definer USING (true);
CREATE POLICY across_tenants ON assessments TO candor_definer USING (true);
CREATE POLICY across_tenants ON reports FOR SELECT TO candor_definer USING (true);
"""

AUTHENTICATE = """
CREATE FUNCTION candor_authenticate(presented_hash text)
RETURNS TABLE (key_id text, tenant_id text, scopes text[], revoked_at timestamptz)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    UPDATE public.api_keys SET last_used_at = now()
    WHERE key_hash = presented_hash AND api_keys.revoked_at IS NULL
      AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute');
    SELECT id, api_keys.tenant_id, api_keys.scopes, api_keys.revoked_at
    FROM public.api_keys WHERE key_hash = presented_hash;
$$
"""

CLAIM = """
CREATE FUNCTION candor_claim_unreported(most integer, lease interval)
RETURNS TABLE (assessment_id text, tenant_id text)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    WITH due AS (
        SELECT id FROM public.assessments
        WHERE check_at <= now() ORDER BY check_at LIMIT most FOR UPDATE SKIP LOCKED
    ), moved AS (
        UPDATE public.assessments AS a
        SET check_at = CASE
            WHEN a.state <> 'queued'
              OR EXISTS (SELECT FROM public.reports AS r WHERE r.assessment_id = a.id) THEN NULL
            ELSE now() + lease END
        FROM due WHERE a.id = due.id
        RETURNING a.id, a.tenant_id, a.check_at
    )
    SELECT id, moved.tenant_id FROM moved WHERE check_at IS NOT NULL ORDER BY id;
$$
"""


def _id(name: str, **options: object) -> sa.Column[str]:
    return sa.Column(name, sa.Text(collation="C"), nullable=False, **options)  # type: ignore[arg-type]


def _now(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now())


def _when(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True))


def _text(name: str, **options: object) -> sa.Column[str]:
    return sa.Column(name, sa.Text, **{"nullable": False, **options})  # type: ignore[arg-type]


def _of_tenant(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], f"fk_{table}_tenants", ondelete="CASCADE")


def _of_assessment(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", "assessment_id"],
        ["assessments.tenant_id", "assessments.id"],
        f"fk_{table}_assessments",
        ondelete="CASCADE",
    )


def _create_tenants() -> None:
    op.create_table(
        "tenants",
        _id("id"),
        _text("name"),
        _text("jurisdiction", server_default="unspecified"),
        _now("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_tenants"),
    )
    op.create_table(
        "api_keys",
        _id("id"),
        _id("tenant_id"),
        _text("name"),
        _text("key_hash"),
        sa.Column("scopes", ARRAY(sa.Text), nullable=False),
        _now("created_at"),
        _when("revoked_at"),
        _when("last_used_at"),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.UniqueConstraint("key_hash", name="uq_api_keys_key_hash"),
        _of_tenant("api_keys"),
    )


def _create_bank() -> None:
    op.create_table(
        "candidates",
        _id("id"),
        _id("tenant_id"),
        _text("external_id"),
        _now("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_candidates"),
        sa.UniqueConstraint("tenant_id", "id", name="uq_candidates_tenant_id_id"),
        sa.UniqueConstraint("tenant_id", "external_id", name="uq_candidates_tenant_id_external_id"),
        _of_tenant("candidates"),
    )
    op.create_table(
        "questions",
        _id("id"),
        _id("tenant_id"),
        _text("text"),
        _now("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_questions"),
        sa.UniqueConstraint("tenant_id", "id", name="uq_questions_tenant_id_id"),
        _of_tenant("questions"),
    )


def _create_assessments() -> None:
    op.create_table(
        "assessments",
        _id("id"),
        _id("tenant_id"),
        _id("candidate_id"),
        _id("question_id"),
        _text("purpose"),
        sa.Column("tags", ARRAY(sa.Text), nullable=False, server_default="{}"),
        sa.Column("media", JSONB, nullable=False),
        _text("state", server_default="queued"),
        _now("created_at"),
        _when("dispatched_at"),
        sa.Column("dispatches", sa.Integer, nullable=False, server_default="0"),
        sa.Column(
            "check_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now() + interval '15 seconds'"),
        ),
        sa.PrimaryKeyConstraint("id", name="pk_assessments"),
        sa.UniqueConstraint("tenant_id", "id", name="uq_assessments_tenant_id_id"),
        sa.CheckConstraint("state IN ('queued', 'canceled', 'expired')", name="ck_assessments_state"),
        _of_tenant("assessments"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "candidate_id"],
            ["candidates.tenant_id", "candidates.id"],
            "fk_assessments_candidates",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "question_id"],
            ["questions.tenant_id", "questions.id"],
            "fk_assessments_questions",
        ),
    )
    op.create_index(
        "ix_assessments_check_at",
        "assessments",
        ["check_at"],
        postgresql_where=sa.text("check_at IS NOT NULL"),
    )
    op.create_index("ix_assessments_candidate", "assessments", ["tenant_id", "candidate_id"])
    op.create_index("ix_assessments_question", "assessments", ["tenant_id", "question_id"])


def _create_results() -> None:
    op.create_table(
        "modality_results",
        _id("assessment_id"),
        _text("modality"),
        _id("tenant_id"),
        _text("status"),
        _text("error_code", nullable=True),
        sa.Column("result", JSONB, nullable=False),
        sa.PrimaryKeyConstraint("assessment_id", "modality", name="pk_modality_results"),
        _of_assessment("modality_results"),
    )
    op.create_table(
        "reports",
        _id("assessment_id"),
        _id("tenant_id"),
        _text("status"),
        sa.Column("report", JSONB, nullable=False),
        _now("created_at"),
        sa.PrimaryKeyConstraint("assessment_id", name="pk_reports"),
        _of_assessment("reports"),
    )
    op.create_table(
        "report_scores",
        _id("assessment_id"),
        _text("score"),
        _id("tenant_id"),
        _id("question_id"),
        _id("candidate_id"),
        sa.Column("value", sa.Double, nullable=False),
        _text("model_key"),
        _now("created_at"),
        sa.PrimaryKeyConstraint("assessment_id", "score", name="pk_report_scores"),
        _of_assessment("report_scores"),
    )
    op.create_index(
        "ix_report_scores_cohort", "report_scores", ["tenant_id", "question_id", "score", "model_key"]
    )


def _isolate_tenants() -> None:
    for table, column in TENANT_COLUMN.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY own_tenant ON {table} "
            f"USING ({column} = current_setting('candor.tenant_id', true))"
        )
    for statement in filter(None, map(str.strip, (GRANTS + ACROSS_TENANTS).split(";"))):
        op.execute(statement)


def _define_functions() -> None:
    """The only ways across tenants, owned by a role that nobody can log in as."""
    for definition, signature in (
        (AUTHENTICATE, "candor_authenticate(text)"),
        (CLAIM, "candor_claim_unreported(integer, interval)"),
    ):
        op.execute(definition)
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO candor_gateway")
        op.execute(f"ALTER FUNCTION {signature} OWNER TO candor_definer")


def upgrade() -> None:
    _create_tenants()
    _create_bank()
    _create_assessments()
    _create_results()
    _isolate_tenants()
    _define_functions()


def downgrade() -> None:
    op.execute("SET LOCAL ROLE candor_definer")
    op.execute("DROP FUNCTION candor_claim_unreported(integer, interval)")
    op.execute("DROP FUNCTION candor_authenticate(text)")
    op.execute("SET LOCAL ROLE candor_owner")
    for table in reversed(TENANT_COLUMN):
        op.drop_table(table)
