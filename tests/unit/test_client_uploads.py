"""Handing in answers: the form, files that are read while they are sent, and sending them again."""

import asyncio
import io
import tracemalloc
from collections.abc import AsyncIterable, Iterable
from pathlib import Path
from typing import cast

import httpx
import pytest

from candor_client import AsyncClient, Client, ConnectionFailedError
from tests.client_harness import FakeServer, Harness, answer, assessment, problem

pytestmark = pytest.mark.parametrize("kind", ["blocking", "awaiting"])
ACCEPTED = answer(assessment(candidate_token="cndt_1"), 202)


class Pipe(io.RawIOBase):
    """Bytes that come once."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self._rest = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._rest.read(size)


def parts(body: bytes) -> list[tuple[str, bytes]]:
    """Name (and file name) and content of each part of a multipart `body`."""
    boundary = body[: body.index(b"\r\n")]
    found = []
    for part in body.split(boundary)[1:-1]:
        head, _, content = part.strip(b"\r\n").partition(b"\r\n\r\n")
        found.append((head.split(b"\r\n")[0].decode().partition("form-data; ")[2], content))
    return found


def test_every_field_is_a_part_when_a_typed_answer_is_handed_in(kind: str) -> None:
    server = FakeServer(ACCEPTED)
    accepted = Harness(kind, server).run(
        lambda client: client.assessments.create(
            candidate="anna", question="q_1", text="Grüße", tags=["role:nurse", "spring"]
        )
    )
    assert accepted.candidate_token == "cndt_1"
    assert server.requests[0].headers["content-type"].startswith("multipart/form-data")
    assert parts(server.bodies[0]) == [
        ('name="candidate"', b"anna"),
        ('name="question"', b"q_1"),
        ('name="tags"', b"role:nurse"),
        ('name="tags"', b"spring"),
        ('name="text"', "Grüße".encode()),
    ]


def test_a_file_goes_as_it_is_when_a_path_is_given(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "answer.webm"
    path.write_bytes(b"\x00\xff" * 200_000)
    told: list[tuple[int, int | None]] = []
    server = FakeServer(ACCEPTED)
    Harness(kind, server).run(
        lambda client: client.assessments.create(
            candidate="anna",
            question="q_1",
            video=path,
            progress=lambda sent, total: told.append((sent, total)),
        )
    )
    assert parts(server.bodies[0])[-1] == ('name="video"; filename="answer.webm"', b"\x00\xff" * 200_000)
    assert int(server.requests[0].headers["content-length"]) == len(server.bodies[0])
    assert told[-1] == (400_000, 400_000)
    assert len(told) > 5


def test_progress_counts_both_files_when_there_are_two(kind: str) -> None:
    told: list[tuple[int, int | None]] = []
    Harness(kind, FakeServer(ACCEPTED)).run(
        lambda client: client.assessments.create(
            candidate="anna",
            question="q_1",
            audio=io.BytesIO(b"a" * 10),
            document=io.BytesIO(b"d" * 5),
            progress=lambda sent, total: told.append((sent, total)),
        )
    )
    assert told == [(10, 15), (15, 15)]


def test_a_file_is_sent_from_its_start_when_the_first_attempt_failed(kind: str) -> None:
    told: list[int] = []
    server = FakeServer(problem(503, "storage_unavailable"), ACCEPTED)
    Harness(kind, server).run(
        lambda client: client.assessments.create(
            candidate="anna",
            question="q_1",
            audio=io.BytesIO(b"sound"),
            progress=lambda sent, total: told.append(sent),
        )
    )
    assert [parts(body)[-1][1] for body in server.bodies] == [b"sound", b"sound"]
    assert told == [5, 5]
    assert len({request.headers["idempotency-key"] for request in server.requests}) == 1


def test_nothing_is_sent_again_when_a_file_cannot_be_rewound(kind: str) -> None:
    server = FakeServer(httpx.WriteError("broken pipe"), ACCEPTED)
    with pytest.raises(ConnectionFailedError):
        Harness(kind, server).run(
            lambda client: client.assessments.create(candidate="anna", question="q_1", audio=Pipe(b"sound"))
        )
    assert len(server.requests) == 1


def test_the_length_is_left_open_when_a_pipe_is_sent(kind: str) -> None:
    told: list[tuple[int, int | None]] = []
    server = FakeServer(ACCEPTED)
    Harness(kind, server).run(
        lambda client: client.assessments.create(
            candidate="anna",
            question="q_1",
            audio=Pipe(b"sound"),
            progress=lambda sent, total: told.append((sent, total)),
        )
    )
    assert server.requests[0].headers["transfer-encoding"] == "chunked"
    assert told == [(5, None)]
    assert parts(server.bodies[0])[-1] == ('name="audio"; filename="audio"', b"sound")


def test_a_file_is_refused_when_it_is_open_as_text(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "answer.txt"
    path.write_text("words")
    with path.open() as file, pytest.raises(TypeError, match="binary"):
        Harness(kind, FakeServer(ACCEPTED)).run(
            lambda client: client.assessments.create(candidate="anna", question="q_1", document=file)
        )


def test_a_key_of_ones_own_is_sent_when_it_is_given(kind: str) -> None:
    server = FakeServer(ACCEPTED)
    Harness(kind, server).run(
        lambda client: client.assessments.create(
            candidate="anna", question="q_1", text="words", idempotency_key="application-7"
        )
    )
    assert server.requests[0].headers["idempotency-key"] == "application-7"


class Sink(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Takes a body piece by piece and keeps nothing of it."""

    def __init__(self) -> None:
        self.size_bytes = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        for piece in cast("Iterable[bytes]", request.stream):
            self.size_bytes += len(piece)
        return httpx.Response(202, json=ACCEPTED.json())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        async for piece in cast("AsyncIterable[bytes]", request.stream):
            self.size_bytes += len(piece)
        return httpx.Response(202, json=ACCEPTED.json())


def test_memory_stays_flat_when_a_large_file_is_sent(kind: str, tmp_path: Path) -> None:
    path, sink = tmp_path / "answer.mp4", Sink()
    with path.open("wb") as file:
        file.truncate(64 * 2**20)
    answer_to = {"candidate": "anna", "question": "q_1", "video": path}
    blocking = Client("http://candor.test", transport=sink)
    awaiting = AsyncClient("http://candor.test", transport=sink)
    tracemalloc.start()
    try:
        if kind == "blocking":
            blocking.assessments.create(**answer_to)  # type: ignore[arg-type]
        else:
            asyncio.run(awaiting.assessments.create(**answer_to))  # type: ignore[arg-type]
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sink.size_bytes > 64 * 2**20
    assert peak_bytes < 4 * 2**20
