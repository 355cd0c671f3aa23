"""Consents, jurisdictions, retention, erasure receipts and the audit log."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLES = ("audit_events",)

GRANTS = """
GRANT SELECT, INSERT ON audit_events TO candor_gateway;
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


def _id(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(collation="C"), nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _when(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


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


def upgrade() -> None:
    _create_audit_events()
    _isolate(*TABLES)
    _execute_each(GRANTS)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    op.execute("DROP FUNCTION candor_refuse_change()")
