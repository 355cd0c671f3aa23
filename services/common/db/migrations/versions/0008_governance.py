"""Consents, jurisdictions, retention, erasure receipts and the audit log."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLES = ("audit_events", "audit_subjects", "consents", "candidate_demographics", "erasures")
CHANGED = {
    "assessments": ("consent_id", "refused", "notices", "media_erased_at"),
    "tenants": ("media_days", "features_days", "report_days"),
}

# Fusion gets nothing of demographics, so that no score can come to depend on them.
GRANTS = """
GRANT SELECT, INSERT ON audit_events TO candor_gateway;
GRANT SELECT, INSERT ON audit_subjects TO candor_gateway;
GRANT SELECT, INSERT, UPDATE (withdrawn_at) ON consents TO candor_gateway;
GRANT SELECT, INSERT, UPDATE, DELETE ON candidate_demographics TO candor_gateway;
GRANT SELECT, INSERT ON erasures TO candor_gateway;
GRANT UPDATE (jurisdiction, media_days, features_days, report_days) ON tenants TO candor_gateway;
GRANT UPDATE (media_erased_at) ON assessments TO candor_gateway;
GRANT SELECT (id) ON tenants TO candor_definer;
CREATE POLICY across_tenants ON tenants FOR SELECT TO candor_definer USING (true);
"""

LIST_TENANTS = """
CREATE FUNCTION candor_list_tenants() RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT id FROM public.tenants ORDER BY id;
$$
"""

# Not even the owner changes the log by accident: on purpose, it would have to drop the trigger first,
# and the chain of hashes would still tell.
APPEND_ONLY = """
CREATE FUNCTION candor_refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'audit_events is append-only' USING ERRCODE = 'insufficient_privilege';
END
$$
"""

TRIGGERS = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION candor_refuse_change();
"""


def _id(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(collation="C"), nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable)


def _when(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _now(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now())


def _of_tenant(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], f"fk_{table}_tenants", ondelete="CASCADE")


def _of_candidate(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", "candidate_id"],
        ["candidates.tenant_id", "candidates.id"],
        f"fk_{table}_candidates",
        ondelete="CASCADE",
    )


def _isolate(*tables: str) -> None:
    for table in tables:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY own_tenant ON {table} "
            "USING (tenant_id = current_setting('candor.tenant_id', true))"
        )


def _execute_each(statements: str) -> None:
    for statement in filter(None, map(str.strip, statements.split(";\n"))):
        op.execute(statement)


def _create_audit_events() -> None:
    op.create_table(
        "audit_events",
        _id("id"),
        _id("tenant_id"),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        _text("actor"),
        _text("action"),
        _text("subject"),
        sa.Column("details", JSONB, nullable=False),
        _when("created_at"),
        _text("previous_hash"),
        _text("hash"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_events"),
        sa.UniqueConstraint("tenant_id", "sequence", name="uq_audit_events_sequence"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], "fk_audit_events_tenants"),
    )
    op.execute(APPEND_ONLY)
    _execute_each(TRIGGERS)


