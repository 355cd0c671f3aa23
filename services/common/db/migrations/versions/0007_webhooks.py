"""Webhook endpoints, events, and what became of each delivery."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLES = ("webhook_endpoints", "events", "webhook_deliveries", "webhook_attempts")

GRANTS = """
GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_endpoints TO candor_gateway;
GRANT SELECT, INSERT ON events TO candor_gateway;
GRANT SELECT, INSERT, UPDATE ON webhook_deliveries TO candor_gateway;
GRANT SELECT, INSERT ON webhook_attempts TO candor_gateway;

GRANT SELECT (id, tenant_id, status, event_types, failing_since, paused_until)
    ON webhook_endpoints TO candor_definer;
GRANT SELECT (id, created_at), INSERT, DELETE ON events TO candor_definer;
GRANT SELECT (id, tenant_id, endpoint_id, due_at), INSERT, UPDATE (due_at)
    ON webhook_deliveries TO candor_definer;
CREATE POLICY across_tenants ON webhook_endpoints FOR SELECT TO candor_definer USING (true);
CREATE POLICY across_tenants ON events TO candor_definer USING (true);
CREATE POLICY across_tenants ON webhook_deliveries TO candor_definer USING (true);
"""

# The same identifiers as gateway/http/ids.py makes: 48 bits of milliseconds, then 80 random bits, in
# Crockford's base 32. Byte 6 of a random UUID holds its version, so that its low five bits are not all
# random: skipped.
NEW_ID = """
CREATE FUNCTION candor_new_id(prefix text) RETURNS text
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
    WITH source AS MATERIALIZED (
        SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS ms,
               uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) AS noise
    ), digits AS (
        SELECT 9 - place AS place, (ms >> (5 * place)) & 31 AS digit
        FROM source, generate_series(0, 9) AS place
        UNION ALL
        SELECT 10 + place, get_byte(noise, place + CASE WHEN place < 6 THEN 0 ELSE 1 END) & 31
        FROM source, generate_series(0, 15) AS place
    )
    SELECT prefix || '_' || string_agg(
        substr('0123456789abcdefghjkmnpqrstvwxyz', digit::integer + 1, 1), '' ORDER BY place)
    FROM digits;
$$
"""

# Runs with the rights of whoever calls it: the gateway stays inside its tenant, the trigger below does not
# have to.
EMIT = """
CREATE FUNCTION candor_emit(
    of_tenant text, event_type text, subject text, of_assessment text, of_candidate text, only_endpoint text)
RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    new_event constant text := public.candor_new_id('evt');
BEGIN
    INSERT INTO public.events (id, tenant_id, type, subject_id, assessment_id, candidate_id)
    VALUES (new_event, of_tenant, event_type, subject, of_assessment, of_candidate);
    INSERT INTO public.webhook_deliveries (id, tenant_id, event_id, endpoint_id)
    SELECT public.candor_new_id('whd'), of_tenant, new_event, e.id
    FROM public.webhook_endpoints AS e
    WHERE e.tenant_id = of_tenant AND e.status = 'enabled' AND CASE
        WHEN only_endpoint IS NOT NULL THEN e.id = only_endpoint
        ELSE cardinality(e.event_types) = 0 OR event_type = ANY (e.event_types) END;
    RETURN new_event;
END
$$
"""

REPORTED = """
CREATE FUNCTION candor_emit_reported() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM public.candor_emit(
        NEW.tenant_id, 'assessment.' || NEW.status, NEW.assessment_id, NEW.assessment_id, NULL, NULL);
    RETURN NULL;
END
$$
"""

TRIGGER = """
CREATE TRIGGER emit_reported AFTER INSERT ON reports
    FOR EACH ROW EXECUTE FUNCTION candor_emit_reported()
"""

# A few of each endpoint's at once, less those that the caller is sending already (`busy` names an endpoint
# once for each), so that neither a long backlog nor a slow receiver takes everybody's turn; those that fail
# come last.
CLAIM = """
CREATE FUNCTION candor_claim_deliveries(most integer, each integer, busy text[], lease interval)
RETURNS TABLE (delivery_id text, tenant_id text, endpoint_id text, due_at timestamptz)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
    WITH due AS (
        SELECT d.id FROM public.webhook_endpoints AS e
        CROSS JOIN LATERAL (
            SELECT w.id, w.due_at FROM public.webhook_deliveries AS w
            WHERE w.endpoint_id = e.id AND w.due_at <= now()
            ORDER BY w.due_at LIMIT greatest(each - cardinality(array_positions(busy, e.id)), 0)
            FOR UPDATE SKIP LOCKED
        ) AS d
        WHERE e.status = 'enabled' AND (e.paused_until IS NULL OR e.paused_until <= now())
        ORDER BY e.failing_since IS NOT NULL, d.due_at LIMIT most
    )
    UPDATE public.webhook_deliveries AS w SET due_at = now() + lease
    FROM due WHERE w.id = due.id
    RETURNING w.id, w.tenant_id, w.endpoint_id, w.due_at;
$$
"""

FORGET = """
CREATE FUNCTION candor_forget_events(most integer, age interval) RETURNS integer
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
    WITH old AS (
        SELECT id FROM public.events
        WHERE created_at < now() - age ORDER BY created_at LIMIT most
    ), gone AS (
        DELETE FROM public.events AS e USING old WHERE e.id = old.id RETURNING e.id
    )
    SELECT count(*)::integer FROM gone;
