"""Scores of an answer in one row per set of models, and the norms that a trigger counts them into."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = ("answer_scores", "norms", "norm_blocks", "norm_months")
FUNCTIONS = ("candor_count_norms()", "candor_add_counts(integer[], integer[], integer[])")

GRANTS = """
GRANT SELECT, INSERT ON answer_scores TO candor_fusion;
GRANT SELECT ON norms, norm_blocks, norm_months TO candor_fusion, candor_gateway;
GRANT SELECT ON answer_scores TO candor_gateway, candor_definer;
GRANT SELECT, INSERT, UPDATE, DELETE ON norms, norm_blocks, norm_months TO candor_definer;
CREATE POLICY across_tenants ON answer_scores FOR SELECT TO candor_definer USING (true);
CREATE POLICY across_tenants ON norms TO candor_definer USING (true);
CREATE POLICY across_tenants ON norm_blocks TO candor_definer USING (true);
CREATE POLICY across_tenants ON norm_months TO candor_definer USING (true);
"""

ADD = """
CREATE FUNCTION candor_add_counts(counts integer[], places integer[], changes integer[]) RETURNS integer[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    FOR number IN 1 .. cardinality(places) LOOP
        counts[places[number]] := counts[places[number]] + changes[number];
    END LOOP;
    RETURN counts;
END
$$
"""

# A candidate counts once in each norm, with the answer that was handed in last (identifiers sort by
# time). The difference between "last of all" and "last of those that were not changed" is what an insertion
# adds, and what a deletion takes. One tenant's changes take turns, so that nobody counts twice and nothing
# locks crosswise. What changes is one statement, for any number of answers, planned once per connection: of
# its parameters none changes the plan, and a connection that was there when the tables were empty must not
# go on reading them from end to end.
COUNT = """
CREATE FUNCTION candor_count_norms() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
AS $$
DECLARE
    sign constant integer := CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END;
    nobody constant integer[] := array_fill(0, ARRAY[32]);
    emptied bigint[];
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('candor.norms ' || tenant_id, 0))
    FROM (SELECT DISTINCT tenant_id FROM changed ORDER BY tenant_id) AS tenants;

    IF TG_OP = 'INSERT' THEN
        INSERT INTO public.norms (tenant_id, cohort, model_key)
        SELECT * FROM (
            SELECT DISTINCT c.tenant_id, part.cohort, c.model_key
            FROM changed AS c, unnest(c.cohorts) AS part(cohort)
        ) AS named
        WHERE (SELECT n.id FROM public.norms AS n
               WHERE (n.tenant_id, n.cohort, n.model_key)
                   = (named.tenant_id, named.cohort, named.model_key)) IS NULL;
    END IF;

    WITH people AS (
        SELECT DISTINCT tenant_id, candidate_id, model_key FROM changed
    ), affected AS MATERIALIZED (
        SELECT tenant_id, candidate_id, model_key, cohort, (
                   SELECT n.id FROM public.norms AS n
                   WHERE (n.tenant_id, n.cohort, n.model_key)
                       = (named.tenant_id, named.cohort, named.model_key)) AS norm_id
        FROM (SELECT DISTINCT c.tenant_id, c.candidate_id, c.model_key, part.cohort
              FROM changed AS c, unnest(c.cohorts) AS part(cohort)) AS named
    ), answers AS MATERIALIZED (
        SELECT tenant_id, candidate_id, model_key, assessment_id, month, cohorts, scores, score_values,
               true AS is_changed
        FROM changed
        UNION ALL
        SELECT tenant_id, candidate_id, model_key, a.assessment_id, a.month, a.cohorts, a.scores,
               a.score_values, false
        FROM people JOIN public.answer_scores AS a USING (tenant_id, candidate_id, model_key)
        WHERE (a.assessment_id, a.model_key) NOT IN (SELECT assessment_id, model_key FROM changed)
    ), members AS MATERIALIZED (
        SELECT f.norm_id, f.tenant_id, a.candidate_id, a.assessment_id, a.month, a.is_changed,
               s.score, round(s.value * 1000)::smallint AS bin
        FROM affected AS f
        JOIN answers AS a USING (tenant_id, candidate_id, model_key)
        CROSS JOIN unnest(a.scores, a.score_values) AS s(score, value)
        WHERE f.cohort = ANY (a.cohorts)
    ), steps AS (
        (SELECT DISTINCT ON (norm_id, candidate_id, score)
                norm_id, tenant_id, score, bin, month, sign AS change
         FROM members ORDER BY norm_id, candidate_id, score, assessment_id DESC)
        UNION ALL
        (SELECT DISTINCT ON (norm_id, candidate_id, score)
                norm_id, tenant_id, score, bin, month, -sign
         FROM members WHERE NOT is_changed ORDER BY norm_id, candidate_id, score, assessment_id DESC)
    ), sums AS MATERIALIZED (
        SELECT norm_id, tenant_id, score, month, bin, sum(change)::integer AS change
        FROM steps GROUP BY norm_id, tenant_id, score, month, bin HAVING sum(change) <> 0
    ), in_blocks AS MATERIALIZED (
        SELECT norm_id, score, (bin >> 5)::smallint AS block, tenant_id, sum(change)::integer AS n,
               sum(change * bin) AS total, array_agg((bin & 31) + 1) AS places, array_agg(change) AS changes
        FROM sums GROUP BY norm_id, score, bin >> 5, tenant_id
    ), in_months AS MATERIALIZED (
        SELECT norm_id, score, month, tenant_id, sum(change)::integer AS n, sum(change * bin) AS total,
               array_agg(least(greatest(bin >> 5, 0), 31) + 1) AS places, array_agg(change) AS changes
        FROM sums GROUP BY norm_id, score, month, tenant_id
    ), blocks AS (
        UPDATE public.norm_blocks AS b
        SET n = b.n + s.n, total = b.total + s.total,
            counts = public.candor_add_counts(b.counts, s.places, s.changes)
        FROM in_blocks AS s
        WHERE (b.norm_id, b.score, b.block) = (s.norm_id, s.score, s.block)
        RETURNING b.norm_id, b.score, b.block, b.n
    ), months AS (
        UPDATE public.norm_months AS m
        SET n = m.n + s.n, total = m.total + s.total,
            counts = public.candor_add_counts(m.counts, s.places, s.changes)
        FROM in_months AS s
        WHERE (m.norm_id, m.score, m.month) = (s.norm_id, s.score, s.month)
        RETURNING m.norm_id, m.score, m.month, m.n
    ), first_blocks AS (
        INSERT INTO public.norm_blocks (norm_id, score, block, tenant_id, n, total, counts)
        SELECT norm_id, score, block, tenant_id, n, total,
               public.candor_add_counts(nobody, places, changes)
        FROM in_blocks WHERE (norm_id, score, block) NOT IN (SELECT norm_id, score, block FROM blocks)
    ), first_months AS (
        INSERT INTO public.norm_months (norm_id, score, month, tenant_id, n, total, counts)
        SELECT norm_id, score, month, tenant_id, n, total,
               public.candor_add_counts(nobody, places, changes)
        FROM in_months WHERE (norm_id, score, month) NOT IN (SELECT norm_id, score, month FROM months)
    )
    SELECT array_agg(norm_id) INTO emptied FROM (
        SELECT norm_id FROM blocks WHERE n = 0 UNION SELECT norm_id FROM months WHERE n = 0
    ) AS without_people;

    IF emptied IS NOT NULL THEN
        DELETE FROM public.norm_blocks WHERE norm_id = ANY (emptied) AND n = 0;
        DELETE FROM public.norm_months WHERE norm_id = ANY (emptied) AND n = 0;
        DELETE FROM public.norms WHERE id = ANY (emptied)
            AND NOT EXISTS (SELECT FROM public.norm_months AS m WHERE m.norm_id = norms.id);
    END IF;
    RETURN NULL;
