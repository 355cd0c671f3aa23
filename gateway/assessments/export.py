"""Answers as CSV and as JSON Lines, in batches: memory stays flat, and nothing is kept of an export.

Each batch is read in a transaction of its own, after the last identifier of the one before. A client that
reads slowly therefore holds neither a database connection nor an old snapshot, and what is erased while
an export runs is not in what follows.
"""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from gateway.assessments.expansion import Expansion, expand
from gateway.assessments.report_access import readable_purposes
from gateway.assessments.schemas import AssessmentView
from gateway.assessments.search import Wanted, find_page
from gateway.assessments.views import ProgressOf, view_of
from gateway.http.cursor import Cursor
from gateway.problem_codes import ProblemCode
from gateway.tenancy.authentication import KeyHolder
from services.common.contracts.labels import EMOTIONS, TRAITS, AssessmentStatus, Modality
from services.common.db.models import ReportRow
from services.common.db.session import tenant_session

CSV_BATCH, JSON_LINES_BATCH = 200, 20
SCORES = (*(f"trait.{trait}" for trait in TRAITS), *(f"emotion.{label}" for label in EMOTIONS), "congruence")
SCORE_COLUMNS = tuple(column for name in SCORES for column in (name, f"{name}.percentile", f"{name}.n"))
COLUMNS = (
    "id",
    "status",
    "candidate",
    "candidate_id",
    "question",
    "interview",
    "purpose",
    "tags",
    "created_at",
    "report_created_at",
    "report_withheld",
    *(f"{modality}.status" for modality in Modality),
    *(f"{modality}.models" for modality in Modality),
    *SCORE_COLUMNS,
    "warnings",
)
"""Stable: new columns come at the end, and none is ever renamed."""

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
SEPARATOR = "; "
Cells = dict[str, object]


@dataclass(frozen=True, slots=True)
class Export:
    """What is exported, and for whom.

    Attributes:
        engine: connected as `candor_gateway`.
        progress_of: reads what the workers are doing.
        caller: who asked; decides which reports are in it.
        wanted: which answers.
        statuses: only answers of these, all where empty.
    """

    engine: Engine
    progress_of: ProgressOf
    caller: KeyHolder
    wanted: Wanted
    statuses: Sequence[AssessmentStatus] = ()

    def csv(self) -> Iterator[str]:
        """Yield the header, then one chunk of lines per batch."""
        yield _lines([dict(zip(COLUMNS, COLUMNS, strict=True))])
        yield from self._batches(_csv_of, size=CSV_BATCH)

    def json_lines(self) -> Iterator[str]:
        """Yield one chunk of lines per batch; a line is what `expand=report` shows of one answer."""
        yield from self._batches(_json_lines_of, size=JSON_LINES_BATCH)

    def _batches(
        self, render: Callable[[Session, KeyHolder, list[AssessmentView]], str], *, size: int
    ) -> Iterator[str]:
        cursor, has_more = Cursor(limit=size), True
        while has_more:
            with tenant_session(self.engine, self.caller.tenant_id) as session:
                page, has_more = find_page(
                    session,
                    self.wanted,
                    cursor,
                    statuses=self.statuses,
                    status_of=lambda stored: view_of(stored, self.progress_of).status,
                )
                chunk = render(session, self.caller, [view_of(stored, self.progress_of) for stored in page])
            if page:
                cursor = Cursor(limit=size, starting_after=page[-1].row.id)
                yield chunk


def _json_lines_of(session: Session, caller: KeyHolder, views: list[AssessmentView]) -> str:
    expand(session, caller, views, [Expansion.REPORT])
    return "".join(f"{view.model_dump_json()}\n" for view in views)


def _csv_of(session: Session, caller: KeyHolder, views: list[AssessmentView]) -> str:
    purposes = readable_purposes(session, caller)
    scored = _scores(session, [view.id for view in views if view.purpose in purposes])
    withheld = {"report_withheld": str(ProblemCode.REPORT_READABLE_BY_CANDIDATE_ONLY)}
    return _lines(
        _answer_cells(view) | (scored.get(view.id, {}) if view.purpose in purposes else withheld)
        for view in views
    )


def _answer_cells(view: AssessmentView) -> Cells:
    statuses: Cells = {f"{name}.status": str(state.status) for name, state in view.modalities.items()}
    return statuses | {
        "id": view.id,
        "status": str(view.status),
        "candidate": view.candidate,
        "candidate_id": view.candidate_id,
        "question": view.question,
        "interview": view.interview,
        "purpose": str(view.purpose),
        "tags": SEPARATOR.join(view.tags),
        "created_at": _time(view.created_at),
    }


def _scores(session: Session, assessment_ids: Sequence[str]) -> dict[str, Cells]:
    """Read what the reports add, by assessment. Only what has a column is read: reports can be long."""
    if not assessment_ids:
        return {}
    document = ReportRow.report
    rows = session.execute(
        select(
            ReportRow.assessment_id,
            ReportRow.created_at,
            document["fused"],
            document["benchmark"],
            document["warnings"],
            *(document["modalities"][str(modality)]["models"] for modality in Modality),
        ).where(ReportRow.assessment_id.in_(assessment_ids))
    )
    return {
        assessment_id: {
            "report_created_at": _time(created_at),
            "warnings": SEPARATOR.join(sorted({notice["code"] for notice in warnings or []})),
            **{
                f"{modality}.models": _models(made_by)
                for modality, made_by in zip(Modality, models, strict=True)
            },
            **_score_cells(fused or {}, benchmark or {}),
        }
        for assessment_id, created_at, fused, benchmark, warnings, *models in rows
    }


def _score_cells(fused: Mapping[str, Any], benchmark: Mapping[str, Mapping[str, Any]]) -> Cells:
    traits, emotions = fused.get("traits") or {}, fused.get("emotions") or {}
    values: Cells = {f"trait.{name}": value for name, value in traits.items()}
    values |= {f"emotion.{name}": value for name, value in emotions.items()}
    values["congruence"] = fused.get("congruence")
    for name in SCORES:
        entry = benchmark.get(name, {})
        values |= {f"{name}.percentile": entry.get("percentile"), f"{name}.n": entry.get("n")}
    return values


def _models(models: Sequence[Mapping[str, Any]] | None) -> str:
    return SEPARATOR.join(f"{model['name']}@{model['version']}" for model in models or ())


def _time(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _lines(rows: Iterator[Cells] | Sequence[Cells]) -> str:
    """Write rows as RFC 4180 lines of the columns."""
    text = io.StringIO()
    writer = csv.writer(text)
    for row in rows:
        writer.writerow([harmless(row.get(column)) for column in COLUMNS])
    return text.getvalue()


def harmless(cell: object) -> object:
    """Return `cell` such that no spreadsheet takes text for a formula (OWASP, "CSV injection").

    Text that begins like one gets an apostrophe in front; numbers stay numbers.
    """
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) else cell
