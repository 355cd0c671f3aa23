"""Answers with their scores, all of them in one answer that streams."""

import json
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from gateway.assessments.export import COLUMNS, Export
from gateway.assessments.schemas import ASSESSMENT_EXAMPLE
from gateway.assessments.search import Wanted, WantedAnswers, WantedStatus
from gateway.dependencies import ReportReader, Services, TheServices
from gateway.openapi.document import AUTHENTICATED, problems
from gateway.problem_codes import ProblemCode
from gateway.tenancy import audit
from gateway.tenancy.authentication import KeyHolder
from services.common.contracts.labels import AssessmentStatus
from services.common.db.session import tenant_session

router = APIRouter(prefix="/v1/exports", tags=["exports"])
CSV, JSON_LINES = "text/csv; charset=utf-8", "application/x-ndjson"
CSV_EXAMPLE = (
    "id,status,candidate,…,trait.openness,trait.openness.percentile,trait.openness.n,…\r\n"
    "asm_01kajb3z6v8m2q4n7x9r5t1w3y,succeeded,applicant-4711,…,0.61,72.5,148,…\r\n"
)


def _streams(media_type: str, description: str, example: Any) -> dict[int | str, dict[str, Any]]:
    content = {media_type.partition(";")[0]: {"schema": {"type": "string"}, "example": example}}
    return {
        200: {"description": description, "content": content},
        **problems(*AUTHENTICATED, ProblemCode.VALIDATION_FAILED),
    }


@router.get(
    "/assessments.csv",
    operation_id="exportAssessmentsCsv",
    summary="Answers and scores as CSV",
    response_class=Response,
    responses=_streams(CSV, f"Newest first, one line each. Columns: {', '.join(COLUMNS)}.", CSV_EXAMPLE),
)
def export_csv(
    services: TheServices,
    caller: ReportReader,
    wanted: WantedAnswers,
    statuses: WantedStatus = [],  # noqa: B006 - never changed
) -> StreamingResponse:
    """RFC 4180 in UTF-8, with the filters of the list. Columns are added at the end and never renamed.

    Scores that only the candidate may read are empty, with the reason in `report_withheld`. Text that a
    spreadsheet would take for a formula begins with an apostrophe.
    """
    export = _export(services, caller, wanted, statuses)
    return _stream(export, export.csv(), media_type=CSV, name="assessments.csv", ahead=2)


@router.get(
    "/assessments.jsonl",
    operation_id="exportAssessmentsJsonl",
    summary="Answers and reports as JSON Lines",
    response_class=Response,
    responses=_streams(
        JSON_LINES, "Newest first, one JSON document a line.", f"{json.dumps(ASSESSMENT_EXAMPLE)}\n"
    ),
)
def export_json_lines(
    services: TheServices,
    caller: ReportReader,
    wanted: WantedAnswers,
    statuses: WantedStatus = [],  # noqa: B006 - never changed
) -> StreamingResponse:
    """Each line is what the list shows of an answer with `expand=report`."""
    export = _export(services, caller, wanted, statuses)
    return _stream(export, export.json_lines(), media_type=JSON_LINES, name="assessments.jsonl", ahead=1)


def _export(
    services: Services, caller: KeyHolder, wanted: Wanted, statuses: Sequence[AssessmentStatus]
) -> Export:
    return Export(
        engine=services.engine,
        progress_of=services.progress,
        caller=caller,
        wanted=wanted,
        statuses=statuses,
    )


def _stream(
    export: Export, chunks: Iterator[str], *, media_type: str, name: str, ahead: int
) -> StreamingResponse:
    """Answer with `chunks`; the first are made before the head is sent, so that an outage shows as one."""
    first = list(islice(chunks, ahead))
    with tenant_session(export.engine, export.caller.tenant_id) as session:
        audit.record(
            session,
            tenant_id=export.caller.tenant_id,
            actor=export.caller.actor,
            action="assessments.exported",
            subject=name,
        )
    return StreamingResponse(
        chain(first, chunks),
        media_type=media_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
