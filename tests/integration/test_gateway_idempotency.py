"""`Idempotency-Key` on real Postgres: a request that is sent again is answered again, and done once."""

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, select, text

from gateway.http import idempotency_store as store
from gateway.provisioning import create_tenant
from gateway.settings import DEVELOPMENT_KEY_SECRET
from services.common.db.models import IdempotencyKey
from services.common.db.session import tenant_session

KEY = {"Idempotency-Key": "0b0c9f3e-attempt"}
QUESTION = {"text": "What did you learn last year?"}
MP4 = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2" + bytes(6000)


def post(gateway: Any, *, answer: str = "I like to learn.", video: bytes | None = None) -> httpx.Response:
    data = {"candidate": "person-1", "question": gateway.question()}
    files = {"video": ("v.mp4", video)} if video else {"text": (None, answer)}
    answer: httpx.Response = gateway.client.post("/v1/assessments", data=data, files=files, headers=KEY)
    return answer


def assessments(gateway: Any) -> list[str]:
    return [item["id"] for item in gateway.client.get("/v1/assessments").json()["data"]]


def rows(gateway: Any) -> list[IdempotencyKey]:
    with tenant_session(gateway.services.engine, gateway.tenant.tenant) as session:
        return list(session.scalars(select(IdempotencyKey)))


@pytest.mark.parametrize("video", [None, MP4])
def test_same_upload_is_answered_again_and_stored_once(gateway: Any, video: bytes | None) -> None:
    first, second = post(gateway, video=video), post(gateway, video=video)
    assert (first.status_code, second.status_code) == (202, 202)
    assert second.json() == first.json()
    assert second.headers["location"] == first.headers["location"]
    assert second.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert assessments(gateway) == [first.json()["id"]]
    assert len(gateway.stored_files()) == 1


