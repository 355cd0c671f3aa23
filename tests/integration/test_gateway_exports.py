"""Exports: what is in them, for whom, and that they stream."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, text

from gateway.assessments.export import COLUMNS, CSV_BATCH, JSON_LINES_BATCH, Export
from gateway.assessments.search import Wanted
from gateway.http.fields import Scope
from gateway.tenancy.api_keys import create_key
from gateway.tenancy.authentication import KeyHolder

CSV, JSON_LINES = "/v1/exports/assessments.csv", "/v1/exports/assessments.jsonl"
REPORT: dict[str, Any] = {
    "fused": {"traits": {"openness": 0.61}, "emotions": {"happy": 0.4}, "congruence": None},
    "benchmark": {"trait.openness": {"value": 0.61, "percentile": 72.5, "n": 148}},
    "warnings": [{"code": "low_light", "detail": "x"}],
}
MODELS = [{"name": "text_traits", "version": 3}]
ADD_SCORES = """
UPDATE reports SET report = jsonb_set(report || CAST(:scores AS jsonb), '{modalities,text,models}',
                                      CAST(:models AS jsonb))
WHERE assessment_id = :id
"""
COPY_ANSWERS = """
INSERT INTO assessments (id, tenant_id, candidate_id, question_id, purpose, media)
SELECT 'asm_' || lpad(n::text, 26, '0'), tenant_id, candidate_id, question_id, purpose, '[]'
FROM assessments, generate_series(1, :copies) AS n
"""
COPY_REPORTS = """
INSERT INTO reports (assessment_id, tenant_id, status, report)
SELECT a.id, r.tenant_id, r.status, r.report || jsonb_build_object('assessment_id', a.id)
FROM assessments AS a, reports AS r WHERE a.id <> r.assessment_id
"""


def rows_of(answer: Any) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


@pytest.fixture
def scored(gateway: Any, admin_engine: Engine, store_report: Callable[..., None]) -> Callable[..., str]:
    """Hands an answer in and gives it a report with scores; returns its identifier."""

    def score(**fields: Any) -> str:
        assessment_id = str(gateway.post(**fields).json()["id"])
        store_report(assessment_id, gateway.tenant.tenant, status="succeeded")
        with admin_engine.begin() as connection:
            values = {"scores": json.dumps(REPORT), "models": json.dumps(MODELS), "id": assessment_id}
            connection.execute(text(ADD_SCORES), values)
        return assessment_id

    return score


def test_csv_names_answer_scores_and_models(gateway: Any, scored: Callable[..., str]) -> None:
    hostile = '=HYPERLINK("http://x","y")'
    first = scored(candidate=hostile, tags=["role:nurse", "b"])
    pending = gateway.post(candidate="p2").json()["id"]
    answer = gateway.client.get(CSV)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "assessments.csv" in answer.headers["content-disposition"]
    assert answer.text.split("\r\n")[0].split(",") == list(COLUMNS)
    newest, oldest = rows_of(answer)
    assert (newest["id"], newest["status"], newest["trait.openness"]) == (pending, "queued", "")
    assert (oldest["id"], oldest["status"]) == (first, "succeeded")
    assert oldest["candidate"] == f"'{hostile}"
    assert oldest["tags"] == "role:nurse; b"
    assert (oldest["trait.openness"], oldest["trait.openness.percentile"], oldest["trait.openness.n"]) == (
        "0.61",
        "72.5",
        "148",
    )
    assert (oldest["emotion.happy"], oldest["emotion.sad"], oldest["congruence"]) == ("0.4", "", "")
    assert (oldest["text.models"], oldest["text.status"]) == ("text_traits@3", "failed")
    assert (oldest["warnings"], oldest["report_withheld"]) == ("low_light", "")


def test_json_lines_hold_what_the_list_expands(gateway: Any, store_report: Callable[..., None]) -> None:
    store_report(gateway.post().json()["id"], gateway.tenant.tenant)
    gateway.post()
    lines = [json.loads(line) for line in gateway.client.get(JSON_LINES).text.splitlines()]
    assert lines == gateway.client.get("/v1/assessments", params={"expand": "report"}).json()["data"]


def test_export_narrows_like_the_list(gateway: Any, scored: Callable[..., str]) -> None:
    first = scored(candidate="p1")
    gateway.post(candidate="p2")
    assert [row["id"] for row in rows_of(gateway.client.get(CSV, params={"candidate": "p1"}))] == [first]
    assert [row["id"] for row in rows_of(gateway.client.get(CSV, params={"status": "succeeded"}))] == [first]
    assert rows_of(gateway.client.get(CSV, params={"candidate": "nobody"})) == []
    assert gateway.client.get(JSON_LINES, params={"candidate": "nobody"}).text == ""


def test_export_gives_no_scores_that_the_key_may_not_read(
    gateway: Any, admin_engine: Engine, scored: Callable[..., str]
) -> None:
    scored(candidate="p1")
    scored(candidate="p2", purpose="research")
    writer = create_key(admin_engine, gateway.tenant.tenant, name="w", scopes=[Scope.ASSESSMENTS_WRITE])
    for path in (CSV, JSON_LINES):
        refused = gateway.client.get(path, headers={"Authorization": f"Bearer {writer.key}"})
        assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
    with admin_engine.begin() as connection:
        connection.execute(text("UPDATE tenants SET jurisdiction = 'eu'"))
    research, practice = rows_of(gateway.client.get(CSV))
    assert research["trait.openness"] == "0.61"
    assert practice["report_withheld"] == "report_readable_by_candidate_only"
    assert not any(practice[column] for column in COLUMNS if column.startswith(("trait.", "emotion.")))
    assert not any(practice[column] for column in ("text.models", "warnings", "report_created_at"))
    lines = [json.loads(line) for line in gateway.client.get(JSON_LINES).text.splitlines()]
    assert [line["report"] is None for line in lines] == [False, True]


@pytest.mark.parametrize(("kind", "batch"), [("csv", CSV_BATCH), ("json_lines", JSON_LINES_BATCH)])
def test_export_reads_in_batches_and_holds_no_connection_between_them(
    gateway: Any, admin_engine: Engine, scored: Callable[..., str], kind: str, batch: int
) -> None:
    scored()
    with admin_engine.begin() as connection:
        connection.execute(text(COPY_ANSWERS), {"copies": 2 * batch})
        connection.execute(text(COPY_REPORTS))
    caller = KeyHolder("key_x", gateway.tenant.tenant, frozenset({str(Scope.REPORTS_READ)}))
    export = Export(
        engine=gateway.services.engine,
        progress_of=gateway.services.progress,
        caller=caller,
        wanted=Wanted(),
    )
    sizes = []
    for chunk in getattr(export, kind)():
        assert gateway.services.engine.pool.checkedout() == 0
        sizes.append(chunk.count("\n"))
    header = [1] if kind == "csv" else []
    assert sizes == [*header, batch, batch, 1]
