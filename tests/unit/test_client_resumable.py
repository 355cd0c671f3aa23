"""Sending a file in pieces, and going on where the server says."""

import io
from pathlib import Path
from typing import Any

import httpx
import pytest

from candor_client import ConflictError, ConnectionFailedError, InvalidRequestError, UploadFailedError
from tests.client_harness import FakeServer, Harness, answer, problem

pytestmark = pytest.mark.parametrize("kind", ["blocking", "awaiting"])
CONTENT = b"0123456789"


def upload(offset: int = 0, status: str = "open", **more: Any) -> httpx.Response:
    document = {
        "id": "up_1",
        "kind": "video",
        "status": status,
        "size_bytes": len(CONTENT),
        "offset": offset,
        "content_type": None,
        "sha256": None,
        "problem": None,
        "created_at": "2026-03-02T09:30:00Z",
        "expires_at": "2026-03-03T09:30:00Z",
    }
    return answer(document | more)


def stored(offset: int) -> httpx.Response:
    return httpx.Response(204, headers={"upload-offset": str(offset)})


COMPLETE = upload(10, "complete")


def send(kind: str, server: FakeServer, **options: Any) -> tuple[Any, Harness]:
    harness = Harness(kind, server)
    found = harness.run(
        lambda client: client.uploads.send(io.BytesIO(CONTENT), kind="video", piece_bytes=4, **options)
    )
    return found, harness


def pieces(server: FakeServer) -> list[tuple[str, bytes]]:
    """Offset and content of every piece that was sent."""
    return [
        (request.headers["upload-offset"], body)
        for request, body in zip(server.requests, server.bodies, strict=True)
        if request.method == "PATCH"
    ]


def test_every_byte_is_sent_once_when_nothing_breaks(kind: str) -> None:
    told: list[tuple[int, int | None]] = []
    server = FakeServer(upload(), stored(4), stored(8), stored(10), COMPLETE)
    found, _ = send(kind, server, progress=lambda sent, total: told.append((sent, total)))
    assert found.status == "complete"
    assert pieces(server) == [("0", b"0123"), ("4", b"4567"), ("8", b"89")]
    assert server.requests[1].headers["content-type"] == "application/offset+octet-stream"
    assert told == [(4, 10), (8, 10), (10, 10)]


def test_it_goes_on_where_the_server_says_when_the_connection_breaks(kind: str) -> None:
    server = FakeServer(upload(), httpx.WriteError("reset"), upload(3), stored(7), stored(10), COMPLETE)
    _, harness = send(kind, server)
    assert pieces(server) == [("0", b"0123"), ("3", b"3456"), ("7", b"789")]
    assert harness.clock.slept == [0.5]


def test_it_goes_on_where_the_server_says_when_that_is_elsewhere(kind: str) -> None:
    server = FakeServer(upload(), problem(409, "upload_offset_mismatch"), upload(8), stored(10), COMPLETE)
    send(kind, server)
    assert pieces(server) == [("0", b"0123"), ("8", b"89")]


def test_an_earlier_upload_is_gone_on_with_when_it_is_named(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "answer.webm"
    path.write_bytes(CONTENT)
    server = FakeServer(upload(8), stored(10), COMPLETE)
    Harness(kind, server).run(lambda client: client.uploads.send(path, kind="video", upload_id="up_1"))
    assert [request.method for request in server.requests] == ["GET", "PATCH", "GET"]
    assert pieces(server) == [("8", b"89")]


def test_an_empty_piece_asks_again_when_the_end_could_not_be_stored(kind: str) -> None:
    server = FakeServer(upload(8), problem(503, "storage_unavailable"), upload(10), stored(10), COMPLETE)
    found, _ = send(kind, server, upload_id="up_1")
    assert found.status == "complete"
    assert pieces(server) == [("8", b"89"), ("10", b"")]


def test_it_is_done_when_only_the_last_answer_was_lost(kind: str) -> None:
    server = FakeServer(upload(8), httpx.ReadTimeout("silence"), COMPLETE)
    assert send(kind, server, upload_id="up_1")[0].status == "complete"


def test_it_gives_up_when_nothing_gets_through(kind: str) -> None:
    server = FakeServer(upload(), *[httpx.WriteError("reset"), upload()] * 5)
    with pytest.raises(ConnectionFailedError):
        send(kind, server)
    assert len(pieces(server)) == 5


@pytest.mark.parametrize(
    ("refusal", "error"),
    [
        (problem(422, "upload_checksum_mismatch"), InvalidRequestError),
        (problem(409, "upload_ended"), ConflictError),
    ],
    ids=["checksum", "ended"],
)
def test_nothing_is_repeated_when_the_server_refuses(
    kind: str, refusal: httpx.Response, error: type[Exception]
) -> None:
    server = FakeServer(upload(), refusal)
    with pytest.raises(error):
        send(kind, server)
    assert len(server.requests) == 2


def test_the_reason_is_given_when_the_upload_failed_meanwhile(kind: str) -> None:
    failed = upload(10, "failed", problem="unsupported_media_type")
    server = FakeServer(upload(8), httpx.ReadTimeout("silence"), failed)
    with pytest.raises(UploadFailedError, match="unsupported_media_type"):
        send(kind, server, upload_id="up_1")


def test_it_is_said_when_the_file_became_shorter(kind: str) -> None:
    server = FakeServer(upload(10, size_bytes=20))
    with pytest.raises(ValueError, match="shorter"):
        send(kind, server, upload_id="up_1")
