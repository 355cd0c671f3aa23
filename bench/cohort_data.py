"""Generated answers in a real Postgres, and their norms counted from scratch, set at a time.

The rows are those that the product writes, but for two things: reports hold an empty document, since
no benchmark reads it, and they are loaded with the triggers off and counted by `BLOCKS` and `MONTHS`, set
at a time. That is also the check on the triggers: whatever they did must equal this.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, Engine, text

from services.common.contracts.labels import EMOTIONS, TRAITS
from services.common.statistics.histogram import BLOCK, BLOCK_BITS, SQL_BLOCK, SQL_PLACE

TENANT = "ten_bench"
WORDS = "text_traits:1"
POOLED = "logpool/2^1.5836:face_emotion:1+face_landmarks:1+fusion:1+voice_emotion:2+voice_encoder:1"
TRAIT_SCORES = [f"trait.{trait}" for trait in TRAITS]
POOLED_SCORES = [*(f"emotion.{label}" for label in EMOTIONS), "congruence"]
QUESTIONS = 500
ROLES = 20
SEASONS = 4
MONTHS = 12
ANSWERS_PER_PERSON = 1.5

SEED = """
SET LOCAL session_replication_role = replica;
TRUNCATE norms, norm_blocks, norm_months;
SELECT setseed(0.5);
CREATE TEMP TABLE drawn ON COMMIT DROP AS
SELECT number, 'asm_' || lpad(number::text, 26, '0') AS id,
       'cand_' || lpad(floor(random() * {people})::text, 26, '0') AS candidate,
       'q_' || lpad((number % {questions})::text, 26, '0') AS question,
       ARRAY['role:post ' || number / 7 % {roles}, 'season ' || number / 11 % {seasons}] AS tags,
       timestamptz '2026-01-15 12:00Z' + make_interval(months => (number % {months})::integer) AS at
FROM generate_series({first}::bigint, {last}::bigint - 1) AS number;
INSERT INTO tenants (id, name) VALUES ('{tenant}', 'bench') ON CONFLICT DO NOTHING;
INSERT INTO questions (id, tenant_id, text)
SELECT 'q_' || lpad(n::text, 26, '0'), '{tenant}', 'Why?' FROM generate_series(0, {questions} - 1) AS n
ON CONFLICT DO NOTHING;
INSERT INTO candidates (id, tenant_id, external_id)
SELECT DISTINCT candidate, '{tenant}', candidate FROM drawn ON CONFLICT DO NOTHING;
INSERT INTO assessments (id, tenant_id, candidate_id, question_id, purpose, tags, media, created_at, check_at)
SELECT id, '{tenant}', candidate, question, 'research', tags, '[]', at, NULL FROM drawn;
INSERT INTO reports (assessment_id, tenant_id, status, report)
SELECT id, '{tenant}', 'succeeded', '{{}}' FROM drawn;
INSERT INTO answer_scores
    (assessment_id, model_key, tenant_id, candidate_id, month, cohorts, scores, score_values)
SELECT id, made.by, '{tenant}', candidate, date_trunc('month', at),
       ARRAY['question:' || question, 'tag:' || tags[1], 'tag:' || tags[2], 'tenant'], made.scores,
       ARRAY(SELECT least(1, greatest(0, (random() + random() + random()) / 3 + number % 3 * 0.02))
             FROM unnest(made.scores))
FROM drawn, (VALUES ('{words}', CAST(:traits AS text[])), ('{pooled}', CAST(:pooled AS text[])))
    AS made(by, scores);
"""

LEFTOVERS = """
DELETE FROM assessments WHERE tenant_id = '{tenant}' AND id >= 'asm_z';
DELETE FROM candidates WHERE tenant_id = '{tenant}' AND id >= 'cand_z';
"""

PEOPLE = """
CREATE TEMP TABLE people ON COMMIT DROP AS
SELECT cohort, model_key, max(assessment_id) AS assessment_id
FROM answer_scores, unnest(cohorts) AS cohort
WHERE tenant_id = '{tenant}' AND (CAST(:cohorts AS text[]) IS NULL OR cohort = ANY (:cohorts))
GROUP BY cohort, model_key, candidate_id;
ANALYZE people;
"""

NAME = """
INSERT INTO norms (tenant_id, cohort, model_key)
SELECT DISTINCT '{tenant}', cohort, model_key FROM people;
ANALYZE norms;
"""

BLOCKS = """
CREATE TEMP TABLE fine ON COMMIT DROP AS
SELECT norm_id, score, {block}::smallint AS part, sum(people)::integer AS n,
       sum(people * bin)::bigint AS total, {counts} AS counts