def _create_audit_subjects() -> None:
    op.create_table(
        "audit_subjects",
        _id("id"),
        _id("tenant_id"),
        _id("candidate_id"),
        _id("subject"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_subjects"),
        sa.UniqueConstraint("tenant_id", "subject", name="uq_audit_subjects_subject"),
        _of_candidate("audit_subjects"),
    )
    op.create_index("ix_audit_subjects_candidate", "audit_subjects", ["tenant_id", "candidate_id"])


def _create_consents() -> None:
    op.create_table(
        "consents",
        _id("id"),
        _id("tenant_id"),
        _id("candidate_id"),
        _text("purpose"),
        _text("version"),
        _text("text_sha256", nullable=True),
        _when("consented_at"),
        _when("withdrawn_at", nullable=True),
        _now("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_consents"),
        sa.UniqueConstraint("tenant_id", "id", "candidate_id", name="uq_consents_candidate"),
        sa.UniqueConstraint(
            "tenant_id", "candidate_id", "purpose", "version", "consented_at", name="uq_consents_given"
        ),
        _of_candidate("consents"),
    )


def _create_demographics() -> None:
    op.create_table(
        "candidate_demographics",
        _id("tenant_id"),
        _id("candidate_id"),
        _text("sex", nullable=True),
        _text("race_ethnicity", nullable=True),
        _now("updated_at"),
        sa.PrimaryKeyConstraint("tenant_id", "candidate_id", name="pk_candidate_demographics"),
        _of_candidate("candidate_demographics"),
    )


def _create_erasures() -> None:
    op.create_table(
        "erasures",
        _id("id"),
        _id("tenant_id"),
        _text("cause"),
        sa.Column("receipt", JSONB, nullable=False),
        _text("hash"),
        _now("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_erasures"),
        _of_tenant("erasures"),
    )
    op.create_index("ix_erasures_tenant", "erasures", ["tenant_id", "id"])


def _extend_assessments() -> None:
    """What the policy decided is kept with the answer: a later change of jurisdiction changes no report."""
    op.add_column("assessments", _id("consent_id", nullable=True))
    op.add_column("assessments", sa.Column("refused", ARRAY(sa.Text), nullable=False, server_default="{}"))
    op.add_column("assessments", sa.Column("notices", JSONB, nullable=False, server_default="[]"))
    op.add_column("assessments", _when("media_erased_at", nullable=True))
    op.create_foreign_key(
        "fk_assessments_consents",
        "assessments",
        "consents",
        ["tenant_id", "consent_id", "candidate_id"],
        ["tenant_id", "id", "candidate_id"],
    )
    op.create_index(
        "ix_assessments_consent",
        "assessments",
        ["tenant_id", "consent_id"],
        postgresql_where=sa.text("consent_id IS NOT NULL"),
    )
    op.create_index("ix_assessments_created_at", "assessments", ["tenant_id", "created_at"])


def _extend_tenants() -> None:
    """Days that each kind of artefact is kept; null keeps it until it is erased."""
    op.add_column("tenants", sa.Column("media_days", sa.Integer, server_default="30"))
    op.add_column("tenants", sa.Column("features_days", sa.Integer))
    op.add_column("tenants", sa.Column("report_days", sa.Integer))
    op.create_check_constraint(
        op.f("ck_tenants_retention"), "tenants", "media_days > 0 AND features_days > 0 AND report_days > 0"
    )
    op.create_check_constraint(
        op.f("ck_tenants_jurisdiction"),
        "tenants",
        "jurisdiction IN ('unspecified', 'eu', 'us-il', 'us-ny', 'other')",
    )


def _define_functions() -> None:
    op.execute(LIST_TENANTS)
    op.execute("REVOKE ALL ON FUNCTION candor_list_tenants() FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION candor_list_tenants() TO candor_gateway")
    op.execute("ALTER FUNCTION candor_list_tenants() OWNER TO candor_definer")


def upgrade() -> None:
    _create_audit_events()
    _create_audit_subjects()
    _create_consents()
    _create_demographics()
    _create_erasures()
    _extend_assessments()
    _extend_tenants()
    _isolate(*TABLES)
    _execute_each(GRANTS)
    _define_functions()


def downgrade() -> None:
    op.execute("SET LOCAL ROLE candor_definer")
    op.execute("DROP FUNCTION candor_list_tenants()")
    op.execute("SET LOCAL ROLE candor_owner")
    op.execute("DROP POLICY across_tenants ON tenants")
    op.execute("REVOKE SELECT (id) ON tenants FROM candor_definer")
    op.execute("REVOKE UPDATE (jurisdiction) ON tenants FROM candor_gateway")
    op.drop_constraint("fk_assessments_consents", "assessments")
    op.drop_constraint("ck_tenants_jurisdiction", "tenants")
    op.drop_index("ix_assessments_created_at", "assessments")
    for table, columns in CHANGED.items():
        for column in columns:
            op.drop_column(table, column)
    for table in reversed(TABLES):
        op.drop_table(table)
    op.execute("DROP FUNCTION candor_refuse_change()")