def test_same_json_is_answered_again_and_done_once(gateway: Any) -> None:
    answers = [gateway.client.post("/v1/questions", json=QUESTION, headers=KEY) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert len({answer.text for answer in answers}) == 1
    listed = gateway.client.get("/v1/questions", params={"limit": 100}).json()["data"]
    assert [question["text"] for question in listed].count(QUESTION["text"]) == 1


def test_other_upload_is_refused_when_the_key_was_used(gateway: Any) -> None:
    first = post(gateway)
    other = post(gateway, answer="I like to teach.")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert assessments(gateway) == [first.json()["id"]]
    assert len(gateway.stored_files()) == 1


def test_other_operation_is_refused_when_the_key_was_used(gateway: Any) -> None:
    post(gateway)
    other = gateway.client.post("/v1/questions", json=QUESTION, headers=KEY)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


def test_key_is_another_one_when_another_tenant_sends_it(gateway: Any, admin_engine: Engine) -> None:
    other = create_tenant(admin_engine, "other")
    first = gateway.client.post("/v1/questions", json=QUESTION, headers=KEY).json()
    headers = {**KEY, "Authorization": f"Bearer {other.key}"}
    second = gateway.client.post("/v1/questions", json=QUESTION, headers=headers)
    assert second.status_code == 201
    assert second.json()["id"] != first["id"]


def test_key_stays_free_when_the_request_is_refused(gateway: Any) -> None:
    refused = gateway.client.post("/v1/questions", json={"text": " "}, headers=KEY)
    assert refused.status_code == 422
    assert rows(gateway) == []
    assert gateway.client.post("/v1/questions", json=QUESTION, headers=KEY).status_code == 201


def test_request_is_refused_when_the_key_runs_already(gateway: Any) -> None:
    claim = store.new_claim(gateway.tenant.tenant, KEY["Idempotency-Key"], key_secret=DEVELOPMENT_KEY_SECRET)
    assert store.take(gateway.services.engine, claim, fingerprint=None) is None
    answer = post(gateway)
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_in_use")
    assert answer.headers["retry-after"]
    assert gateway.stored_files() == []


def test_key_is_taken_over_when_its_holder_fell_silent(gateway: Any, admin_engine: Engine) -> None:
    engine, tenant = gateway.services.engine, gateway.tenant.tenant
    silent = store.new_claim(tenant, KEY["Idempotency-Key"], key_secret=DEVELOPMENT_KEY_SECRET)
    store.take(engine, silent, fingerprint=None)
    with tenant_session(engine, tenant) as session:
        session.execute(text("UPDATE idempotency_keys SET locked_until = now() - interval '1 second'"))
    answer = post(gateway)
    assert answer.status_code == 202
    with tenant_session(engine, tenant) as session:
        late = store.KeptResponse(status=202, headers={}, body=b"{}")
        assert not store.keep(session, silent, late, fingerprint="x")
    assert post(gateway).json() == answer.json()


@pytest.mark.parametrize("key", ["", "two words", "x" * 256, "grün"])
def test_key_is_refused_when_it_is_none(gateway: Any, key: str) -> None:
    headers = {"Idempotency-Key": key.encode("latin-1")}
    answer = gateway.client.post("/v1/questions", json=QUESTION, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_invalid")


def test_replay_is_refused_when_the_caller_may_not_write(gateway: Any, admin_engine: Engine) -> None:
    from gateway.http.fields import Scope
    from gateway.tenancy.api_keys import create_key

    gateway.client.post("/v1/questions", json=QUESTION, headers=KEY)
    reader = create_key(admin_engine, gateway.tenant.tenant, name="r", scopes=[Scope.REPORTS_READ])
    headers = {**KEY, "Authorization": f"Bearer {reader.key}"}
    assert gateway.client.post("/v1/questions", json=QUESTION, headers=headers).status_code == 403


def test_key_goes_with_its_assessment_when_that_is_erased(gateway: Any) -> None:
    made = post(gateway).json()
    [row] = rows(gateway)
    assert (row.assessment_id, row.candidate_id) == (made["id"], made["candidate_id"])
    assert gateway.client.delete(f"/v1/assessments/{made['id']}").status_code == 204
    assert rows(gateway) == []


def test_answer_is_not_readable_in_the_table(gateway: Any) -> None:
    made = gateway.client.post("/v1/questions", json=QUESTION, headers=KEY).json()
    [row] = rows(gateway)
    assert row.answer is not None
    assert made["id"].encode() not in row.answer
    assert KEY["Idempotency-Key"] not in row.key_hash


def test_keys_are_swept_when_their_day_is_over(gateway: Any) -> None:
    engine, tenant = gateway.services.engine, gateway.tenant.tenant
    post(gateway)
    assert store.sweep(engine, most=10) == 0
    with tenant_session(engine, tenant) as session:
        session.execute(text("UPDATE idempotency_keys SET created_at = now() - interval '25 hours'"))
    assert store.sweep(engine, most=10) == 1
    assert rows(gateway) == []


@pytest.mark.parametrize("video", [None, MP4])
def test_one_assessment_is_made_when_fifty_requests_come_at_once(gateway: Any, video: bytes | None) -> None:
    question = gateway.question()

    async def send(client: httpx.AsyncClient) -> httpx.Response:
        files: dict[str, Any] = {"video": ("v.mp4", video)} if video else {"text": (None, "Same answer.")}
        data = {"candidate": "person-1", "question": question}
        return await client.post("/v1/assessments", data=data, files=files, headers=KEY)

    async def send_all() -> list[httpx.Response]:
        headers = {"Authorization": f"Bearer {gateway.tenant.key}"}
        transport = httpx.ASGITransport(gateway.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
            return await asyncio.gather(*(send(client) for _ in range(50)))

    answers = asyncio.run(send_all())
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) <= {202, 409}
    made = {answer.json()["id"] for answer in answers if answer.status_code == 202}
    assert len(made) == 1
    assert assessments(gateway) == list(made)
    assert len(gateway.stored_files()) == 1
    assert {a.json()["code"] for a in answers if a.status_code == 409} <= {"idempotency_key_in_use"}


def test_nothing_is_left_when_the_key_was_taken_over_during_the_upload(
    make_gateway: Callable[..., Any], tmp_path: Path
) -> None:
    """The first request is so slow that its lease ended; a second one has answered meanwhile."""
    gateway = make_gateway()
    engine, tenant = gateway.services.engine, gateway.tenant.tenant

    class Interloper:
        """Hands the key to somebody else as soon as the media is stored."""

        def __init__(self, inner: Any) -> None:
            self._inner = inner

        def create(self, key: str) -> Any:
            with tenant_session(engine, tenant) as session:
                session.execute(text("UPDATE idempotency_keys SET attempt = 'another'"))
            return self._inner.create(key)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._inner, name)

    gateway.replace(store=Interloper(gateway.services.store))
    answer = post(gateway, video=MP4)
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_in_use")
    assert assessments(gateway) == []
    assert gateway.stored_files() == []
