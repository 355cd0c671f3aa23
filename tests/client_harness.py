"""The Python client on a server that the test plays: no network, no waiting."""

import asyncio
import json
from collections.abc import Callable, Iterable
from typing import Any

import httpx

from candor_client.client import AsyncClient, Client
from candor_client.operation import Core
from candor_client.retry import RetryPolicy
from candor_client.transport import AwaitingTransport, BlockingTransport

Handler = Callable[[httpx.Request], httpx.Response]
NO_JITTER = RetryPolicy(draw=lambda: 1.0)


class FakeServer:
    """Answers with what it was given, in turn, and remembers what was asked.

    An exception among the answers is what the network does instead.
    """

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.bodies: list[bytes] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self.bodies.append(request.read())
        return self._next()

    async def awaited(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self.bodies.append(await request.aread())
        return self._next()

    def _next(self) -> httpx.Response:
        """A copy, since a response can be read by one kind of client only; the last answer stays."""
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now_s += seconds

    async def awaited(self, seconds: float) -> None:
        self.sleep(seconds)


class Harness:
    """Both kinds of client on one server: `run` and `collect` give what they return, whichever kind."""

    def __init__(self, kind: str, server: FakeServer, *, retry: RetryPolicy = NO_JITTER) -> None:
        self.kind, self.server, self.clock = kind, server, Clock()
        self._retry = retry

    def run(self, call: Callable[[Any], Any]) -> Any:
        """What `call`, given a client, returns."""
        if self.kind == "blocking":
            return call(self._blocking())

        async def awaited() -> Any:
            return await call(self._awaiting())

        return asyncio.run(awaited())

    def collect(self, call: Callable[[Any], Any]) -> list[Any]:
        """Every value of what `call`, given a client, iterates over."""
        if self.kind == "blocking":
            return list(call(self._blocking()))

        async def awaited() -> list[Any]:
            return [value async for value in call(self._awaiting())]

        return asyncio.run(awaited())

    def _blocking(self) -> Client:
        client = Client("http://candor.test", "cnd_test", transport=httpx.MockTransport(self.server))
        transport = BlockingTransport(client.http, sleep=self.clock.sleep)
        return self._with(client, transport)

    def _awaiting(self) -> AsyncClient:
        mock = httpx.MockTransport(self.server.awaited)
        client = AsyncClient("http://candor.test", "cnd_test", transport=mock)
        return self._with(client, AwaitingTransport(client.http, sleep=self.clock.awaited))

    def _with(self, client: Any, transport: Any) -> Any:
        client.connect(Core(retry=self._retry, clock=self.clock), transport)
        return client


def answer(document: Any, status: int = 200, **headers: str) -> httpx.Response:
    return httpx.Response(status, json=document, headers=named(headers))


def problem(status: int, code: str, **headers: str) -> httpx.Response:
    document = {
        "type": f"/errors/{code}",
        "title": "It went wrong",
        "status": status,
        "detail": "Do something else.",
        "code": code,
        "request_id": "req_1",
        "errors": [{"field": "question", "detail": "is unknown"}],
    }
    return httpx.Response(
        status,
        content=json.dumps(document),
        headers={"content-type": "application/problem+json", **named(headers)},
    )


def named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def events(*lines: Iterable[str] | str) -> httpx.Response:
    body = "".join(f"{line}\n" for line in lines)
    return httpx.Response(200, content=body.encode(), headers={"content-type": "text/event-stream"})


def assessment(status: str = "queued", number: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "id": f"asm_{number}",
        "status": status,
        "candidate": "anna",
        "candidate_id": "cand_1",
        "question": "q_1",
        "purpose": "self_practice",
        "tags": [],
        "media": [],
        "modalities": {"text": {"status": "running", "progress": 0.4}},
        "created_at": "2026-03-02T09:30:00Z",
    } | more
