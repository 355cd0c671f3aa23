"""Registering where events go, and what is recorded of them, on a real database."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gateway.assessments import repository
from gateway.http.ids import Prefix, id_pattern
from gateway.webhooks.events import EventType, emit
from gateway.webhooks.secrets import secret_of
from gateway.webhooks.store import forget_events
from gateway.webhooks.targets import TargetRules
from services.common.db.session import tenant_session

URL = "https://hooks.example.com/candor"
PATH = "/v1/webhook_endpoints"
NAMES = {"hooks.example.com": ["93.184.215.14"], "internal.example.com": ["10.1.2.3"]}


@pytest.fixture
def gateway(gateway: Any) -> Any:
    """The gateway with a resolver that knows three names."""
    gateway.replace(webhook_targets=TargetRules(resolve=lambda host, _: NAMES.get(host, [host])))
    return gateway


@pytest.fixture
def endpoint(gateway: Any) -> dict[str, Any]:
    answer = gateway.client.post(PATH, json={"url": URL, "description": "tracking"})
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


def events(gateway: Any, **query: Any) -> list[dict[str, Any]]:
    answer = gateway.client.get("/v1/events", params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


def test_secret_is_shown_once_and_stored_nowhere(
    gateway: Any, endpoint: dict[str, Any], admin_engine: Engine
) -> None:
    secret = endpoint["secret"]
    assert secret.startswith("whsec_")
    shown = [
        gateway.client.get(PATH).text,
        gateway.client.get(f"{PATH}/{endpoint['id']}").text,
        gateway.client.patch(f"{PATH}/{endpoint['id']}", json={"description": "x"}).text,
    ]
    with admin_engine.connect() as connection:
        stored = str(connection.execute(text("SELECT * FROM webhook_endpoints")).all())
    assert all(endpoint["id"] in place for place in [*shown, stored])
    assert not any(secret.removeprefix("whsec_") in place for place in [*shown, stored])


def test_secret_depends_on_the_key_secret_of_the_gateway() -> None:
    assert secret_of("ab" * 32, key_secret="one") != secret_of("ab" * 32, key_secret="two")


def test_endpoint_can_be_changed_listed_and_removed(gateway: Any, endpoint: dict[str, Any]) -> None:
    place = f"{PATH}/{endpoint['id']}"
    changed = gateway.client.patch(place, json={"event_types": ["assessment.failed", "assessment.failed"]})
    assert changed.json()["event_types"] == ["assessment.failed"]
    assert changed.json()["description"] == "tracking"
    assert gateway.client.get(PATH).json()["data"] == [changed.json()]
    assert gateway.client.delete(place).status_code == 204
    assert gateway.client.get(place).json()["code"] == "webhook_endpoint_not_found"


def test_changes_of_an_endpoint_are_audited_without_its_address(
    gateway: Any, endpoint: dict[str, Any], admin_engine: Engine
) -> None:
    place = f"{PATH}/{endpoint['id']}"
    gateway.client.patch(place, json={"url": f"{URL}/other"})
    gateway.client.post(f"{place}/rotate")
    gateway.client.delete(place)
    with admin_engine.connect() as connection:
        rows = connection.execute(text("SELECT action, subject, details FROM audit_events ORDER BY id")).all()
    ours = [row for row in rows if row.subject == endpoint["id"]]
    assert [row.action.partition(".")[2] for row in ours] == ["created", "changed", "rotated", "deleted"]
    assert "example.com" not in str(ours)


def test_endpoint_is_paused_and_resumed_when_its_status_is_changed(
    gateway: Any, endpoint: dict[str, Any]
) -> None:
    place = f"{PATH}/{endpoint['id']}"
    paused = gateway.client.patch(place, json={"status": "disabled"}).json()
    assert (paused["status"], paused["disabled_reason"]) == ("disabled", "paused")
    assert gateway.client.post(f"{place}/test").json()["code"] == "webhook_endpoint_disabled"
    resumed = gateway.client.patch(place, json={"status": "enabled"}).json()
    assert (resumed["status"], resumed["disabled_reason"], resumed["disabled_at"]) == ("enabled", None, None)


REFUSED = (
    "https://169.254.169.254/latest/meta-data",
    "https://127.0.0.1/",
    "https://internal.example.com/",
    "https://hooks.example.com:6379/",
    "http://hooks.example.com/",
    "ftp://hooks.example.com/",
    "https://user:password@hooks.example.com/",
    "not a url",
)


def test_target_is_refused_when_nothing_may_be_sent_there(gateway: Any, endpoint: dict[str, Any]) -> None:
    for url in REFUSED:
        for method, place in (("POST", PATH), ("PATCH", f"{PATH}/{endpoint['id']}")):
            answer = gateway.client.request(method, place, json={"url": url})
            assert (answer.status_code, answer.json()["code"]) == (422, "webhook_target_refused"), url


def test_endpoints_of_a_tenant_are_limited(make_gateway: Callable[..., Any]) -> None:
    gateway = make_gateway(webhook_max_endpoints=1)
    gateway.replace(webhook_targets=TargetRules(resolve=lambda *_: ["93.184.215.14"]))
    assert gateway.client.post(PATH, json={"url": URL}).status_code == 201
    answer = gateway.client.post(PATH, json={"url": URL})
    assert (answer.status_code, answer.json()["code"]) == (409, "webhook_endpoints_exhausted")


def test_report_is_an_event_when_fusion_stores_it(
    gateway: Any, endpoint: dict[str, Any], store_report: Callable[..., None]
) -> None:
    assessment = gateway.post().json()["id"]
    store_report(assessment, gateway.tenant.tenant)
    [event] = events(gateway)
    assert event["type"] == "assessment.partially_succeeded"
    assert event["data"] == {"id": assessment, "status": "partially_succeeded"}
    assert gateway.client.get(f"/v1/events/{event['id']}").json() == event
    [delivery] = gateway.client.get(f"/v1/events/{event['id']}/deliveries").json()["data"]
    assert (delivery["endpoint_id"], delivery["status"]) == (endpoint["id"], "pending")
    assert gateway.client.get(f"{PATH}/{endpoint['id']}/deliveries").json()["data"] == [delivery]


def test_event_is_recorded_but_not_delivered_when_no_endpoint_wants_it(
    gateway: Any, endpoint: dict[str, Any], store_report: Callable[..., None]
) -> None:
    gateway.client.patch(f"{PATH}/{endpoint['id']}", json={"event_types": ["candidate.erased"]})
    store_report(gateway.post().json()["id"], gateway.tenant.tenant)
    [event] = events(gateway)
    assert gateway.client.get(f"/v1/events/{event['id']}/deliveries").json()["data"] == []


def test_events_are_filtered_by_type_and_assessment(gateway: Any, store_report: Callable[..., None]) -> None:
    first, second = (gateway.post().json()["id"] for _ in range(2))
    store_report(first, gateway.tenant.tenant, status="failed")
    store_report(second, gateway.tenant.tenant, status="succeeded")
    assert [event["data"]["id"] for event in events(gateway)] == [second, first]
    assert [event["data"]["id"] for event in events(gateway, type="assessment.failed")] == [first]
    assert [event["data"]["id"] for event in events(gateway, assessment=second)] == [second]


def test_events_go_with_their_assessment_when_it_is_erased(
    gateway: Any, endpoint: dict[str, Any], store_report: Callable[..., None], admin_engine: Engine
) -> None:
    assessment = gateway.post().json()["id"]
    store_report(assessment, gateway.tenant.tenant)
    assert gateway.client.delete(f"/v1/assessments/{assessment}").status_code == 204
    assert events(gateway) == []
    with admin_engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM webhook_deliveries")).scalar_one() == 0


def test_work_that_ends_without_a_report_is_an_event_and_a_reported_answer_is_not_canceled(
    gateway: Any, store_report: Callable[..., None]
) -> None:
    canceled, expired, reported = (gateway.post().json()["id"] for _ in range(3))
    store_report(reported, gateway.tenant.tenant, status="failed")
    with tenant_session(gateway.services.engine, gateway.tenant.tenant) as session:
        for assessment in (canceled, canceled, reported):
            repository.cancel(session, assessment)
        repository.expire(session, expired)
    assert sorted((event["data"]["id"], event["type"]) for event in events(gateway)) == [
        (canceled, "assessment.canceled"),
        (expired, "assessment.expired"),
        (reported, "assessment.failed"),
    ]


def test_old_events_are_forgotten_with_their_deliveries_in_every_tenant(
    gateway: Any, endpoint: dict[str, Any], admin_engine: Engine, gateway_engine: Engine
) -> None:
    tests = [gateway.client.post(f"{PATH}/{endpoint['id']}/test").json()["id"] for _ in range(3)]
    with admin_engine.begin() as connection:
        connection.execute(
            text("UPDATE events SET created_at = now() - interval '31 days' WHERE id <> :id"),
            {"id": tests[2]},
        )
    with Session(gateway_engine) as session, session.begin():
        assert [forget_events(session, age_s=30 * 86_400, most=1) for _ in range(3)] == [1, 1, 0]
    assert [event["id"] for event in events(gateway)] == [tests[2]]
    deliveries = gateway.client.get(f"{PATH}/{endpoint['id']}/deliveries").json()["data"]
    assert [delivery["event_id"] for delivery in deliveries] == [tests[2]]


def test_event_of_an_erased_candidate_stays_when_it_is_emitted_after(gateway: Any) -> None:
    candidate = gateway.post().json()["candidate_id"]
    tenant = gateway.tenant.tenant
    with tenant_session(gateway.services.engine, tenant) as session:
        emit(session, tenant_id=tenant, type=EventType.CANDIDATE_ERASED, subject_id="cand_of_nobody")
        emit(session, tenant_id=tenant, type=EventType.CONSENT_WITHDRAWN, subject_id=candidate)
        rows = session.execute(text("SELECT subject_id, candidate_id FROM events ORDER BY id")).all()
    assert [tuple(row) for row in rows] == [("cand_of_nobody", None), (candidate, candidate)]


def test_identifiers_of_the_database_look_like_the_gateways_own(admin_engine: Engine) -> None:
    from re import fullmatch

    with admin_engine.connect() as connection:
        made = [connection.execute(text("SELECT candor_new_id('evt')")).scalar_one() for _ in range(50)]
    assert all(fullmatch(id_pattern(Prefix.EVENT), one) for one in made)
    assert len(set(made)) == 50
    assert [one[:14] for one in made] == sorted(one[:14] for one in made)


def test_endpoint_and_event_of_another_tenant_are_not_found(
    gateway: Any, make_gateway: Callable[..., Any], endpoint: dict[str, Any]
) -> None:
    event = gateway.client.post(f"{PATH}/{endpoint['id']}/test").json()["id"]
    other = make_gateway()
    for method, path in (
        ("GET", f"{PATH}/{endpoint['id']}"),
        ("PATCH", f"{PATH}/{endpoint['id']}"),
        ("DELETE", f"{PATH}/{endpoint['id']}"),
        ("POST", f"{PATH}/{endpoint['id']}/rotate"),
        ("POST", f"{PATH}/{endpoint['id']}/test"),
        ("GET", f"{PATH}/{endpoint['id']}/deliveries"),
        ("GET", f"/v1/events/{event}"),
        ("GET", f"/v1/events/{event}/deliveries"),
        ("POST", f"/v1/events/{event}/replay"),
    ):
        body = {"json": {}} if method == "PATCH" else {}
        assert other.client.request(method, path, **body).status_code == 404, (method, path)
    assert other.client.get(PATH).json()["data"] == []
    assert other.client.get("/v1/events").json()["data"] == []
