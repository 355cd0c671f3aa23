"""What a request needs to be answered once: idempotency keys, resumable uploads."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLES = ("idempotency_keys", "uploads", "upload_parts")

GRANTS = """
GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_keys TO candor_gateway;
GRANT SELECT (tenant_id, key_hash, created_at), DELETE ON idempotency_keys TO candor_definer;
CREATE POLICY across_tenants ON idempotency_keys TO candor_definer USING (true);
GRANT SELECT, INSERT, DELETE, UPDATE (received_bytes, media, problem) ON uploads TO candor_gateway;
GRANT SELECT, INSERT, DELETE ON upload_parts TO candor_gateway;
GRANT SELECT (id, tenant_id, expires_at) ON uploads TO candor_definer;
CREATE POLICY across_tenants ON uploads FOR SELECT TO candor_definer USING (true);
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
EXPIRED_UPLOADS = """
CREATE FUNCTION candor_expired_uploads(most integer)
RETURNS TABLE (upload_id text, tenant_id text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT id, uploads.tenant_id FROM public.uploads WHERE expires_at < now() ORDER BY expires_at LIMIT most;
$$
"""
FUNCTIONS = (
    (SWEEP_KEYS, "candor_sweep_idempotency_keys(integer)"),
    (EXPIRED_UPLOADS, "candor_expired_uploads(integer)"),
)


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


def _create_uploads() -> None:
    op.create_table(
        "uploads",
        _id("id"),
        _id("tenant_id"),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("filename", sa.Text),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.Text),
        sa.Column("received_bytes", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("media", JSONB),
        sa.Column("problem", sa.Text),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_uploads"),
        sa.UniqueConstraint("tenant_id", "id", name="uq_uploads_tenant_id_id"),
        sa.CheckConstraint("received_bytes BETWEEN 0 AND size_bytes", name="ck_uploads_received_bytes"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], "fk_uploads_tenants", ondelete="CASCADE"),
    )
    op.create_index("ix_uploads_expires_at", "uploads", ["expires_at"])
    op.create_table(
        "upload_parts",
        _id("upload_id"),
        sa.Column("offset_bytes", sa.BigInteger, nullable=False),
        _id("tenant_id"),
        sa.Column("key", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("upload_id", "offset_bytes", name="pk_upload_parts"),
        _goes_with("upload_parts", "uploads", "upload_id"),
    )


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
    _create_uploads()
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