$$
"""

FUNCTIONS = {
    "candor_new_id(text)": (NEW_ID, "candor_gateway, candor_definer"),
    "candor_emit(text, text, text, text, text, text)": (EMIT, "candor_gateway, candor_definer"),
    "candor_claim_deliveries(integer, integer, text[], interval)": (CLAIM, "candor_gateway"),
    "candor_forget_events(integer, interval)": (FORGET, "candor_gateway"),
}
OF_DEFINER = (
    "candor_claim_deliveries(integer, integer, text[], interval)",
    "candor_forget_events(integer, interval)",
)


def _id(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(collation="C"), nullable=nullable)


def _text(name: str, **options: object) -> sa.Column[str]:
    return sa.Column(name, sa.Text, **{"nullable": False, **options})  # type: ignore[arg-type]


def _when(name: str, **options: object) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), **options)  # type: ignore[arg-type]


def _now(name: str) -> sa.Column[object]:
    return _when(name, nullable=False, server_default=sa.func.now())


def _of(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", column],
        [f"{target}.tenant_id", f"{target}.id"],
        f"fk_{table}_{target}",
        ondelete="CASCADE",
    )


def _of_tenant(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], f"fk_{table}_tenants", ondelete="CASCADE")


def _create_endpoints() -> None:
    op.create_table(
        "webhook_endpoints",
        _id("id"),
        _id("tenant_id"),
        _text("url"),
        _text("description", server_default=""),
        sa.Column("event_types", ARRAY(sa.Text), nullable=False, server_default="{}"),
        _text("status", server_default="enabled"),
        _text("disabled_reason", nullable=True),
        _when("disabled_at"),
        _when("failing_since"),
        _when("paused_until"),
        _text("secret_salt"),
        _text("previous_salt", nullable=True),
        _when("previous_until"),
        _now("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_endpoints"),
        sa.UniqueConstraint("tenant_id", "id", name="uq_webhook_endpoints_tenant_id_id"),
        sa.CheckConstraint("status IN ('enabled', 'disabled')", name="ck_webhook_endpoints_status"),
        _of_tenant("webhook_endpoints"),
    )


def _create_events() -> None:
    op.create_table(
        "events",
        _id("id"),
        _id("tenant_id"),
        _text("type"),
        _id("subject_id"),
        _id("assessment_id", nullable=True),
        _id("candidate_id", nullable=True),
        _now("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sa.UniqueConstraint("tenant_id", "id", name="uq_events_tenant_id_id"),
        _of_tenant("events"),
        _of("events", "assessment_id", "assessments"),
        _of("events", "candidate_id", "candidates"),
    )
    op.create_index("ix_events_assessment", "events", ["tenant_id", "assessment_id"])
    op.create_index("ix_events_candidate", "events", ["tenant_id", "candidate_id"])
    op.create_index("ix_events_created_at", "events", ["created_at"])


def _create_deliveries() -> None:
    op.create_table(
        "webhook_deliveries",
        _id("id"),
        _id("tenant_id"),
        _id("event_id"),
        _id("endpoint_id"),
        _text("status", server_default="pending"),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        _when("due_at", server_default=sa.func.now()),
        _now("created_at"),
        _when("settled_at"),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_deliveries"),
        sa.UniqueConstraint("tenant_id", "id", name="uq_webhook_deliveries_tenant_id_id"),
        sa.CheckConstraint(
            "status IN ('pending', 'delivered', 'failed')", name="ck_webhook_deliveries_status"
        ),
        _of("webhook_deliveries", "event_id", "events"),
        _of("webhook_deliveries", "endpoint_id", "webhook_endpoints"),
    )
    op.create_index(
        "ix_webhook_deliveries_due",
        "webhook_deliveries",
        ["endpoint_id", "due_at"],
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index("ix_webhook_deliveries_event", "webhook_deliveries", ["tenant_id", "event_id"])
    op.create_index("ix_webhook_deliveries_endpoint", "webhook_deliveries", ["tenant_id", "endpoint_id"])
    op.create_table(
        "webhook_attempts",
        _id("delivery_id"),
        sa.Column("number", sa.Integer, nullable=False),
        _id("tenant_id"),
        _when("attempted_at", nullable=False),
        sa.Column("duration_ms", sa.Integer, nullable=False),
        sa.Column("status_code", sa.Integer),
        _text("error", nullable=True),
        sa.PrimaryKeyConstraint("delivery_id", "number", name="pk_webhook_attempts"),
        _of("webhook_attempts", "delivery_id", "webhook_deliveries"),
    )


def _isolate(*tables: str) -> None:
    for table in tables:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY own_tenant ON {table} "
            "USING (tenant_id = current_setting('candor.tenant_id', true))"
        )


def _define_functions() -> None:
    for signature, (definition, callers) in FUNCTIONS.items():
        op.execute(definition)
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO {callers}")
    for signature in OF_DEFINER:
        op.execute(f"ALTER FUNCTION {signature} OWNER TO candor_definer")
    op.execute(REPORTED)
    op.execute(TRIGGER)
    op.execute("REVOKE ALL ON FUNCTION candor_emit_reported() FROM PUBLIC")
    op.execute("ALTER FUNCTION candor_emit_reported() OWNER TO candor_definer")


def upgrade() -> None:
    _create_endpoints()
    _create_events()
    _create_deliveries()
    _isolate(*TABLES)
    for statement in filter(None, map(str.strip, GRANTS.split(";"))):
        op.execute(statement)
    _define_functions()


def downgrade() -> None:
    op.execute("DROP TRIGGER emit_reported ON reports")
    op.execute("SET LOCAL ROLE candor_definer")
    op.execute("DROP FUNCTION candor_emit_reported()")
    for signature in OF_DEFINER:
        op.execute(f"DROP FUNCTION {signature}")
    op.execute("SET LOCAL ROLE candor_owner")
    for signature in reversed([name for name in FUNCTIONS if name not in OF_DEFINER]):
        op.execute(f"DROP FUNCTION {signature}")
    for table in reversed(TABLES):
        op.drop_table(table)