FROM (
    SELECT n.id AS norm_id, s.score, round(s.value * 1000)::smallint AS bin, count(*)::integer AS people
    FROM people AS p JOIN answer_scores AS a USING (assessment_id, model_key)
    JOIN norms AS n ON (n.tenant_id, n.cohort, n.model_key) = ('{tenant}', p.cohort, p.model_key)
    CROSS JOIN unnest(a.scores, a.score_values) AS s(score, value)
    GROUP BY n.id, s.score, bin
) AS bins GROUP BY norm_id, score, {block};
"""

MONTHLY = """
CREATE TEMP TABLE coarse ON COMMIT DROP AS
SELECT norm_id, score, month AS part, sum(people)::integer AS n, sum(total)::bigint AS total,
       {counts} AS counts
FROM (
    SELECT n.id AS norm_id, s.score, a.month, least(31, round(s.value * 1000)::integer >> {bits}) AS bin,
           count(*)::integer AS people, sum(round(s.value * 1000))::bigint AS total
    FROM people AS p JOIN answer_scores AS a USING (assessment_id, model_key)
    JOIN norms AS n ON (n.tenant_id, n.cohort, n.model_key) = ('{tenant}', p.cohort, p.model_key)
    CROSS JOIN unnest(a.scores, a.score_values) AS s(score, value)
    GROUP BY n.id, s.score, a.month, 4
) AS classes GROUP BY norm_id, score, month;
"""

KEEP = """
INSERT INTO norm_blocks (norm_id, score, block, tenant_id, n, total, counts)
SELECT norm_id, score, part, '{tenant}', n, total, counts FROM fine ORDER BY random();
INSERT INTO norm_months (norm_id, score, month, tenant_id, n, total, counts)
SELECT norm_id, score, part, '{tenant}', n, total, counts FROM coarse ORDER BY random();
"""

DIFFERENT = """
WITH stored AS (
    SELECT norm_id, score, {part} AS part, b.n, b.total, counts
    FROM {table} AS b JOIN norms ON norms.id = norm_id
    WHERE norms.tenant_id = '{{tenant}}'
      AND (CAST(:cohorts AS text[]) IS NULL OR cohort = ANY (:cohorts)))
