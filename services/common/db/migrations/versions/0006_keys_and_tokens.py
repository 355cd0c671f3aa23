"""Expiry and rotation of API keys, which the gateway now keeps itself; tokens of candidates."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# The gateway sees everything of a key but its hash, and removes none: a revoked key stays to be seen.
GRANTS = """
GRANT SELECT (id, tenant_id, name, hint, scopes, created_at, expires_at, revoked_at, last_used_at,
    replaced_by) ON api_keys TO candor_gateway;
GRANT INSERT, UPDATE (expires_at, revoked_at, replaced_by) ON api_keys TO candor_gateway;
GRANT DELETE ON candidates TO candor_gateway;
GRANT SELECT (id, tenant_id, candidate_id, created_at, expires_at, revoked_at) ON candidate_tokens
    TO candor_gateway;
GRANT INSERT, UPDATE (revoked_at) ON candidate_tokens TO candor_gateway;
GRANT SELECT ON candidate_tokens TO candor_definer;
CREATE POLICY across_tenants ON candidate_tokens FOR SELECT TO candor_definer USING (true);
"""

REVOKES = """
REVOKE ALL ON api_keys FROM candor_gateway;
REVOKE DELETE ON candidates FROM candor_gateway;
"""

AUTHENTICATE = """
CREATE FUNCTION candor_authenticate(presented_hash text)
RETURNS TABLE (key_id text, tenant_id text, scopes text[], expires_at timestamptz,
               revoked boolean, expired boolean)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    UPDATE public.api_keys AS k SET last_used_at = now()
    WHERE k.key_hash = presented_hash AND k.revoked_at IS NULL
      AND (k.expires_at IS NULL OR k.expires_at > now())
      AND (k.last_used_at IS NULL OR k.last_used_at < now() - interval '1 minute');
    SELECT k.id, k.tenant_id, k.scopes, k.expires_at, k.revoked_at IS NOT NULL,
           k.expires_at IS NOT NULL AND k.expires_at <= now()
    FROM public.api_keys AS k WHERE k.key_hash = presented_hash;
$$
"""

AUTHENTICATE_CANDIDATE = """
CREATE FUNCTION candor_authenticate_candidate(presented_hash text)
RETURNS TABLE (token_id text, tenant_id text, candidate_id text, created_at timestamptz,
               expires_at timestamptz, revoked boolean, expired boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT t.id, t.tenant_id, t.candidate_id, t.created_at, t.expires_at, t.revoked_at IS NOT NULL,
           t.expires_at <= now()
    FROM public.candidate_tokens AS t WHERE t.token_hash = presented_hash;
$$
"""

AUTHENTICATE_BEFORE = """
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


def _execute_each(statements: str) -> None:
    for statement in filter(None, map(str.strip, statements.split(";"))):
        op.execute(statement)


def _id(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(collation="C"), nullable=False)


def _when(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True))


def _drop_function(signature: str) -> None:
    op.execute("SET LOCAL ROLE candor_definer")
    op.execute(f"DROP FUNCTION {signature}")
    op.execute("SET LOCAL ROLE candor_owner")


def _define_function(definition: str, signature: str) -> None:
    """A way across tenants, owned by a role that nobody can log in as."""
    op.execute(definition)
    op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO candor_gateway")
    op.execute(f"ALTER FUNCTION {signature} OWNER TO candor_definer")


def _create_candidate_tokens() -> None:
    op.create_table(
        "candidate_tokens",
        _id("id"),
        _id("tenant_id"),
        _id("candidate_id"),
        sa.Column("token_hash", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        _when("revoked_at"),
        sa.PrimaryKeyConstraint("id", name="pk_candidate_tokens"),
        sa.UniqueConstraint("token_hash", name="uq_candidate_tokens_token_hash"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "candidate_id"],
            ["candidates.tenant_id", "candidates.id"],
            "fk_candidate_tokens_candidates",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_candidate_tokens_candidate", "candidate_tokens", ["tenant_id", "candidate_id"])
    op.execute("ALTER TABLE candidate_tokens ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE candidate_tokens FORCE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY own_tenant ON candidate_tokens "
        "USING (tenant_id = current_setting('candor.tenant_id', true))"
    )


def upgrade() -> None:
    op.add_column("api_keys", sa.Column("hint", sa.Text))
    op.add_column("api_keys", _when("expires_at"))
    op.add_column("api_keys", sa.Column("replaced_by", sa.Text(collation="C")))
    _create_candidate_tokens()
    _execute_each(GRANTS)
    _drop_function("candor_authenticate(text)")
    _define_function(AUTHENTICATE, "candor_authenticate(text)")
    _define_function(AUTHENTICATE_CANDIDATE, "candor_authenticate_candidate(text)")


def downgrade() -> None:
    _drop_function("candor_authenticate_candidate(text)")
    _drop_function("candor_authenticate(text)")
    _define_function(AUTHENTICATE_BEFORE, "candor_authenticate(text)")
    _execute_each(REVOKES)
    op.drop_table("candidate_tokens")
    for column in ("replaced_by", "expires_at", "hint"):
        op.drop_column("api_keys", column)
