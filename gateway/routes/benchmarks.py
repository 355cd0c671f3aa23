"""Norms of a tenant's cohorts, and whether they move."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from gateway.benchmarks.norms import ID_PREFIX, benchmark_views, drift_views, find_norms
from gateway.benchmarks.schemas import BenchmarkList, DriftList
from gateway.dependencies import Limit, ReportReader, TheServices
from gateway.errors import FieldFault, RefusedError
from gateway.http.fields import Printable, Tag
from gateway.openapi.document import AUTHENTICATED, problems
from gateway.problem_codes import ProblemCode
from services.common.contracts.norms import Cohort, CohortKind
from services.common.db.session import tenant_session

router = APIRouter(prefix="/v1/benchmarks", tags=["benchmarks"])

Name = Annotated[Printable, Field(max_length=64)]
ScoreName = Annotated[
    Name, Query(description="Only this score.", examples=["trait.openness", "emotion.happy", "congruence"])
]
NormCursor = Annotated[str | None, Query(pattern=f"^{ID_PREFIX}[0-9]{{1,18}}$")]
ERRORS = problems(*AUTHENTICATED, ProblemCode.VALIDATION_FAILED)


def chosen_cohort(
    question: Annotated[Name | None, Query(description="Answers to this question: `q_…`.")] = None,
    role: Annotated[Tag | None, Query(description="Answers with the tag `role:` and this name.")] = None,
    tag: Annotated[Tag | None, Query(description="Answers with this tag.")] = None,
) -> Cohort:
    """Return the cohort of `question`, `role` or `tag`; without any, every answer of the tenant.

    Raises:
        RefusedError: `validation_failed`, more than one was given. Only whole cohorts are counted.
    """
    given = {
        kind: name
        for kind, name in (
            (CohortKind.QUESTION, question),
            (CohortKind.ROLE, role),
            (CohortKind.TAG, tag),
        )
        if name is not None
    }
    if len(given) > 1:
        raise RefusedError(
            ProblemCode.VALIDATION_FAILED,
            "Choose one of `question`, `role` and `tag`.",
            faults=[FieldFault(field=kind, detail="Excludes the others.") for kind in given],
        )
    for kind, name in given.items():
        return Cohort(kind=kind, name=name)
    return Cohort(kind=CohortKind.TENANT)


ChosenCohort = Annotated[Cohort, Depends(chosen_cohort)]


@router.get(
    "",
    operation_id="listBenchmarks",
    summary="Mean and deciles of a cohort, per score and set of models",
    responses=ERRORS,
)
def list_benchmarks(
    services: TheServices,
    caller: ReportReader,
    cohort: ChosenCohort,
    score: ScoreName | None = None,
    limit: Limit = 20,
    starting_after: NormCursor = None,
) -> BenchmarkList:
    """Everybody counts once, with the answer that was handed in last. Scores of different models never mix.

    A cohort of fewer people than `min_cohort_size` shows its size and a reason. One that nobody belongs
    to is an empty list. Page on with the last `id` as `starting_after`.
    """
    fewest = services.settings.min_cohort_size
    with tenant_session(services.engine, caller.tenant_id) as session:
        norms, has_more = find_norms(session, cohort, score=score, limit=limit, starting_after=starting_after)
        data = benchmark_views(session, norms, score=score, min_cohort_size=fewest)
    return BenchmarkList(cohort=cohort, min_cohort_size=fewest, data=data, has_more=has_more)


@router.get(
    "/drift",
    operation_id="listBenchmarkDrift",
    summary="How a score of a cohort moved over the months",
    responses=ERRORS,
)
def list_drift(
    services: TheServices,
    caller: ReportReader,
    cohort: ChosenCohort,
    score: ScoreName,
    limit: Limit = 20,
    starting_after: NormCursor = None,
) -> DriftList:
    """Means by month, and the earlier half of the people against the later half.

    A person belongs to the month of the answer that counts, so nobody is in both halves. Months of fewer
    people than `min_cohort_size` are put together with those that follow. The distance is computed in
    classes of 0.032, so that it can only be understated.
    """
    fewest = services.settings.min_cohort_size
    with tenant_session(services.engine, caller.tenant_id) as session:
        norms, has_more = find_norms(session, cohort, score=score, limit=limit, starting_after=starting_after)
        data = drift_views(session, norms, score=score, min_cohort_size=fewest)
    return DriftList(cohort=cohort, min_cohort_size=fewest, data=data, has_more=has_more)
