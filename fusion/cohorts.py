"""An answer's part in the norms, and the norms as that candidate may see them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from fusion.benchmark import Norms
from services.common.contracts.norms import Cohort
from services.common.db.models import AnswerScores
from services.common.histogram import Histogram

OTHERS = text(
    """
    WITH own AS (
        SELECT DISTINCT ON (cohort, model_key, score) cohort, model_key, score, value
        FROM answer_scores, unnest(cohorts) AS cohort, unnest(scores, score_values) AS s(score, value)
        WHERE candidate_id = :candidate AND model_key = ANY (:model_keys) AND cohort = ANY (:cohorts)
        ORDER BY cohort, model_key, score, assessment_id DESC
    )
    SELECT cohort, model_key, score, block, counts, own.value AS own
    FROM norms JOIN norm_blocks ON norm_blocks.norm_id = norms.id
    LEFT JOIN own USING (cohort, model_key, score)
    WHERE cohort = ANY (:cohorts) AND model_key = ANY (:model_keys)
    """
)
"""One statement, so that the norms and the candidate's own share of them are of the same instant."""


def read_others(
    session: Session, *, candidate_id: str, cohorts: Sequence[Cohort], model_keys: Mapping[str, str]
) -> Norms:
    """How many other people have which score, in each cohort; this candidate is not among them.

    Everybody counts once in a cohort: with the answer that was handed in last. Row-level security
    keeps the cohorts inside the tenant.

    Args:
        session: of the tenant.
        candidate_id: whom to leave out, with every answer.
        cohorts: which to read.
        model_keys: per score, what made it. Only scores with the same key are counted.
    """
    by_key = {cohort.key: cohort for cohort in cohorts}
    rows = session.execute(
        OTHERS,
        {
            "candidate": candidate_id,
            "cohorts": list(by_key),
            "model_keys": sorted(set(model_keys.values())),
        },
    )
    blocks: dict[tuple[str, str], dict[int, list[int]]] = {}
    own: dict[tuple[str, str], float] = {}
    for cohort, model_key, score, block, counts, value in rows:
        if model_keys.get(score) != model_key:
            continue
        blocks.setdefault((cohort, score), {})[block] = counts
        if value is not None:
            own[cohort, score] = value
    norms: dict[Cohort, dict[str, Histogram]] = {cohort: {} for cohort in cohorts}
    for (cohort, score), counted in blocks.items():
        everybody = Histogram(counted)
        value = own.get((cohort, score))
        norms[by_key[cohort]][score] = everybody if value is None else everybody.without(value)
    return norms


def rows_of_answer(
    *,
    assessment_id: str,
    tenant_id: str,
    candidate_id: str,
    answered_at: datetime,
    cohorts: Sequence[Cohort],
    scores: Mapping[str, float],
    model_keys: Mapping[str, str],
) -> list[AnswerScores]:
    """What to insert of an answer: one row per set of models. The database counts them into the norms.

    Args:
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
    return [
        AnswerScores(
            assessment_id=assessment_id,
            model_key=model_key,
            tenant_id=tenant_id,
            candidate_id=candidate_id,
            month=answered_at.astimezone(UTC).date().replace(day=1),
            cohorts=[cohort.key for cohort in cohorts],
            scores=list(named),
            score_values=list(named.values()),
        )
        for model_key, named in sorted(by_models.items())
    ]
