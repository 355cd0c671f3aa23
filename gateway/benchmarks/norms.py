"""Norms as the gateway shows them: read from the counts that fusion's answers left, never written here."""

from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.benchmarks.drift import Period, Span, kolmogorov_smirnov, pooled, spans_of, split_in_halves
from gateway.benchmarks.schemas import BenchmarkView, DriftHalves, DriftView, Figures, SpanView
from services.common.contracts.model_ref import ModelRef
from services.common.contracts.norms import COHORT_TOO_SMALL, Cohort
from services.common.db.models import Norm, NormBlock, NormMonth
from services.common.statistics.histogram import Histogram
from services.common.statistics.model_keys import parse_model_key

TOO_FEW_MONTHS = "too_few_months"
ID_PREFIX = "norm_"


def find_norms(
    session: Session, cohort: Cohort, *, score: str | None, limit: int, starting_after: str | None
) -> tuple[list[Norm], bool]:
    """Find a page of the cohort's norms, the newest models first; tell whether more follow.

    Args:
        session: of the tenant.
        cohort: whose norms.
        score: only norms that have this score.
        limit: how many at most.
        starting_after: `id` of the last one of the page before.
    """
    statement = select(Norm).where(Norm.cohort == cohort.key).order_by(Norm.id.desc()).limit(limit + 1)
    if score is not None:
        has_score = select(NormMonth.norm_id).where(NormMonth.norm_id == Norm.id, NormMonth.score == score)
        statement = statement.where(has_score.exists())
    if starting_after is not None:
        statement = statement.where(Norm.id < int(starting_after.removeprefix(ID_PREFIX)))
    rows = list(session.scalars(statement))
    return rows[:limit], len(rows) > limit


def benchmark_views(
    session: Session, norms: Sequence[Norm], *, score: str | None, min_cohort_size: int
) -> list[BenchmarkView]:
    """Return the figures of every score of `norms`, or of one."""
    statement = select(NormBlock.norm_id, NormBlock.score, NormBlock.block, NormBlock.counts).where(
        NormBlock.norm_id.in_([norm.id for norm in norms])
    )
    if score is not None:
        statement = statement.where(NormBlock.score == score)
    blocks: dict[int, dict[str, dict[int, list[int]]]] = {}
    for norm_id, name, block, counts in session.execute(statement.order_by(NormBlock.score)):
        blocks.setdefault(norm_id, {}).setdefault(name, {})[block] = counts
    return [
        BenchmarkView(
            id=f"{ID_PREFIX}{norm.id}",
            models=models,
            method=method,
            scores={
                name: figures(Histogram(counted), min_cohort_size=min_cohort_size)
                for name, counted in blocks.get(norm.id, {}).items()
            },
        )
        for norm in norms
        for method, models in [_made_by(norm)]
    ]


def figures(people: Histogram, *, min_cohort_size: int) -> Figures:
    """Return mean and deciles; neither where there are so few people that it would show one."""
    if people.n < min_cohort_size:
        return Figures(n=people.n, reason=COHORT_TOO_SMALL)
    return Figures(n=people.n, mean=people.mean, deciles=people.deciles())


def drift_views(
    session: Session, norms: Sequence[Norm], *, score: str, min_cohort_size: int
) -> list[DriftView]:
    """Return how `score` moved from month to month, under each of `norms`."""
    rows = session.scalars(
        select(NormMonth).where(NormMonth.norm_id.in_([norm.id for norm in norms]), NormMonth.score == score)
    )
    months: dict[int, list[NormMonth]] = {}
    for row in rows:
        months.setdefault(row.norm_id, []).append(row)
    return [_drift(norm, score, months.get(norm.id, []), min_cohort_size=min_cohort_size) for norm in norms]


def _drift(norm: Norm, score: str, months: Iterable[NormMonth], *, min_cohort_size: int) -> DriftView:
    method, models = _made_by(norm)
    periods = [(row.month, Period(n=row.n, total=row.total, counts=row.counts)) for row in months]
    spans = spans_of(periods, at_least=min_cohort_size)
    too_few = COHORT_TOO_SMALL if not spans else TOO_FEW_MONTHS if len(spans) < 2 else None
    return DriftView(
        id=f"{ID_PREFIX}{norm.id}",
        models=models,
        method=method,
        score=score,
        spans=[_span_view(span) for span in spans],
        halves=None if too_few else _halves(spans),
        reason=too_few,
    )


def _halves(spans: Sequence[Span]) -> DriftHalves:
    cut = split_in_halves([span.people.n for span in spans])
    earlier, later = (
        Span(first=half[0].first, last=half[-1].last, people=pooled([span.people for span in half]))
        for half in (spans[:cut], spans[cut:])
    )
    distance = kolmogorov_smirnov(earlier.people.counts, later.people.counts)
    return DriftHalves(
        earlier=_span_view(earlier),
        later=_span_view(later),
        distance=distance.statistic,
        p_value=distance.p_value,
    )


def _span_view(span: Span) -> SpanView:
    return SpanView(first_month=span.first, last_month=span.last, n=span.people.n, mean=span.people.mean)


def _made_by(norm: Norm) -> tuple[str | None, list[ModelRef]]:
    """Return method and models; a name that cannot be read is shown as it is."""
    try:
        return parse_model_key(norm.model_key)
    except ValueError:
        return norm.model_key, []
