"""Candidates, filters of answers, reports in lists: what a platform looks things up with."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, text

from gateway.http.fields import Scope
from gateway.provisioning import create_tenant
from gateway.tenancy.api_keys import create_key
from services.common.contracts.labels import Modality, ModalityStatus
from services.common.work.ledger import ModalityProgress


def outcome(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def found(gateway: Any, **query: Any) -> list[str]:
    answer = gateway.client.get("/v1/assessments", params=query)
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["data"]]


def test_candidate_is_made_once_and_found_by_either_identifier(gateway: Any) -> None:
    path = "/v1/candidates"
    first = gateway.client.post(path, json={"external_id": "team/a 1"})
    again = gateway.client.post(path, json={"external_id": " team/a 1 "})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    made = first.json()
    for name in ("team/a 1", made["id"]):
        assert gateway.client.get(f"{path}/{name}").json() == made
    handed_in = gateway.post(candidate="team/a 1").json()
    assert handed_in["candidate_id"] == made["id"]
    assert outcome(gateway.client.get(f"{path}/nobody")) == (404, "candidate_not_found")
    assert outcome(gateway.client.post(path, json={"external_id": "\u0007"})) == (422, "validation_failed")


def test_candidates_are_listed_in_pages_and_by_external_identifier(gateway: Any) -> None:
    path = "/v1/candidates"
    made = [gateway.client.post(path, json={"external_id": f"p{i}"}).json()["id"] for i in range(3)]
    newest_first = sorted(made, reverse=True)
    page = gateway.client.get(path, params={"limit": 2}).json()
    assert ([row["id"] for row in page["data"]], page["has_more"]) == (newest_first[:2], True)
    rest = gateway.client.get(path, params={"starting_after": newest_first[1]}).json()
    assert [row["id"] for row in rest["data"]] == newest_first[2:]
    only = gateway.client.get(path, params={"external_id": "p1"}).json()["data"]
    assert [row["external_id"] for row in only] == ["p1"]
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert gateway.client.get(path, params={"created_from": later}).json()["data"] == []
    assert len(gateway.client.get(path, params={"created_before": later}).json()["data"]) == 3


def test_erasing_a_candidate_leaves_nothing_of_them(
    gateway: Any, admin_engine: Engine, store_report: Callable[..., None]
) -> None:
    kept = gateway.post(candidate="person-2").json()["id"]
    for _ in range(2):
        store_report(gateway.post(candidate="person-1").json()["id"], gateway.tenant.tenant)
    receipt = gateway.client.delete("/v1/candidates/person-1")
    assert receipt.status_code == 200
    assert receipt.json()["erased"]["assessments"] == 2
    assert outcome(gateway.client.get("/v1/candidates/person-1")) == (404, "candidate_not_found")
    assert outcome(gateway.client.delete("/v1/candidates/person-1")) == (404, "candidate_not_found")
    assert found(gateway) == [kept]
    assert len(gateway.stored_files()) == 1
    with admin_engine.connect() as connection:
        for table in ("reports", "modality_results"):
            assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0
        assert connection.execute(text("SELECT count(*) FROM candidate_tokens")).scalar_one() == 1


def test_tokens_of_a_candidate_are_taken_back(gateway: Any) -> None:
    body = gateway.post().json()
    headers = {"Authorization": f"Bearer {body['candidate_token']}"}
    path = f"/v1/assessments/{body['id']}"
    assert gateway.client.delete("/v1/candidates/person-1/tokens").status_code == 204
    assert outcome(gateway.client.get(path, headers=headers)) == (401, "candidate_token_revoked")
    fresh = gateway.post().json()["candidate_token"]
    assert gateway.client.get(path, headers={"Authorization": f"Bearer {fresh}"}).status_code == 403


def test_candidates_of_another_tenant_are_not_there(gateway: Any, admin_engine: Engine) -> None:
    ours = gateway.post().json()["candidate_id"]
    theirs = {"Authorization": f"Bearer {create_tenant(admin_engine, 'other').key}"}
    for method, part in (("GET", ""), ("DELETE", ""), ("DELETE", "/tokens")):
        answer = gateway.client.request(method, f"/v1/candidates/{ours}{part}", headers=theirs)
        assert outcome(answer) == (404, "candidate_not_found")
    assert gateway.client.get("/v1/candidates", headers=theirs).json()["data"] == []
    assert gateway.client.get("/v1/assessments", params={"candidate": ours}, headers=theirs).json() == {
        "data": [],
        "has_more": False,
    }


def test_filters_narrow_together(gateway: Any) -> None:
    questions = [row["id"] for row in gateway.client.get("/v1/questions").json()["data"]]
    first = gateway.post(candidate="p1", question=questions[0], tags=["role:nurse", "x"]).json()
    second = gateway.post(candidate="p1", question=questions[1], tags=["x"], purpose="research").json()
    third = gateway.post(candidate="p2", question=questions[1]).json()
    a, b, c = (body["id"] for body in (first, second, third))
    assert found(gateway, candidate="p1") == [b, a]
    assert found(gateway, candidate=first["candidate_id"]) == [b, a]
    assert found(gateway, question=questions[1]) == [c, b]
    assert found(gateway, purpose="research") == [b]
    assert found(gateway, tag="x") == [b, a]
    assert found(gateway, tag="role:nurse", candidate="p1") == [a]
    assert found(gateway, tag="role:nurse", candidate="p2") == []
    assert found(gateway, candidate="nobody") == []
    assert found(gateway, limit=1, candidate="p1", starting_after=b) == [a]


def test_range_of_time_holds_its_first_moment_and_not_its_last(gateway: Any) -> None:
    first, second = gateway.post().json(), gateway.post().json()
    assert found(gateway, created_from=second["created_at"]) == [second["id"]]
    assert found(gateway, created_before=second["created_at"]) == [first["id"]]
    assert found(gateway, created_from=first["created_at"], created_before=second["created_at"]) == [
        first["id"]
    ]
    naive = gateway.client.get("/v1/assessments", params={"created_from": "2026-01-01T00:00:00"})
    assert outcome(naive) == (422, "validation_failed")


def test_status_tells_waiting_from_running_and_both_from_done(
    make_gateway: Callable[..., Any], store_report: Callable[..., None]
) -> None:
    gateway = make_gateway()
    waiting, running, done = (gateway.post().json()["id"] for _ in range(3))
    started = ModalityProgress(status=ModalityStatus.RUNNING, share=0.4)
    gateway.services.ledger.report_progress(running, Modality.TEXT, started)
    store_report(done, gateway.tenant.tenant)
    assert found(gateway, status="queued") == [waiting]
    assert found(gateway, status="processing") == [running]
    assert found(gateway, status="partially_succeeded") == [done]
    assert found(gateway, status=["queued", "processing"]) == [running, waiting]
    assert found(gateway, status=["processing", "partially_succeeded"]) == [done, running]
    assert found(gateway, status="succeeded") == []


def test_status_that_only_the_ledger_knows_fills_its_pages(make_gateway: Callable[..., Any]) -> None:
    gateway = make_gateway()
    made = [gateway.post().json()["id"] for _ in range(6)]
    started = ModalityProgress(status=ModalityStatus.RUNNING, share=0.4)
    for each in made[::2]:
        gateway.services.ledger.report_progress(each, Modality.TEXT, started)
    query = {"status": "processing", "limit": 2}
    first = gateway.client.get("/v1/assessments", params=query).json()
    assert ([row["id"] for row in first["data"]], first["has_more"]) == ([made[4], made[2]], True)
    rest = gateway.client.get("/v1/assessments", params={**query, "starting_after": made[2]}).json()
    assert ([row["id"] for row in rest["data"]], rest["has_more"]) == ([made[0]], False)


def test_expansion_sends_reports_along_to_who_may_read_them(
    gateway: Any, admin_engine: Engine, store_report: Callable[..., None]
) -> None:
    reported = gateway.post().json()["id"]
    pending = gateway.post().json()["id"]
    store_report(reported, gateway.tenant.tenant)
    page = gateway.client.get("/v1/assessments", params={"expand": "report"}).json()["data"]
    assert [row["id"] for row in page] == [pending, reported]
    assert page[0]["report"] is None
    assert page[1]["report"] == gateway.client.get(f"/v1/assessments/{reported}/report").json()
    assert gateway.client.get("/v1/assessments").json()["data"][1]["report"] is None
    one = gateway.client.get(f"/v1/assessments/{reported}", params={"expand": "report"}).json()
    assert one["report"] == page[1]["report"]
    writer = create_key(admin_engine, gateway.tenant.tenant, name="w", scopes=[Scope.ASSESSMENTS_WRITE])
    headers = {"Authorization": f"Bearer {writer.key}"}
    for path in ("/v1/assessments", f"/v1/assessments/{reported}"):
        refused = gateway.client.get(path, params={"expand": "report"}, headers=headers)
        assert outcome(refused) == (403, "scope_missing")


def test_reports_are_listed_without_those_that_only_the_candidate_may_read(
    gateway: Any, admin_engine: Engine, store_report: Callable[..., None]
) -> None:
    practice = gateway.post(candidate="p1").json()
    research = gateway.post(candidate="p2", purpose="research").json()["id"]
    for each in (practice["id"], research):
        store_report(each, gateway.tenant.tenant)

    def listed(**query: Any) -> list[str]:
        body = gateway.client.get("/v1/reports", params=query).json()
        return [row["assessment_id"] for row in body["data"]]

    assert listed() == [research, practice["id"]]
    assert listed(limit=1, starting_after=research) == [practice["id"]]
    assert listed(candidate="p1") == [practice["id"]]
    with admin_engine.begin() as connection:
        connection.execute(text("UPDATE tenants SET jurisdiction = 'eu'"))
    assert listed() == [research]
    page = gateway.client.get("/v1/assessments", params={"expand": "report"}).json()["data"]
    assert [(row["report"] is None, row["report_withheld"]) for row in page] == [
        (False, None),
        (True, "report_readable_by_candidate_only"),
    ]
    own = gateway.client.get(
        f"/v1/assessments/{practice['id']}",
        params={"expand": "report"},
        headers={"Authorization": f"Bearer {practice['candidate_token']}"},
    ).json()
    assert own["report"]["assessment_id"] == practice["id"]


def test_audit_log_is_listed_and_narrowed_for_administrators_only(gateway: Any) -> None:
    path = "/v1/audit_events"
    made = gateway.client.post("/v1/api_keys", json={"name": "k", "scopes": ["reports:read"]}).json()
    person = gateway.post().json()["candidate_id"]
    gateway.client.delete("/v1/candidates/person-1/tokens")
    answer = gateway.client.get(path, params={"limit": 2})
    assert answer.status_code == 200, answer.text
    revoked, created = answer.json()["data"]
    assert (created["action"], created["subject"], created["about"]) == (
        "api_key.created",
        made["id"],
        made["id"],
    )
    assert (revoked["previous_hash"], revoked["sequence"]) == (created["hash"], created["sequence"] + 1)
    assert (revoked["subject"][:4], revoked["about"]) == ("sub_", person)

    def ids(**query: str) -> list[str]:
        return [row["id"] for row in gateway.client.get(path, params=query).json()["data"]]

    assert ids(action="api_key.created") == [created["id"]]
    assert ids(subject=person) == ids(subject=revoked["subject"]) == [revoked["id"]]
    assert ids(starting_after=revoked["id"], limit="1") == [created["id"]]
    assert ids(created_from=revoked["created_at"]) == [revoked["id"]]
    assert ids(actor="nobody") == []
    gateway.client.delete("/v1/candidates/person-1")
    erased = next(row for row in gateway.client.get(path).json()["data"] if row["id"] == revoked["id"])
    assert (erased["subject"], erased["about"]) == (revoked["subject"], None)
    reader = {"Authorization": f"Bearer {made['key']}"}
    assert outcome(gateway.client.get(path, headers=reader)) == (403, "scope_missing")
