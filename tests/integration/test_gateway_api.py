"""The interface on real Postgres and Redis: what a platform does with it."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from gateway.http.fields import Scope
from gateway.provisioning import create_tenant
from gateway.tenancy.api_keys import create_key, revoke_key
from services.common.contracts.labels import Modality, ModalityStatus
from services.common.db.models import Assessment, Candidate, ReportRow
from services.common.db.session import tenant_session
from services.common.work.ledger import ModalityProgress
from tests.fakes import FakeDispatcher, FaultyStore

MP4 = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2" + bytes(6000)
WAV = b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(100)


def test_answer_is_stored_and_sent_when_it_is_accepted(gateway: Any, dispatcher: FakeDispatcher) -> None:
    answer = gateway.post(
        files={"video": ("answer.mp4", MP4, "application/x-nonsense")}, tags=["a", "b"], purpose="research"
    )
    assert answer.status_code == 202, answer.text
    body = answer.json()
    assert answer.headers["location"] == f"/v1/assessments/{body['id']}"
    assert (body["status"], body["candidate"], body["tags"], body["purpose"]) == (
        "queued",
        "person-1",
        ["a", "b"],
        "research",
    )
    [media] = body["media"]
    assert media == {
        "kind": "video",
        "content_type": "video/mp4",
        "size_bytes": len(MP4),
        "sha256": hashlib.sha256(MP4).hexdigest(),
    }
    [stored] = gateway.stored_files()
    assert stored.read_bytes() == MP4
    [work] = dispatcher.sent
    assert (work.assessment_id, work.tenant_id) == (body["id"], gateway.tenant.tenant)
    assert body.pop("candidate_token") is None  # the answer is not for practice
    assert gateway.client.get(answer.headers["location"]).json() == body


def test_dispatch_is_noted_on_the_row_when_it_was_sent(gateway: Any) -> None:
    assessment_id = gateway.post().json()["id"]
    with tenant_session(gateway.services.engine, gateway.tenant.tenant) as session:
        row = session.get_one(Assessment, assessment_id)
        assert row.dispatches == 1
        assert row.dispatched_at is not None
        assert row.check_at is not None


def test_candidate_is_made_once_when_answers_repeat(gateway: Any) -> None:
    first, second = gateway.post().json(), gateway.post().json()
    assert first["candidate_id"] == second["candidate_id"]
    with tenant_session(gateway.services.engine, gateway.tenant.tenant) as session:
        assert session.scalar(select(func.count()).select_from(Candidate)) == 1


def test_audio_and_video_parts_are_both_kept(gateway: Any, dispatcher: FakeDispatcher) -> None:
    answer = gateway.post(files={"video": ("v.mp4", MP4), "audio": ("a.wav", WAV)})
    assert answer.status_code == 202
    assert [part.kind for part in dispatcher.sent[0].media] == ["video", "audio"]


def test_typed_text_may_come_as_a_file(gateway: Any) -> None:
    answer = gateway.post(files={"text": ("answer.txt", "Grüße, I like to learn.".encode())})
    assert answer.status_code == 202
    assert gateway.stored_files()[0].read_text(encoding="utf-8") == "Grüße, I like to learn."


def test_untouched_inputs_of_a_browser_form_are_ignored(gateway: Any) -> None:
    files = {"video": ("v.mp4", MP4), "audio": ("", b""), "text": (None, "  ")}
    answer = gateway.post(files=files, purpose="", tags="")
    assert answer.status_code == 202
    assert [part["kind"] for part in answer.json()["media"]] == ["video"]
    assert answer.json()["purpose"] == "self_practice"


def test_list_walks_both_ways_when_paged(gateway: Any) -> None:
    made = [gateway.post().json()["id"] for _ in range(5)]
    newest_first = sorted(made, reverse=True)

    def page(**query: Any) -> tuple[list[str], bool]:
        body = gateway.client.get("/v1/assessments", params=query).json()
        return [item["id"] for item in body["data"]], body["has_more"]

    assert page(limit=2) == (newest_first[:2], True)
    assert page(limit=2, starting_after=newest_first[1]) == (newest_first[2:4], True)
    assert page(limit=2, starting_after=newest_first[3]) == (newest_first[4:], False)
    assert page(limit=2, ending_before=newest_first[3]) == (newest_first[1:3], True)
    assert page(limit=3, ending_before=newest_first[3]) == (newest_first[:3], False)


def test_cursor_still_works_when_its_assessment_is_gone(gateway: Any) -> None:
    newest_first = sorted((gateway.post().json()["id"] for _ in range(3)), reverse=True)
    assert gateway.client.delete(f"/v1/assessments/{newest_first[1]}").status_code == 204
    body = gateway.client.get("/v1/assessments", params={"starting_after": newest_first[1]}).json()
    assert [item["id"] for item in body["data"]] == [newest_first[2]]


def test_progress_shows_when_a_worker_reports_it(make_gateway: Callable[..., Any]) -> None:
    gateway = make_gateway()
    body = gateway.post().json()
    running = ModalityProgress(status=ModalityStatus.RUNNING, share=0.4)
    assert gateway.services.ledger.report_progress(body["id"], Modality.TEXT, running)
    now = gateway.client.get(f"/v1/assessments/{body['id']}").json()
    assert now["status"] == "processing"
    assert now["modalities"]["text"]["status"] == "running"
    assert now["modalities"]["text"]["progress"] == 0.4
    assert now["modalities"]["video"]["status"] == "queued"


def test_report_is_not_ready_while_it_is_processed(gateway: Any) -> None:
    answer = gateway.client.get(f"/v1/assessments/{gateway.post().json()['id']}/report")
    assert (answer.status_code, answer.json()["code"]) == (404, "report_not_ready")


def test_report_and_outcome_show_when_fusion_has_stored_them(
    gateway: Any, store_report: Callable[..., None]
) -> None:
    assessment_id = gateway.post().json()["id"]
    store_report(assessment_id, gateway.tenant.tenant)
    body = gateway.client.get(f"/v1/assessments/{assessment_id}").json()
    assert body["status"] == "partially_succeeded"
    assert body["modalities"]["audio"] == {
        "status": "failed",
        "progress": 1.0,
        "error_code": "no_speech",
        "reason": "Speak up and record again.",
    }
    report = gateway.client.get(f"/v1/assessments/{assessment_id}/report")
    assert report.status_code == 200
    assert report.json()["assessment_id"] == assessment_id


def test_delete_erases_media_rows_and_ledger(
    make_gateway: Callable[..., Any], fusion_engine: Engine, store_report: Callable[..., None]
) -> None:
    gateway = make_gateway()
    assessment_id = gateway.post(files={"video": ("v.mp4", MP4)}).json()["id"]
    store_report(assessment_id, gateway.tenant.tenant)
    assert gateway.services.ledger.is_known(assessment_id)
    path = f"/v1/assessments/{assessment_id}"
    assert gateway.client.delete(path).status_code == 204
    assert gateway.stored_files() == []
    assert not gateway.services.ledger.is_known(assessment_id)
    with tenant_session(fusion_engine, gateway.tenant.tenant) as session:
        assert session.scalars(select(ReportRow)).all() == []
    assert gateway.client.get(path).json()["code"] == "assessment_not_found"
    assert gateway.client.delete(path).json()["code"] == "assessment_not_found"


def test_delete_can_be_repeated_when_the_store_was_down(gateway: Any, dispatcher: FakeDispatcher) -> None:
    assessment_id = gateway.post(files={"video": ("v.mp4", MP4)}).json()["id"]
    store = FaultyStore.down(gateway.media)
    gateway.replace(store=store)
    path = f"/v1/assessments/{assessment_id}"
    assert gateway.client.delete(path).json()["code"] == "storage_unavailable"
    assert gateway.client.get(path).json()["status"] == "canceled"
    assert gateway.client.get(f"{path}/report").json()["code"] == "report_unavailable"
    store.fault = None
    assert gateway.client.delete(path).status_code == 204
    assert gateway.stored_files() == []


def test_other_tenant_sees_nothing(gateway: Any, admin_engine: Engine) -> None:
    assessment_id = gateway.post().json()["id"]
    stranger = {"Authorization": f"Bearer {create_tenant(admin_engine, 'other').key}"}
    for method, path in (
        ("GET", f"/v1/assessments/{assessment_id}"),
        ("GET", f"/v1/assessments/{assessment_id}/report"),
        ("GET", f"/v1/assessments/{assessment_id}/events"),
        ("DELETE", f"/v1/assessments/{assessment_id}"),
    ):
        answer = gateway.client.request(method, path, headers=stranger)
        assert (answer.status_code, answer.json()["code"]) == (404, "assessment_not_found"), path
    assert gateway.client.get("/v1/assessments", headers=stranger).json()["data"] == []
    assert len(gateway.stored_files()) == 1


def test_question_of_another_tenant_is_unknown(gateway: Any, admin_engine: Engine) -> None:
    other = create_tenant(admin_engine, "other")
    headers = {"Authorization": f"Bearer {other.key}"}
    theirs = gateway.client.get("/v1/questions", headers=headers).json()["data"][0]["id"]
    answer = gateway.post(question=theirs)
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_question")
    assert gateway.stored_files() == []


def test_bank_has_default_questions_and_takes_more(gateway: Any) -> None:
    before = gateway.client.get("/v1/questions").json()
    assert len(before["data"]) == 8
    added = gateway.client.post("/v1/questions", json={"text": "  Why  now? "})
    assert (added.status_code, added.json()["text"]) == (201, "Why  now?")
    first = gateway.client.get("/v1/questions", params={"limit": 8}).json()
    assert first["has_more"]
    rest = gateway.client.get("/v1/questions", params={"starting_after": first["data"][-1]["id"]}).json()
    assert len(first["data"] + rest["data"]) == 9
    assert added.json()["id"] in {item["id"] for item in first["data"] + rest["data"]}


def test_key_without_the_scope_is_refused(gateway: Any, admin_engine: Engine) -> None:
    reader = create_key(admin_engine, gateway.tenant.tenant, name="r", scopes=[Scope.REPORTS_READ])
    headers = {"Authorization": f"Bearer {reader.key}"}
    assert gateway.client.get("/v1/questions", headers=headers).status_code == 200
    refused = gateway.client.post("/v1/questions", headers=headers, json={"text": "Why?"})
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")


def test_revoked_key_is_refused_with_its_own_code(gateway: Any, admin_engine: Engine) -> None:
    key = create_key(admin_engine, gateway.tenant.tenant, name="soon gone")
    headers = {"Authorization": f"Bearer {key.key}"}
    assert gateway.client.get("/v1/questions", headers=headers).status_code == 200
    revoke_key(admin_engine, gateway.tenant.tenant, key.id)
    answer = gateway.client.get("/v1/questions", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "api_key_revoked")
    with pytest.raises(LookupError):
        revoke_key(admin_engine, gateway.tenant.tenant, "key_nope")


def events_of(text: str) -> list[tuple[str, dict[str, Any]]]:
    blocks = [block for block in text.replace("\r\n", "\n").split("\n\n") if "event:" in block]
    found = []
    for block in blocks:
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        found.append((fields["event"], json.loads(fields["data"])))
    return found


def test_events_begin_with_the_state_and_end_with_the_report(
    make_gateway: Callable[..., Any], store_report: Callable[..., None]
) -> None:
    gateway = make_gateway()
    assessment_id = gateway.post().json()["id"]
    cursor = gateway.services.ledger._redis.xrevrange(f"candor:events:{assessment_id}", count=1)[0][0]
    for share in (0.2, 0.9):
        state = ModalityProgress(status=ModalityStatus.RUNNING, share=share)
        gateway.services.ledger.report_progress(assessment_id, Modality.TEXT, state)

    def finish() -> None:
        store_report(assessment_id, gateway.tenant.tenant)
        gateway.services.ledger.publish_event(assessment_id, "report", {"status": "partially_succeeded"})

    import threading

    timer = threading.Timer(1.0, finish)
    timer.start()
    answer = gateway.client.get(f"/v1/assessments/{assessment_id}/events", headers={"Last-Event-ID": cursor})
    timer.join()
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = events_of(answer.text)
    assert [name for name, _ in events] == ["status", "modality", "modality", "report"]
    assert events[0][1]["id"] == assessment_id
    assert [data["share"] for name, data in events if name == "modality"] == [0.2, 0.9]
    assert events[-1][1] == {"status": "partially_succeeded"}


def test_events_end_when_redis_lost_the_last_one(
    make_gateway: Callable[..., Any], store_report: Callable[..., None]
) -> None:
    gateway = make_gateway()
    assessment_id = gateway.post().json()["id"]
    gateway.services.ledger.erase(assessment_id)
    store_report(assessment_id, gateway.tenant.tenant)
    events = events_of(gateway.client.get(f"/v1/assessments/{assessment_id}/events").text)
    assert [name for name, _ in events] == ["status", "report"]


def test_probes_and_metrics_need_no_key(gateway: Any) -> None:
    anonymous = {"Authorization": ""}
    gateway.post()
    assert gateway.client.get("/livez", headers=anonymous).json() == {"status": "alive"}
    ready = gateway.client.get("/readyz", headers=anonymous)
    assert ready.json() == {
        "status": "ready",
        "checks": {"postgres": "ok", "redis": "ok", "object_store": "ok"},
    }
    text = gateway.client.get("/metrics", headers=anonymous).text
    assert 'requests_total{method="POST",route="/v1/assessments",status="202"} 1.0' in text
    assert 'candor_gateway_dispatches_total{outcome="sent"} 1.0' in text
    assert 'candor_gateway_upload_bytes_total{kind="text"} 16.0' in text


def test_request_id_is_kept_when_it_is_harmless_and_replaced_otherwise(gateway: Any) -> None:
    kept = gateway.client.get("/livez", headers={"X-Request-ID": "trace-42"})
    assert kept.headers["x-request-id"] == "trace-42"
    replaced = gateway.client.get("/nope", headers={"X-Request-ID": "a b\tc"})
    assert replaced.headers["x-request-id"].startswith("req_")
    assert replaced.json()["request_id"] == replaced.headers["x-request-id"]
