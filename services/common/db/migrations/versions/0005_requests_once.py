"""What a request needs to be answered once: idempotency keys."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLES = ("idempotency_keys",)

GRANTS = """
GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_keys TO candor_gateway;
GRANT SELECT (tenant_id, key_hash, created_at), DELETE ON idempotency_keys TO candor_definer;
CREATE POLICY across_tenants ON idempotency_keys TO candor_definer USING (true);
"""

SWEEP_KEYS = """
CREATE FUNCTION candor_sweep_idempotency_keys(most integer)
RETURNS integer
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    WITH old AS (
        SELECT tenant_id, key_hash FROM public.idempotency_keys
        WHERE created_at < now() - interval '24 hours' ORDER BY created_at LIMIT most
    ), gone AS (
        DELETE FROM public.idempotency_keys AS k USING old
        WHERE (k.tenant_id, k.key_hash) = (old.tenant_id, old.key_hash)
        RETURNING 1
    )
    SELECT count(*)::integer FROM gone;
$$
"""
FUNCTIONS = ((SWEEP_KEYS, "candor_sweep_idempotency_keys(integer)"),)


def _id(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(collation="C"), nullable=nullable)


def _goes_with(table: str, target: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", column],
        [f"{target}.tenant_id", f"{target}.id"],
        f"fk_{table}_{target}",
        ondelete="CASCADE",
    )


def _create_idempotency_keys() -> None:
    table = "idempotency_keys"
    op.create_table(
        table,
        _id("tenant_id"),
        sa.Column("key_hash", sa.Text, nullable=False),
        sa.Column("attempt", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.SmallInteger),
        sa.Column("headers", JSONB),
        sa.Column("answer", sa.LargeBinary),
        _id("assessment_id", nullable=True),
        _id("candidate_id", nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("tenant_id", "key_hash", name="pk_idempotency_keys"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], f"fk_{table}_tenants", ondelete="CASCADE"),
        _goes_with(table, "assessments", "assessment_id"),
        _goes_with(table, "candidates", "candidate_id"),
    )
    op.create_index("ix_idempotency_keys_created_at", table, ["created_at"])
    op.create_index("ix_idempotency_keys_assessment", table, ["tenant_id", "assessment_id"])
    op.create_index("ix_idempotency_keys_candidate", table, ["tenant_id", "candidate_id"])


def _isolate(*tables: str) -> None:
    for table in tables:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY own_tenant ON {table} "
            "USING (tenant_id = current_setting('candor.tenant_id', true))"
        )


def upgrade() -> None:
    _create_idempotency_keys()
    _isolate(*TABLES)
    for statement in filter(None, map(str.strip, GRANTS.split(";"))):
        op.execute(statement)
    for definition, signature in FUNCTIONS:
        op.execute(definition)
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO candor_gateway")
        op.execute(f"ALTER FUNCTION {signature} OWNER TO candor_definer")


def downgrade() -> None:
    op.execute("SET LOCAL ROLE candor_definer")
    for _, signature in FUNCTIONS:
        op.execute(f"DROP FUNCTION {signature}")
    op.execute("SET LOCAL ROLE candor_owner")
    for table in reversed(TABLES):
        op.drop_table(table)
