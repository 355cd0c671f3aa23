"""An answer's part in the norms, and the norms as that candidate may see them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from fusion.benchmark import Others
from services.common.contracts.norms import Cohort
from services.common.statistics.histogram import SQL_BLOCK, SQL_PLACE, Histogram, Rank, quantise

STANDINGS = text(f"""
    WITH own AS (
        SELECT DISTINCT ON (cohort, model_key, score) cohort, model_key, score, value
        FROM answer_scores, unnest(cohorts) AS cohort, unnest(scores, score_values) AS s(score, value)
        WHERE candidate_id = :candidate AND model_key = ANY (:model_keys) AND cohort = ANY (:cohorts)
        ORDER BY cohort, model_key, score, assessment_id DESC
    ), wanted AS (
        SELECT * FROM unnest(CAST(:scores AS text[]), CAST(:model_keys AS text[]), CAST(:bins AS integer[]))
            AS t(score, model_key, bin)
    )
    SELECT cohort, score, sum(b.n), sum(b.total), sum(
               CASE WHEN b.block < {SQL_BLOCK} THEN b.n
                    WHEN b.block > {SQL_BLOCK} THEN 0
                    ELSE (SELECT coalesce(sum(people), 0) FROM unnest(counts[1:{SQL_PLACE}]) AS people) END),
           coalesce(sum(counts[{SQL_PLACE} + 1]) FILTER (WHERE b.block = {SQL_BLOCK}), 0), min(own.value),
           array_agg(b.block) FILTER (WHERE cohort = :question),
           array_agg(counts) FILTER (WHERE cohort = :question)
    FROM wanted JOIN norms USING (model_key)
    JOIN norm_blocks AS b USING (score) LEFT JOIN own USING (cohort, model_key, score)
    WHERE b.norm_id = norms.id AND cohort = ANY (:cohorts)
    GROUP BY cohort, score
""")  # noqa: S608 - constants alone are put in
"""The place of each score in each cohort, and the whole histograms of the question's.

What the candidate has put in is read in the same statement: both are of the same instant.
"""


def read_others(
    session: Session,
    *,
    candidate_id: str,
    cohorts: Sequence[Cohort],
    scores: Mapping[str, float],
    model_keys: Mapping[str, str],
) -> Others:
    """Return the other people in each cohort; this candidate is not among them, with no answer.

    Everybody counts once in a cohort: with the answer that was handed in last. Row-level security
    keeps the cohorts inside the tenant.

    Args:
        session: of the tenant.
        candidate_id: whom to leave out.
        cohorts: which to read, the question's first.
        scores: this candidate's, by name.
        model_keys: what made each of them. Only scores with the same key are counted.
    """
    question, *wider = cohorts
    by_key = {cohort.key: cohort for cohort in wider}
    same_question: dict[str, Histogram] = {}
    ranks: dict[Cohort, dict[str, Rank]] = {cohort: {} for cohort in wider}
    asked = {
        "candidate": candidate_id,
        "scores": list(scores),
        "model_keys": [model_keys[name] for name in scores],
        "bins": list(map(quantise, scores.values())),
        "cohorts": [question.key, *by_key],
        "question": question.key,
    }
    for key, score, n, total, below, equal, own, blocks, counts in session.execute(STANDINGS, asked):
        if key == question.key:
            people = Histogram(dict(zip(blocks, counts, strict=True)))
            same_question[score] = people if own is None else people.leave_out(own)
        else:
            rank = Rank(n=n, total=int(total), below=int(below), equal=int(equal))
            ranks[by_key[key]][score] = (
                rank if own is None else rank.leave_out(quantise(own), scored=quantise(scores[score]))
            )
    return Others(same_question=same_question, wider=ranks)


def add_answer(
    session: Session,
    *,
    assessment_id: str,
    tenant_id: str,
    candidate_id: str,
    answered_at: datetime,
    cohorts: Sequence[Cohort],
    scores: Mapping[str, float],
    model_keys: Mapping[str, str],
) -> None:
    """Store the scores of an answer, one row per set of models. The database counts them into the norms.

    They go in one statement, so that they are counted at once. From then on the tenant's other reports
    wait for the end of this transaction.

    Args:
        session: of the tenant.
        assessment_id: the answer.
        tenant_id: whose cohorts these are.
        candidate_id: who answered.
        answered_at: when it was handed in; the month is that of UTC.
        cohorts: which the answer belongs to.
        scores: by name.
        model_keys: what made each score.
    """
    by_models: dict[str, dict[str, float]] = {}
    for name, value in scores.items():
        by_models.setdefault(model_keys[name], {})[name] = value
    if not by_models:
        return
    values: dict[str, object] = {
        "assessment_id": assessment_id,
        "tenant_id": tenant_id,
        "candidate_id": candidate_id,
        "month": answered_at.astimezone(UTC).date().replace(day=1),
        "cohorts": [cohort.key for cohort in cohorts],
    }
    for place, (model_key, named) in enumerate(sorted(by_models.items())):
        values |= {
            f"model_key_{place}": model_key,
            f"scores_{place}": list(named),
            f"values_{place}": list(named.values()),
        }
    session.execute(_insertion(len(by_models)), values)


@cache
def _insertion(rows: int) -> TextClause:
    """Return one statement for all rows. SQLAlchemy would compile its own anew for every answer."""
    tuples = ", ".join(
        f"(:assessment_id, :model_key_{place}, :tenant_id, :candidate_id, CAST(:month AS date),"
        f" CAST(:cohorts AS text[]), CAST(:scores_{place} AS text[]), CAST(:values_{place} AS float8[]))"
        for place in range(rows)
    )
    return text(
        "INSERT INTO answer_scores (assessment_id, model_key, tenant_id, candidate_id, month, cohorts,"  # noqa: S608
        f" scores, score_values) VALUES {tuples}"
    )
