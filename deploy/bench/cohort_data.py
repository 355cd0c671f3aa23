"""Generated answers in a real Postgres, and their norms counted from scratch, set at a time.

The rows are those that the product writes, but for two things: reports hold an empty document, since
no benchmark reads it, and the norms are filled by `COUNT_AGAIN` and not by a million triggers. That is
also the check on the triggers: whatever they did must equal this.
"""

from sqlalchemy import Connection, Engine, text

from services.common.contracts.labels import EMOTIONS, TRAITS
from services.common.histogram import BLOCK

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

PEOPLE = """
CREATE TEMP TABLE people ON COMMIT DROP AS
SELECT cohort, model_key, max(assessment_id) AS assessment_id
FROM answer_scores, unnest(cohorts) AS cohort
WHERE tenant_id = '{tenant}' GROUP BY cohort, model_key, candidate_id;
"""

NAME = """
INSERT INTO norms (tenant_id, cohort, model_key)
SELECT DISTINCT '{tenant}', cohort, model_key FROM people ON CONFLICT DO NOTHING;
"""

COUNT_AGAIN = """
CREATE TEMP TABLE fine ON COMMIT DROP AS
SELECT norm_id, score, (bin >> 5)::smallint AS block, sum(people)::integer AS n,
       sum(people * bin)::bigint AS total, {counts} AS counts
FROM (
    SELECT n.id AS norm_id, s.score, round(s.value * 1000)::smallint AS bin, count(*)::integer AS people
    FROM people AS p JOIN answer_scores AS a USING (assessment_id, model_key)
    JOIN norms AS n ON (n.tenant_id, n.cohort, n.model_key) = ('{tenant}', p.cohort, p.model_key)
    CROSS JOIN unnest(a.scores, a.score_values) AS s(score, value)
    GROUP BY n.id, s.score, bin
) AS bins GROUP BY norm_id, score, bin >> 5;
"""

COUNT_MONTHS = """
INSERT INTO norm_months (norm_id, score, month, tenant_id, n, total, counts)
SELECT norm_id, score, month, '{tenant}', sum(people), sum(total), {counts}
FROM (
    SELECT n.id AS norm_id, s.score, a.month, least(31, round(s.value * 1000)::integer >> 5) AS bin,
           count(*)::integer AS people, sum(round(s.value * 1000))::bigint AS total
    FROM people AS p JOIN answer_scores AS a USING (assessment_id, model_key)
    JOIN norms AS n ON (n.tenant_id, n.cohort, n.model_key) = ('{tenant}', p.cohort, p.model_key)
    CROSS JOIN unnest(a.scores, a.score_values) AS s(score, value)
    GROUP BY n.id, s.score, a.month, 4
) AS classes GROUP BY norm_id, score, month;
"""

DIFFERENT = """
WITH stored AS (
    SELECT norm_id, score, block, n, total, counts FROM norm_blocks WHERE tenant_id = '{tenant}')
SELECT count(*) FROM (
    (SELECT * FROM fine EXCEPT SELECT * FROM stored)
    UNION ALL (SELECT * FROM stored EXCEPT SELECT * FROM fine)
) AS difference
"""

KEEP = """
INSERT INTO norm_blocks (norm_id, score, block, tenant_id, n, total, counts)
SELECT norm_id, score, block, '{tenant}', n, total, counts FROM fine;
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


def seed(admin: Engine, *, first: int, last: int) -> None:
    """Add the answers numbered `first` to `last` (excluded), and count the norms anew.

    Args:
        admin: a superuser's engine on the migrated database.
        first: how many answers there are.
        last: how many there shall be.
    """
    with admin.begin() as connection:
        _roomy(connection)
        for statement in _statements(SEED, first=first, last=last):
            wanted = {"traits": TRAIT_SCORES, "pooled": POOLED_SCORES}
            connection.execute(text(statement), {k: v for k, v in wanted.items() if f":{k} " in statement})
    with admin.begin() as connection:
        _roomy(connection)
        connection.execute(text("TRUNCATE norm_blocks, norm_months"))
        _run(connection, PEOPLE + NAME + COUNT_AGAIN + KEEP + COUNT_MONTHS)
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def wrong_rows(admin: Engine) -> int:
    """Rows of the norms that differ from those counted anew from all answers."""
    with admin.begin() as connection:
        _roomy(connection)
        _run(connection, PEOPLE + COUNT_AGAIN)
        return int(connection.execute(text(_filled(DIFFERENT))).scalar_one())


def digest(admin: Engine) -> str:
    """A fingerprint of all norms, without their identifiers."""
    with admin.begin() as connection:
        _roomy(connection)
        return str(connection.execute(text(_filled(DIGEST))).scalar_one())


def rows(admin: Engine) -> dict[str, int]:
    """Rows per table."""
    names = ("candidates", "assessments", "answer_scores", "norms", "norm_blocks", "norm_months")
    with admin.begin() as connection:
        return {
            name: int(connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one())  # noqa: S608
            for name in names
        }


def _roomy(connection: Connection) -> None:
    connection.execute(text("SET LOCAL statement_timeout = 0"))
    connection.execute(text("SET LOCAL work_mem = '768MB'"))


def _run(connection: Connection, script: str) -> None:
    for statement in _statements(script):
        connection.execute(text(statement))


def _statements(script: str, **values: int) -> list[str]:
    return [part for part in map(str.strip, _filled(script, **values).split(";")) if part]


def _filled(script: str, *, first: int = 0, last: int = 0) -> str:
    counts = ", ".join(
        f"coalesce(sum(people) FILTER (WHERE bin & 31 = {place}), 0)::integer" for place in range(BLOCK)
    )
    return script.format(
        tenant=TENANT,
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