END
$$
"""

TRIGGERS = """
CREATE TRIGGER count_in AFTER INSERT ON answer_scores REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION candor_count_norms();
CREATE TRIGGER count_out AFTER DELETE ON answer_scores REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION candor_count_norms();
"""

MOVE = """
INSERT INTO answer_scores
    (assessment_id, model_key, tenant_id, candidate_id, month, cohorts, scores, score_values)
SELECT a.id, s.model_key, a.tenant_id, a.candidate_id, date_trunc('month', a.created_at AT TIME ZONE 'UTC'),
       ARRAY['question:' || a.question_id]
           || (SELECT coalesce(array_agg(DISTINCT 'tag:' || tag), '{}') FROM unnest(a.tags) AS tag)
           || 'tenant'::text,
       array_agg(s.score ORDER BY s.score), array_agg(s.value ORDER BY s.score)
FROM report_scores AS s JOIN assessments AS a ON a.id = s.assessment_id
GROUP BY a.id, s.model_key
"""

MOVE_BACK = """
INSERT INTO report_scores
    (assessment_id, score, tenant_id, question_id, candidate_id, value, model_key, created_at)
SELECT a.id, s.score, a.tenant_id, a.question_id, a.candidate_id, s.value, k.model_key, r.created_at
FROM answer_scores AS k
JOIN assessments AS a ON a.id = k.assessment_id
JOIN reports AS r ON r.assessment_id = a.id
CROSS JOIN unnest(k.scores, k.score_values) AS s(score, value)
"""


def _id(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(collation="C"), nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _counts() -> sa.Column[object]:
    return sa.Column("counts", ARRAY(sa.Integer), nullable=False)


def _of_norm(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["norm_id"], ["norms.id"], f"fk_{table}_norms", ondelete="CASCADE")


def _of_assessment(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", "assessment_id"],
        ["assessments.tenant_id", "assessments.id"],
        f"fk_{table}_assessments",
        ondelete="CASCADE",
    )


def _create_answer_scores() -> None:
    op.create_table(
        "answer_scores",
        _id("assessment_id"),
        _text("model_key"),
        _id("tenant_id"),
        _id("candidate_id"),
        sa.Column("month", sa.Date, nullable=False),
        sa.Column("cohorts", ARRAY(sa.Text), nullable=False),
        sa.Column("scores", ARRAY(sa.Text), nullable=False),
        sa.Column("score_values", ARRAY(sa.Double), nullable=False),
        sa.PrimaryKeyConstraint("assessment_id", "model_key", name="pk_answer_scores"),
        sa.CheckConstraint(
            "cardinality(scores) = cardinality(score_values)", name="ck_answer_scores_one_value_each"
        ),
        _of_assessment("answer_scores"),
    )
    op.create_index("ix_answer_scores_candidate", "answer_scores", ["tenant_id", "candidate_id", "model_key"])


def _create_norms() -> None:
    op.create_table(
        "norms",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        _id("tenant_id"),
        _text("cohort"),
        _text("model_key"),
        sa.PrimaryKeyConstraint("id", name="pk_norms"),
        sa.UniqueConstraint("tenant_id", "cohort", "model_key", name="uq_norms_cohort"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], "fk_norms_tenants", ondelete="CASCADE"),
    )
    op.create_table(
        "norm_blocks",
        sa.Column("norm_id", sa.BigInteger, nullable=False),
        _text("score"),
        sa.Column("block", sa.SmallInteger, nullable=False),
        _id("tenant_id"),
        sa.Column("n", sa.Integer, nullable=False),
        sa.Column("total", sa.BigInteger, nullable=False),
        _counts(),
        sa.PrimaryKeyConstraint("norm_id", "score", "block", name="pk_norm_blocks"),
        sa.CheckConstraint("0 <= ALL (counts)", name="ck_norm_blocks_counts"),
        _of_norm("norm_blocks"),
    )
    op.create_table(
        "norm_months",
        sa.Column("norm_id", sa.BigInteger, nullable=False),
        _text("score"),
        sa.Column("month", sa.Date, nullable=False),
        _id("tenant_id"),
        sa.Column("n", sa.Integer, nullable=False),
        sa.Column("total", sa.BigInteger, nullable=False),
        _counts(),
        sa.PrimaryKeyConstraint("norm_id", "score", "month", name="pk_norm_months"),
        sa.CheckConstraint("0 <= ALL (counts)", name="ck_norm_months_counts"),
        _of_norm("norm_months"),
    )
    for table in ("norm_blocks", "norm_months"):  # room for updates that leave the index alone
        op.execute(f"ALTER TABLE {table} SET (fillfactor = 80)")


def _isolate(*tables: str) -> None:
    for table in tables:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY own_tenant ON {table} "
            "USING (tenant_id = current_setting('candor.tenant_id', true))"
        )


def _execute_each(statements: str) -> None:
    for statement in filter(None, map(str.strip, statements.split(";"))):
        op.execute(statement)


def _as_owner_of_all_tenants(statement: str, *tables: str) -> None:
    """Run `statement` on the rows of every tenant; the owner is otherwise held to one."""
    for table in tables:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(statement)
    for table in tables:
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def upgrade() -> None:
    _create_answer_scores()
    _create_norms()
    _isolate(*TABLES)
    _execute_each(GRANTS)
    op.execute(ADD)
    op.execute(COUNT)
    _execute_each(TRIGGERS)
    for function in FUNCTIONS:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"ALTER FUNCTION {function} OWNER TO candor_definer")
    _as_owner_of_all_tenants(MOVE, "report_scores", "assessments", "answer_scores")
    op.drop_table("report_scores")


def _create_report_scores() -> None:
    op.create_table(
        "report_scores",
        _id("assessment_id"),
        _text("score"),
        _id("tenant_id"),
        _id("question_id"),
        _id("candidate_id"),
        sa.Column("value", sa.Double, nullable=False),
        _text("model_key"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("assessment_id", "score", name="pk_report_scores"),
        _of_assessment("report_scores"),
    )
    op.create_index(
        "ix_report_scores_cohort", "report_scores", ["tenant_id", "question_id", "score", "model_key"]
    )
    _isolate("report_scores")
    op.execute("GRANT SELECT ON report_scores TO candor_gateway")
    op.execute("GRANT SELECT, INSERT ON report_scores TO candor_fusion")


def downgrade() -> None:
    _create_report_scores()
    _as_owner_of_all_tenants(MOVE_BACK, "answer_scores", "assessments", "reports", "report_scores")
    for table in reversed(TABLES):
        op.drop_table(table)
    op.execute("SET LOCAL ROLE candor_definer")
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")
    op.execute("SET LOCAL ROLE candor_owner")
