"""What candidates chose to say of themselves, for the impact ratios alone; kept apart from all else."""

from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import delete, func, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from gateway.http.fields import Purpose
from services.common.db.models import Demographics


class Sex(StrEnum):
    """As Local Law 144's audits count it."""

    FEMALE = "female"
    MALE = "male"
    OTHER = "other"


class RaceEthnicity(StrEnum):
    """The categories of the EEO-1 Component 1 report, which Local Law 144 refers to."""

    HISPANIC_OR_LATINO = "hispanic_or_latino"
    WHITE = "white"
    BLACK_OR_AFRICAN_AMERICAN = "black_or_african_american"
    NATIVE_HAWAIIAN_OR_PACIFIC_ISLANDER = "native_hawaiian_or_pacific_islander"
    ASIAN = "asian"
    NATIVE_AMERICAN_OR_ALASKA_NATIVE = "native_american_or_alaska_native"
    TWO_OR_MORE_RACES = "two_or_more_races"


# Scores of different models never mix; the model that the latest answer was scored by is the one in use.
class ScoredPerson(NamedTuple):
    """A score, and what the person said of themselves; null where they said nothing."""

    value: float
    sex: Sex | None
    race_ethnicity: RaceEthnicity | None


_SCORED = text(
    """
    WITH scored AS (
        SELECT a.candidate_id, a.id, k.model_key, s.value
        FROM answer_scores AS k JOIN assessments AS a ON a.id = k.assessment_id
        CROSS JOIN LATERAL unnest(k.scores, k.score_values) AS s(score, value)
        WHERE s.score = :score AND a.purpose = :purpose
          AND (CAST(:question AS text) IS NULL OR a.question_id = :question)
    ), current AS (
        SELECT model_key FROM scored ORDER BY id DESC LIMIT 1
    )
    SELECT DISTINCT ON (s.candidate_id) s.value, d.sex, d.race_ethnicity
    FROM scored AS s JOIN current USING (model_key)
    LEFT JOIN candidate_demographics AS d ON d.candidate_id = s.candidate_id
    ORDER BY s.candidate_id, s.id DESC
    """
)


def keep_demographics(
    session: Session,
    *,
    tenant_id: str,
    candidate_id: str,
    sex: Sex | None,
    race_ethnicity: RaceEthnicity | None,
) -> None:
    """Replace what a candidate said before."""
    values = {"sex": sex, "race_ethnicity": race_ethnicity, "updated_at": func.now()}
    statement = insert(Demographics).values(tenant_id=tenant_id, candidate_id=candidate_id, **values)
    session.execute(
        statement.on_conflict_do_update(index_elements=["tenant_id", "candidate_id"], set_=values)
    )


def forget_demographics(session: Session, candidate_id: str) -> None:
    """Take back what a candidate said."""
    session.execute(delete(Demographics).where(Demographics.candidate_id == candidate_id))


def scored_people(
    session: Session, *, score: str, purpose: Purpose, question: str | None
) -> list[ScoredPerson]:
    """Return each candidate's latest score under the models in use, and what they said of themselves."""
    rows = session.execute(_SCORED, {"score": score, "purpose": str(purpose), "question": question})
    return [
        ScoredPerson(
            row.value,
            Sex(row.sex) if row.sex else None,
            RaceEthnicity(row.race_ethnicity) if row.race_ethnicity else None,
        )
        for row in rows
    ]
