"""A real server process: large uploads in flat memory, clients that go away, clients that do not listen."""

import hashlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import pytest
from sqlalchemy import Engine

from candor.embedded.servers import free_port
from gateway.provisioning import create_tenant
from services.common.db.bootstrap import DatabaseUrls
from tests.waiting import WITHIN_S, wait_until

REPOSITORY = Path(__file__).resolve().parents[2]
MIB = 1024 * 1024
BOUNDARY = "candor-test-boundary"


class Server:
    def __init__(self, process: "subprocess.Popen[bytes]", port: int, key: str, media: Path) -> None:
        self.process, self.port, self.media = process, port, media
        self.url = f"http://127.0.0.1:{port}"
        self.headers = {"Authorization": f"Bearer {key}"}
        self.client = httpx.Client(base_url=self.url, headers=self.headers, timeout=WITHIN_S)

    def rss_bytes(self) -> int:
        return int(psutil.Process(self.process.pid).memory_info().rss)

    def answers(self) -> bool:
        try:
            return self.client.get("/livez").is_success
        except httpx.TransportError:
            return False

    def question(self) -> str:
        return str(self.client.get("/v1/questions").json()["data"][0]["id"])

    def stored_files(self) -> list[Path]:
        return [path for path in self.media.rglob("*") if path.is_file()]


@pytest.fixture
def server(database: DatabaseUrls, admin_engine: Engine, redis_url: str, tmp_path: Path) -> Iterator[Server]:
    port = free_port()
    environment = {
        **os.environ,
        "GATEWAY_PORT": str(port),
        "GATEWAY_DATABASE_URL": database.gateway,
        "GATEWAY_DRAIN_S": "5",
        "GATEWAY_MAX_AUDIO_BYTES": str(4 * MIB),
        "CANDOR_REDIS_URL": redis_url,
        "CANDOR_STORAGE_URL": f"file://{tmp_path}/objects",
    }
    process = subprocess.Popen([sys.executable, "-m", "gateway.main"], cwd=REPOSITORY, env=environment)
    server = Server(process, port, create_tenant(admin_engine, "stream").key, tmp_path / "objects")
    wait_until(server.answers)
    yield server
    server.client.close()
    process.terminate()
    process.wait()


def body_of(fields: dict[str, str], *, kind: str, head: bytes, size_bytes: int) -> Iterator[bytes]:
    """A multipart body in pieces of 64 KiB, which nobody ever holds whole."""
    for name, value in fields.items():
        yield f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    yield f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{kind}"; filename="a"\r\n\r\n'.encode()
    yield head
    left = size_bytes - len(head)
    while left > 0:
        yield bytes(min(left, 65536))
        left -= 65536
    yield f"\r\n--{BOUNDARY}--\r\n".encode()


HEAD = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2"
MULTIPART = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


def upload(server: Server, question: str, *, size_bytes: int, kind: str = "video") -> httpx.Response:
    fields = {"candidate": "c", "question": question}
    with httpx.Client(base_url=server.url, headers=server.headers | MULTIPART, timeout=WITHIN_S) as client:
        return client.post(
            "/v1/assessments", content=body_of(fields, kind=kind, head=HEAD, size_bytes=size_bytes)
        )


@pytest.mark.slow
def test_memory_stays_flat_when_large_uploads_run_at_once(server: Server) -> None:
    question = server.question()
    assert upload(server, question, size_bytes=2 * MIB).status_code == 202
    before, peak = server.rss_bytes(), 0
    with ThreadPoolExecutor(3) as pool:
        running = [pool.submit(upload, server, question, size_bytes=100 * MIB) for _ in range(3)]
        while not all(job.done() for job in running):
            peak = max(peak, server.rss_bytes())
            time.sleep(0.02)
    answers = [job.result() for job in running]
    assert [answer.status_code for answer in answers] == [202, 202, 202]
    assert peak - before < 32 * MIB, f"grew by {(peak - before) / MIB:.1f} MiB over 300 MiB"
    expected = hashlib.sha256(HEAD + bytes(100 * MIB - len(HEAD))).hexdigest()
    assert {answer.json()["media"][0]["sha256"] for answer in answers} == {expected}
    assert answers[0].json()["media"][0]["size_bytes"] == 100 * MIB


def test_nothing_is_left_when_the_client_goes_away(server: Server) -> None:
    question = server.question()
    pieces = body_of({"candidate": "c", "question": question}, kind="video", head=HEAD, size_bytes=50 * MIB)
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(
            (
                "POST /v1/assessments HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
                f"Authorization: {server.headers['Authorization']}\r\n"
                f"Content-Type: {MULTIPART['Content-Type']}\r\n\r\n"
            ).encode()
        )
        for _, piece in zip(range(60), pieces, strict=False):
            connection.sendall(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        wait_until(lambda: server.stored_files() != [])
    wait_until(lambda: server.stored_files() == [])
    assert server.client.get("/v1/assessments").json()["data"] == []
    assert server.client.get("/livez").status_code == 200


def test_client_that_does_not_listen_sees_the_answer_when_its_upload_is_too_large(server: Server) -> None:
    answer = upload(server, server.question(), size_bytes=40 * MIB, kind="audio")
    assert (answer.status_code, answer.json()["code"]) == (413, "media_too_large")
    assert server.stored_files() == []


def test_client_that_does_not_listen_sees_the_answer_when_its_key_is_wrong(server: Server) -> None:
    server.headers = {"Authorization": "Bearer cnd_wrong"}
    answer = upload(server, "q_x", size_bytes=20 * MIB)
    assert (answer.status_code, answer.json()["code"]) == (401, "api_key_unknown")


def test_client_that_asks_first_is_refused_before_it_sends(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=WITHIN_S) as connection:
        connection.sendall(
            (
                "POST /v1/assessments HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n"
                "Expect: 100-continue\r\n"
                f"Authorization: {server.headers['Authorization']}\r\n"
                f"Content-Type: {MULTIPART['Content-Type']}\r\n\r\n"
            ).encode()
        )
        assert connection.recv(4096).startswith(b"HTTP/1.1 413 ")


def test_other_requests_are_answered_at_once_while_uploads_run(server: Server) -> None:
    question = server.question()
    with ThreadPoolExecutor(2) as pool:
        running = [pool.submit(upload, server, question, size_bytes=60 * MIB) for _ in range(2)]
        answered = 0
        while not all(job.done() for job in running):
            answered += server.answers()
    assert [job.result().status_code for job in running] == [202, 202]
    assert answered > 20
