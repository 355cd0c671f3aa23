"""Whether groups of people fare alike: demographics, and the ratios that they are kept for."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from gateway.dependencies import Administrator, TheServices, Writer
from gateway.http.fields import Purpose
from gateway.http.ids import Prefix, id_pattern
from gateway.openapi.document import AUTHENTICATED, problems
from gateway.problem_codes import ProblemCode
from gateway.rights.demographics import (
    RaceEthnicity,
    ScoredPerson,
    Sex,
    forget_demographics,
    keep_demographics,
    scored_people,
)
from gateway.rights.impact_ratios import MIN_GROUP, GroupImpact, impact_ratios
from gateway.routes.candidates import CandidateName, load_candidate
from gateway.tenancy import audit
from services.common.db.session import tenant_session

router = APIRouter(tags=["governance"])

DEMOGRAPHICS_EXAMPLE: dict[str, Any] = {"sex": "female", "race_ethnicity": "asian"}
NOTE = (
    "Impact ratios as Local Law 144 of New York City defines them; a ratio below four fifths is a reason to "
    "look closer, not proof of discrimination, and one above it no proof of its absence."
)


class DemographicsChange(BaseModel):
    """What a candidate chose to say; what is left out is not kept."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [DEMOGRAPHICS_EXAMPLE]})

    sex: Sex | None = None
    race_ethnicity: RaceEthnicity | None = None


class ImpactGroup(BaseModel):
    """One group. Numbers are null where it is too small to be shown."""

    sex: Sex | None = None
    race_ethnicity: RaceEthnicity | None = None
    n: int | None = Field(default=None, description="People of the group.")
    above_median: int | None = Field(default=None, description="Those above the median of the sample.")
    rate: float | None = Field(default=None, description="Their share, 0 to 1.")
    rate_low: float | None = Field(default=None, description="Lower end of the 95 % interval (Wilson).")
    rate_high: float | None = Field(default=None, description="Upper end.")
    ratio: float | None = Field(default=None, description="The share over the best group's.")
    ratio_low: float | None = Field(default=None, description="Lower end of the 95 % interval (Katz).")
    ratio_high: float | None = Field(default=None, description="Upper end.")
    below_four_fifths: bool = False
    reason: str | None = Field(default=None, description="Why there are no numbers: `group_too_small`.")


IMPACT_EXAMPLE: dict[str, Any] = {
    "score": "trait.conscientiousness",
    "purpose": "hiring",
    "n": 120,
    "unknown": 20,
    "min_group": MIN_GROUP,
    "sex": [
        {
            "sex": "female",
            "n": 50,
            "above_median": 20,
            "rate": 0.4,
            "rate_low": 0.276,
            "rate_high": 0.538,
            "ratio": 0.667,
            "ratio_low": 0.447,
            "ratio_high": 0.994,
            "below_four_fifths": True,
        }
    ],
    "race_ethnicity": [{"race_ethnicity": "asian", "reason": "group_too_small"}],
    "intersectional": [],
    "note": NOTE,
}


class ImpactReport(BaseModel):
    """Shares above the median by group, over the best group's share."""

    model_config = ConfigDict(json_schema_extra={"examples": [IMPACT_EXAMPLE]})

    score: str
    purpose: Purpose
    question: str | None = None
    n: int = Field(description="People with this score, each counted once, with the latest answer.")
    unknown: int = Field(description="Those of them who said nothing of themselves.")
    min_group: int = Field(description="Fewest people of a group that is shown.")
    sex: list[ImpactGroup]
    race_ethnicity: list[ImpactGroup]
    intersectional: list[ImpactGroup]
    note: str


@router.put(
    "/v1/candidates/{candidate:path}/demographics",
    operation_id="keepDemographics",
    summary="Keep what a candidate says of themselves",
    status_code=204,
    response_class=Response,
    responses=problems(*AUTHENTICATED, ProblemCode.CANDIDATE_NOT_FOUND, ProblemCode.VALIDATION_FAILED),
)
def keep_candidate_demographics(
    services: TheServices, caller: Writer, candidate: CandidateName, change: DemographicsChange
) -> None:
    """Voluntary, for impact ratios alone, apart from all else: no score can come to depend on it."""
    with tenant_session(services.engine, caller.tenant_id) as session:
        person = load_candidate(session, candidate).id
        keep_demographics(
            session,
            tenant_id=caller.tenant_id,
            candidate_id=person,
            sex=change.sex,
            race_ethnicity=change.race_ethnicity,
        )
        _record(session, caller.tenant_id, caller.actor, "demographics.kept", person)