SELECT count(*) FROM (
    (SELECT * FROM {counted} EXCEPT SELECT * FROM stored)
    UNION ALL (SELECT * FROM stored EXCEPT SELECT * FROM {counted})
) AS difference
"""

DIGEST = """
SELECT md5(string_agg(line, E'\\n' ORDER BY line)) FROM (
    SELECT concat_ws('|', cohort, model_key, score, block, norm_blocks.n, norm_blocks.total, counts) AS line
    FROM norms JOIN norm_blocks ON norm_id = id WHERE norms.tenant_id = '{tenant}'
    UNION ALL
    SELECT concat_ws('|', cohort, model_key, score, month, n, total, counts)
    FROM norms JOIN norm_months ON norm_id = id WHERE norms.tenant_id = '{tenant}'
) AS lines
"""

IN_PLACE = """
SELECT coalesce(sum(n_tup_hot_upd)::float8 / nullif(sum(n_tup_upd), 0), 0)
FROM pg_stat_user_tables WHERE relname IN ('norm_blocks', 'norm_months')
"""

NORM_TABLES = ("norms", "norm_blocks", "norm_months")
TABLES = ("candidates", "assessments", "answer_scores", *NORM_TABLES)


def fill(admin: Engine, reports: int) -> None:
    """Add answers until there are `reports`, and count the norms anew if any were added.

    What a run that was cut off has left is used, or taken out: answers are loaded in one transaction
    and counted in the next.

    Args:
        admin: a superuser's engine on the migrated database.
        reports: how many there shall be; not less than there are.
    """
    with admin.begin() as connection:
        _run(connection, LEFTOVERS)
        there = _number(connection, "SELECT count(*) FROM reports")
    if there < reports:
        with admin.begin() as connection:
            _roomy(connection)
            _run(connection, SEED, first=there, last=reports, traits=TRAIT_SCORES, pooled=POOLED_SCORES)
        _vacuum(admin, "VACUUM ANALYZE answer_scores")
    with admin.begin() as connection:
        if not _number(connection, "SELECT count(*) FROM norm_months"):
            _roomy(connection)
            _run(connection, PEOPLE + NAME + BLOCKS + MONTHLY + KEEP, cohorts=None)
    _vacuum(admin, "VACUUM ANALYZE", "CHECKPOINT")


def wrong_rows(admin: Engine, cohorts: Sequence[str] | None = None) -> int:
    """Count the rows of the norms that differ from those counted anew from the answers.

    Args:
        admin: a superuser's engine.
        cohorts: which to recount; null recounts all.
    """
    asked = None if cohorts is None else list(cohorts)
    wrong = 0
    with admin.begin() as connection:
        _roomy(connection)
        _run(connection, PEOPLE + BLOCKS + MONTHLY, cohorts=asked)
        for counted, table, part in (("fine", "norm_blocks", "block"), ("coarse", "norm_months", "month")):
            compare = _filled(DIFFERENT.format(counted=counted, table=table, part=part))
            wrong += _number(connection, compare, cohorts=asked)
    return wrong


def digest(admin: Engine) -> str:
    """Return a fingerprint of all norms, without their identifiers."""
    with admin.begin() as connection:
        _roomy(connection)
        return str(connection.execute(text(_filled(DIGEST))).scalar_one())


def rows(admin: Engine) -> dict[str, int]:
    """Count the rows of each table."""
    with admin.begin() as connection:
        return {name: _number(connection, f"SELECT count(*) FROM {name}") for name in TABLES}  # noqa: S608


def disk_bytes(admin: Engine) -> dict[str, int]:
    """Measure the bytes of each table, with indexes."""
    with admin.begin() as connection:
        return {name: _number(connection, f"SELECT pg_total_relation_size('{name}')") for name in TABLES}


def updates_in_place(admin: Engine) -> float:
    """Return the share of all updates of norms that changed no index (PostgreSQL's heap-only tuples)."""
    with admin.begin() as connection:
        connection.execute(text("SELECT pg_stat_clear_snapshot()"))
        share = connection.execute(text(IN_PLACE)).scalar_one()
    return float(share)


def _number(connection: Connection, query: str, **values: object) -> int:
    return int(connection.execute(text(query), values).scalar_one())


def _vacuum(admin: Engine, *commands: str) -> None:
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for command in commands:
            connection.execute(text(command))


def _roomy(connection: Connection) -> None:
    for setting in ("statement_timeout = 0", "work_mem = '768MB'", "enable_memoize = off"):
        connection.execute(text(f"SET LOCAL {setting}"))


def _run(connection: Connection, script: str, *, first: int = 0, last: int = 0, **values: object) -> None:
    for statement in filter(None, map(str.strip, _filled(script, first=first, last=last).split(";"))):
        named = {name: value for name, value in values.items() if f":{name}" in statement}
        connection.execute(text(statement), named)


def _filled(script: str, *, first: int = 0, last: int = 0) -> str:
    counts = ", ".join(
        f"coalesce(sum(people) FILTER (WHERE {SQL_PLACE} = {place}), 0)::integer" for place in range(BLOCK)
    )
    return script.format(
        tenant=TENANT,
        bits=BLOCK_BITS,
        block=SQL_BLOCK,
        words=WORDS,
        pooled=POOLED.replace(":", "\\:"),
        people=max(1, round(last / ANSWERS_PER_PERSON)),
        questions=QUESTIONS,
        roles=ROLES,
        seasons=SEASONS,
        months=MONTHS,
        first=first,
        last=last,
        counts=f"ARRAY[{counts}]",
    )
