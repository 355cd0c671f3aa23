"""Resumable uploads: sent in pieces, taken up again, put together, used once, erased when nobody does."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import OperationalError

from gateway.rights.sweeps import sweep_requests
from gateway.uploads.multipart import Received
from services.common.contracts.labels import MediaKind
from services.common.contracts.media import MediaRef
from services.common.db.session import tenant_session
from services.common.errors import TemporaryError

MP4 = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2" + bytes(range(256)) * 40
TYPED = MediaRef(
    kind=MediaKind.TEXT, key="ten_x/typed.txt", sha256="0" * 64, size_bytes=1, content_type="text/plain"
)
PIECES = {"Content-Type": "application/offset+octet-stream"}


def begin(gateway: Any, data: bytes = MP4, **more: Any) -> str:
    body = {"kind": "video", "size_bytes": len(data), **more}
    answer = gateway.client.post("/v1/uploads", json=body)
    assert answer.status_code == 201, answer.text
    assert answer.headers["upload-offset"] == "0"
    return str(answer.headers["location"])


def send(gateway: Any, path: str, offset: int, data: bytes) -> httpx.Response:
    answer: httpx.Response = gateway.client.patch(
        path, content=data, headers={**PIECES, "Upload-Offset": str(offset)}
    )
    return answer


def uploaded(gateway: Any, data: bytes = MP4) -> str:
    path = begin(gateway, data)
    assert send(gateway, path, 0, data).status_code == 204
    return path.rpartition("/")[2]


def hand_in(gateway: Any, *uploads: str, **more: Any) -> httpx.Response:
    data = {"candidate": "person-1", "question": gateway.question(), "upload": list(uploads)}
    answer: httpx.Response = gateway.client.post(
        "/v1/assessments", data=data, files=more or {"tags": (None, "a")}
    )
    return answer


def test_pieces_become_one_object_when_all_have_come(gateway: Any) -> None:
    path = begin(gateway, sha256=hashlib.sha256(MP4).hexdigest())
    for start in range(0, len(MP4), 3000):
        answer = send(gateway, path, start, MP4[start : start + 3000])
        assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["upload-offset"] == str(len(MP4))
    view = gateway.client.get(path).json()
    assert (view["status"], view["content_type"]) == ("complete", "video/mp4")
    assert view["sha256"] == hashlib.sha256(MP4).hexdigest()
    [stored] = gateway.stored_files()
    assert stored.read_bytes() == MP4


def test_head_tells_where_to_go_on(gateway: Any) -> None:
    path = begin(gateway)
    send(gateway, path, 0, MP4[:1000])
    answer = gateway.client.head(path)
    assert answer.status_code == 200
    assert answer.headers["upload-offset"] == "1000"
    assert answer.headers["upload-length"] == str(len(MP4))
    assert answer.headers["tus-resumable"] == "1.0.0"


@pytest.mark.parametrize("offset", [0, 999, 2000])
def test_piece_is_refused_when_it_begins_elsewhere(gateway: Any, offset: int) -> None:
    path = begin(gateway)
    send(gateway, path, 0, MP4[:1000])
    answer = send(gateway, path, offset, b"xyz")
    assert (answer.status_code, answer.json()["code"]) == (409, "upload_offset_mismatch")
    assert len(gateway.stored_files()) == 1


def test_one_piece_counts_when_several_come_at_once(gateway: Any) -> None:
    path = begin(gateway)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: send(gateway, path, 0, MP4[:1000]), range(8)))
    assert sorted(answer.status_code for answer in answers) == [204] + [409] * 7
    assert len(gateway.stored_files()) == 1
    assert gateway.client.head(path).headers["upload-offset"] == "1000"


def test_piece_is_refused_when_it_is_longer_than_announced(gateway: Any) -> None:
    path = begin(gateway)
    answer = send(gateway, path, 0, MP4 + b"more")
    assert (answer.status_code, answer.json()["code"]) == (413, "media_too_large")
    assert gateway.stored_files() == []
    assert send(gateway, path, 0, MP4).status_code == 204


@pytest.mark.parametrize(
    ("data", "more", "code"),
    [
        (MP4, {"sha256": "0" * 64}, "upload_checksum_mismatch"),
        (b"plain words, no video at all", {}, "unsupported_media_type"),
    ],
)
def test_upload_fails_for_good_when_it_is_not_what_was_announced(
    gateway: Any, data: bytes, more: dict[str, str], code: str
) -> None:
    path = begin(gateway, data, **more)
    answer = send(gateway, path, 0, data)
    assert answer.json()["code"] == code
    assert (gateway.client.get(path).json()["status"], gateway.stored_files()) == ("failed", [])
    again = send(gateway, path, len(data), b"")
    assert (again.status_code, again.json()["code"]) == (409, "upload_ended")


def test_upload_is_refused_when_it_would_be_too_large(make_gateway: Callable[..., Any]) -> None:
    gateway = make_gateway(max_video_bytes=100)
    answer = gateway.client.post("/v1/uploads", json={"kind": "video", "size_bytes": 101})
    assert (answer.status_code, answer.json()["code"]) == (413, "media_too_large")


def test_upload_is_refused_when_too_many_are_open(make_gateway: Callable[..., Any]) -> None:
    gateway = make_gateway(max_open_uploads=1)
    path = begin(gateway)
    answer = gateway.client.post("/v1/uploads", json={"kind": "video", "size_bytes": 1})
    assert (answer.status_code, answer.json()["code"]) == (409, "uploads_exhausted")
    assert gateway.client.delete(path).status_code == 204
    begin(gateway)


def test_answer_takes_an_upload_once(gateway: Any, dispatcher: Any) -> None:
    upload = uploaded(gateway)
    answer = hand_in(gateway, upload, text=(None, "I like to learn."))
    assert answer.status_code == 202, answer.text
    assert [part["kind"] for part in answer.json()["media"]] == ["text", "video"]
    assert [part.kind for part in dispatcher.sent[0].media] == ["text", "video"]
    assert gateway.client.get(f"/v1/uploads/{upload}").json()["code"] == "upload_not_found"
    again = hand_in(gateway, upload)
    assert (again.status_code, again.json()["code"]) == (422, "unknown_upload")
    assert gateway.client.delete(answer.headers["location"]).status_code == 204
    assert gateway.stored_files() == []


def test_upload_stays_when_the_answer_is_refused(gateway: Any) -> None:
    upload = uploaded(gateway)
    data = {"candidate": "person-1", "question": "q_unknown", "upload": upload}
    refused = gateway.client.post("/v1/assessments", data=data, files={"tags": (None, "a")})
    assert refused.json()["code"] == "unknown_question"
    assert hand_in(gateway, upload).status_code == 202


def test_answer_is_refused_when_its_upload_is_incomplete(gateway: Any) -> None:
    path = begin(gateway)
    answer = hand_in(gateway, path.rpartition("/")[2])
    assert (answer.status_code, answer.json()["code"]) == (422, "upload_incomplete")


def test_answer_is_refused_when_it_brings_the_same_kind_twice(gateway: Any) -> None:
    answer = hand_in(gateway, uploaded(gateway), video=("v.mp4", MP4))
    assert (answer.status_code, answer.json()["code"]) == (422, "media_conflict")
    assert len(gateway.stored_files()) == 1


def test_last_piece_can_be_sent_again_when_the_store_was_out(gateway: Any) -> None:
    path, store = begin(gateway), gateway.services.store

    class Unreadable:
        def open_local(self, key: str) -> Any:
            raise TemporaryError("storage_unavailable", "out")

        def __getattr__(self, name: str) -> Any:
            return getattr(store, name)

    gateway.replace(store=Unreadable())
    assert send(gateway, path, 0, MP4).status_code == 503
    gateway.replace(store=store)
    assert gateway.client.get(path).json()["status"] == "open"
    assert send(gateway, path, len(MP4), b"").status_code == 204
    assert gateway.client.get(path).json()["status"] == "complete"


@pytest.mark.parametrize("complete", [True, False])
def test_upload_is_erased_when_its_time_is_over(gateway: Any, admin_engine: Engine, complete: bool) -> None:
    path = begin(gateway)
    send(gateway, path, 0, MP4 if complete else MP4[:1000])
    engine, store = gateway.services.engine, gateway.services.store
    sweep_requests(engine, store)
    assert len(gateway.stored_files()) == 1
    with tenant_session(admin_engine, gateway.tenant.tenant) as session:
        session.execute(text("UPDATE uploads SET expires_at = now() - interval '1 second'"))
    assert gateway.client.get(path).status_code == 404
    sweep_requests(engine, store)
    assert gateway.stored_files() == []


def test_upload_keeps_its_bytes_when_the_answer_that_claims_it_is_rolled_back(gateway: Any) -> None:
    gateway.client.patch("/v1/tenant", json={"jurisdiction": "eu"})
    fields = {"candidate": "person-1", "question": gateway.question(), "purpose": "hiring"}
    fields |= {"consent_version": "1", "consented_at": "2026-03-02T09:20:00Z"}
    upload = uploaded(gateway)  # a video, which hiring in the EU turns away
    received = Received(
        fields={name: [value] for name, value in fields.items()} | {"upload": [upload]}, media=[TYPED]
    )

    def fail(_session: Any, _accepted: Any) -> None:
        raise RuntimeError("somebody else has taken the key over")

    with pytest.raises(RuntimeError):
        gateway.services.intake.commit(gateway.tenant.tenant, received, remember=fail)
    assert gateway.client.get(f"/v1/uploads/{upload}").json()["status"] == "complete"
    assert [file.read_bytes() for file in gateway.stored_files()] == [MP4]


def test_no_object_is_left_when_what_an_upload_came_to_cannot_be_stored(gateway: Any) -> None:
    path = begin(gateway)
    engine = gateway.services.engine

    def refuse(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("UPDATE uploads SET media"):
            raise OperationalError(statement, {}, Exception("the database went away"))

    event.listen(engine, "before_cursor_execute", refuse)
    assert send(gateway, path, 0, MP4).status_code == 503
    event.remove(engine, "before_cursor_execute", refuse)
    assert len(gateway.stored_files()) == 1, "the piece alone"
    assert send(gateway, path, len(MP4), b"").status_code == 204
    assert gateway.client.delete(path).status_code == 204
    assert gateway.stored_files() == []