@router.delete(
    "/v1/candidates/{candidate:path}/demographics",
    operation_id="deleteDemographics",
    summary="Erase what a candidate said of themselves",
    status_code=204,
    response_class=Response,
    responses=problems(*AUTHENTICATED, ProblemCode.CANDIDATE_NOT_FOUND),
)
def delete_candidate_demographics(services: TheServices, caller: Writer, candidate: CandidateName) -> None:
    """Nothing else of the candidate changes."""
    with tenant_session(services.engine, caller.tenant_id) as session:
        person = load_candidate(session, candidate).id
        forget_demographics(session, person)
        _record(session, caller.tenant_id, caller.actor, "demographics.erased", person)


@router.get(
    "/v1/impact_ratios",
    operation_id="getImpactRatios",
    summary="Whether groups of people fare alike",
    responses=problems(*AUTHENTICATED, ProblemCode.VALIDATION_FAILED),
)
def get_impact_ratios(
    services: TheServices,
    caller: Administrator,
    score: Annotated[
        str,
        Query(
            max_length=64,
            pattern=r"^[a-z_.]+$",
            description="Name of the score, as in a report's `benchmark`.",
            examples=["trait.conscientiousness"],
        ),
    ],
    question: Annotated[
        str | None, Query(pattern=id_pattern(Prefix.QUESTION), description="Answers to this one only.")
    ] = None,
    purpose: Annotated[Purpose, Query(description="Answers for this purpose.")] = Purpose.HIRING,
) -> ImpactReport:
    """By sex, by race or ethnicity, and by both. People who said nothing count in the median only."""
    with tenant_session(services.engine, caller.tenant_id) as session:
        people = scored_people(session, score=score, purpose=purpose, question=question)
    return _report(people, score=score, purpose=purpose, question=question)


def _report(
    people: Sequence[ScoredPerson], *, score: str, purpose: Purpose, question: str | None
) -> ImpactReport:
    by_sex = impact_ratios([(value, sex) for value, sex, _ in people])
    by_race = impact_ratios([(value, race) for value, _, race in people])
    both = impact_ratios([(value, (sex, race) if sex and race else None) for value, sex, race in people])
    return ImpactReport(
        score=score,
        purpose=purpose,
        question=question,
        n=len(people),
        unknown=sum(sex is None and race is None for _, sex, race in people),
        min_group=MIN_GROUP,
        sex=_sorted([_group(impact, sex=sex) for sex, impact in by_sex.items()]),
        race_ethnicity=_sorted([_group(impact, race=race) for race, impact in by_race.items()]),
        intersectional=_sorted([_group(impact, sex=pair[0], race=pair[1]) for pair, impact in both.items()]),
        note=NOTE,
    )


def _group(
    impact: GroupImpact | None, *, sex: Sex | None = None, race: RaceEthnicity | None = None
) -> ImpactGroup:
    if impact is None:
        return ImpactGroup(sex=sex, race_ethnicity=race, reason="group_too_small")
    return ImpactGroup(
        sex=sex,
        race_ethnicity=race,
        n=impact.n,
        above_median=impact.above_median,
        rate=impact.rate,
        rate_low=impact.rate_low,
        rate_high=impact.rate_high,
        ratio=impact.ratio,
        ratio_low=impact.ratio_low,
        ratio_high=impact.ratio_high,
        below_four_fifths=impact.below_four_fifths,
    )


def _sorted(groups: Sequence[ImpactGroup]) -> list[ImpactGroup]:
    return sorted(groups, key=lambda group: (str(group.sex), str(group.race_ethnicity)))


def _record(session: Any, tenant_id: str, actor: str, action: str, subject: str) -> None:
    audit.record(session, tenant_id=tenant_id, actor=actor, action=action, subject=subject)
