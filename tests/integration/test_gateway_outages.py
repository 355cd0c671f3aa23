"""What is out of reach shows as a problem with a code; nothing is half written."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.common.db.models import Assessment
from services.common.db.session import tenant_session
from tests.fakes import FakeDispatcher, FaultyStore
from tests.integration.test_gateway_api import MP4

NOWHERE = "redis://127.0.0.1:1/0"
NO_DATABASE = "postgresql://candor_gateway@127.0.0.1:1/candor"


def test_answer_is_accepted_when_the_broker_is_down(make_gateway: Callable[..., Any]) -> None:
    gateway = make_gateway(redis=NOWHERE)
    started = time.monotonic()
    answer = gateway.post(files={"video": ("v.mp4", MP4)})
    assert answer.status_code == 202, answer.text
    assert time.monotonic() - started < 15, "a worker would have tried for 19 s; a request takes one"
    with tenant_session(gateway.services.engine, gateway.tenant.tenant) as session:
        row = session.get_one(Assessment, answer.json()["id"])
        assert (row.state, row.dispatched_at, row.dispatches) == ("queued", None, 0)
    assert len(gateway.stored_files()) == 1
    body = gateway.client.get(answer.headers["location"]).json()
    assert body["status"] == "queued"
    metrics = gateway.client.get("/metrics").text
    assert 'dispatches_total{outcome="left_to_recovery"} 1.0' in metrics


def test_erasure_waits_when_the_ledger_is_down(make_gateway: Callable[..., Any]) -> None:
    gateway = make_gateway(redis=NOWHERE)
    path = gateway.post().headers["location"]
    answer = gateway.client.delete(path)
    assert (answer.status_code, answer.json()["code"]) == (503, "service_unavailable")
    assert gateway.client.get(path).json()["status"] == "canceled"


@pytest.mark.parametrize("room_bytes", [0, 5000])
def test_upload_is_refused_when_the_store_is_full(
    room_bytes: int, gateway: Any, dispatcher: FakeDispatcher
) -> None:
    gateway.replace(store=FaultyStore.full(gateway.media, room_bytes=room_bytes))
    answer = gateway.post(files={"video": ("v.mp4", MP4)})
    assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")
    assert gateway.stored_files() == []
    assert dispatcher.sent == []
    assert gateway.client.get("/v1/assessments").json()["data"] == []


def test_upload_is_refused_when_the_store_is_down(gateway: Any) -> None:
    gateway.replace(store=FaultyStore.down(gateway.media))
    answer = gateway.post(files={"video": ("v.mp4", MP4)})
    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
    assert answer.headers["retry-after"] == "5"
    assert gateway.stored_files() == []


def test_every_operation_says_so_when_the_database_is_down(make_gateway: Callable[..., Any]) -> None:
    gateway = make_gateway(database_url=NO_DATABASE)
    for method, path in (("GET", "/v1/assessments"), ("GET", "/v1/questions"), ("POST", "/v1/assessments")):
        answer = gateway.client.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable"), path
    assert gateway.client.get("/livez").status_code == 200


def test_media_is_removed_when_the_database_fails_after_the_upload(
    gateway: Any, make_gateway: Callable[..., Any], dispatcher: FakeDispatcher
) -> None:
    """The key is checked before the upload, so the database must go away in between."""
    question = gateway.question()
    broken = make_gateway(dispatcher=dispatcher, database_url=NO_DATABASE)
    store = gateway.services.store

    class Switch:
        """A store during whose first write the database disappears."""

        def __getattr__(self, name: str) -> Any:
            return getattr(store, name)

        def create(self, key: str) -> Any:
            object.__setattr__(gateway.services, "engine", broken.services.engine)
            return store.create(key)

    working = gateway.services.engine
    gateway.replace(store=Switch())
    answer = gateway.client.post(
        "/v1/assessments",
        data={"candidate": "c", "question": question},
        files={"video": ("v.mp4", MP4)},
    )
    gateway.replace(engine=working)
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert gateway.stored_files() == []
    assert dispatcher.sent == []


@pytest.mark.parametrize(
    ("failing", "options"),
    [("redis", {"redis": NOWHERE}), ("postgres", {"database_url": NO_DATABASE}), ("object_store", {})],
)
def test_readiness_names_what_fails(
    failing: str, options: dict[str, Any], make_gateway: Callable[..., Any], tmp_path: Path
) -> None:
    gateway = make_gateway(**options)
    if failing == "object_store":
        gateway.replace(store=FaultyStore.down(tmp_path))
    answer = gateway.client.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
    assert [error["field"] for error in answer.json()["errors"]] == [failing]


def test_readiness_names_the_worker_that_is_missing_or_lacks_something(
    make_gateway: Callable[..., Any],
) -> None:
    gateway = make_gateway(ready_needs_workers=True)
    for queue in ("text", "audio", "fusion"):
        gateway.services.ledger.announce_worker(queue, "ok", ttl_s=60)
    gateway.services.ledger.announce_worker("video", "The model server is out of reach.", ttl_s=60)
    answer = gateway.client.get("/readyz")
    assert answer.status_code == 503
    assert {error["field"]: error["detail"] for error in answer.json()["errors"]} == {
        "video worker": "The model server is out of reach.",
        "delivery worker": "has not been heard of lately",
    }
    for queue in ("video", "delivery"):
        gateway.services.ledger.announce_worker(queue, "ok", ttl_s=60)
    assert gateway.client.get("/readyz").status_code == 200
