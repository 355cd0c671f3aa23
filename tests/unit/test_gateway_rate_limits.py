"""Quotas: who is counted, against which, and what a caller is told. Counted in memory."""

import asyncio
from typing import Any

import pytest
from fastapi import Request
from starlette.types import Message

from gateway.http.rate_limits import Limiter, RateLimits, Standing, caller_of, policy_of, too_many

MEMORY = "memory://"
KEY = (b"authorization", b"Bearer cnd_a")


def request(
    method: str = "GET", path: str = "/v1/questions", *headers: tuple[bytes, bytes], host: str = "192.0.2.1"
) -> Request:
    scope = {"type": "http", "method": method, "path": path, "headers": list(headers), "client": (host, 1)}
    return Request(scope)


def test_requests_pass_until_the_quota_is_used_up() -> None:
    limiter = Limiter(MEMORY, {"requests": 3})
    found = [limiter.count("requests", "key:a") for _ in range(5)]
    assert [standing and standing.allowed for standing in found] == [True, True, True, False, False]
    assert [standing and standing.remaining for standing in found] == [2, 1, 0, 0, 0]
    assert all(standing and 1 <= standing.reset_s <= 60 for standing in found)


def test_callers_and_policies_are_counted_apart() -> None:
    limiter = Limiter(MEMORY, {"requests": 1, "uploads": 1})
    one_each = [("requests", "key:a"), ("requests", "key:b"), ("uploads", "key:a")]
    for policy, caller in one_each:
        standing = limiter.count(policy, caller)
        assert standing is not None
        assert standing.allowed


def test_nothing_is_counted_when_a_policy_has_no_quota() -> None:
    limiter = Limiter(MEMORY, {"requests": 0})
    assert limiter.count("requests", "key:a") is None
    assert limiter.count("uploads", "key:a") is None


def test_nothing_is_counted_when_the_counts_are_out_of_reach() -> None:
    assert Limiter("redis://127.0.0.1:1/0", {"requests": 1}).count("requests", "key:a") is None


@pytest.mark.parametrize(
    ("method", "path", "policy"),
    [
        ("POST", "/v1/assessments", "uploads"),
        ("POST", "/v1/uploads", "uploads"),
        ("GET", "/v1/assessments", "requests"),
        ("POST", "/v1/interviews", "requests"),
        ("PATCH", "/v1/uploads/up_1", "requests"),
    ],
)
def test_only_what_begins_an_upload_counts_as_one(method: str, path: str, policy: str) -> None:
    assert policy_of(request(method, path)) == policy


def test_caller_is_the_key_and_else_the_address() -> None:
    same = {caller_of(request("GET", "/v1/x", KEY, host=host)) for host in ("192.0.2.1", "192.0.2.2")}
    others = {caller_of(request(host=host)) for host in ("192.0.2.1", "192.0.2.2")}
    another = caller_of(request("GET", "/v1/x", (b"authorization", b"Bearer cnd_b")))
    assert (len(same), len(others)) == (1, 2)
    assert len(same | others | {another}) == 4
    assert "cnd_a" not in same.pop()
    assert others == {"address:192.0.2.1", "address:192.0.2.2"}


def test_refusal_says_when_to_come_again() -> None:
    refusal = too_many(Standing(policy="uploads", quota=20, allowed=False, remaining=0, reset_s=7))
    assert (refusal.status_code, refusal.headers) == (429, {"Retry-After": "7"})
    assert "in 7 s; 20 uploads a minute" in refusal.detail


async def passed(_: Any, __: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"{}"})


def heads(quota: int, path: str, *, times: int) -> list[Message]:
    """The head of each answer to the same request, sent `times` times."""
    app = RateLimits(passed, limiter=Limiter(MEMORY, {"requests": quota}))
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    for _ in range(times):
        asyncio.run(app(dict(request("GET", path).scope), receive, send))
    return [message for message in sent if message["type"] == "http.response.start"]


def test_every_answer_tells_where_the_caller_stands() -> None:
    answers = heads(2, "/v1/questions", times=3)
    told = [dict(answer["headers"]) for answer in answers]
    assert [answer["status"] for answer in answers] == [200, 200, 429]
    assert {headers[b"ratelimit-policy"] for headers in told} == {b'"requests";q=2;w=60'}
    remaining = [headers[b"ratelimit"].partition(b";t=")[0] for headers in told]
    assert remaining == [b'"requests";r=1', b'"requests";r=0', b'"requests";r=0']
    assert told[2][b"retry-after"].isdigit()


def test_only_the_interface_is_counted() -> None:
    assert [answer["status"] for answer in heads(1, "/livez", times=3)] == [200, 200, 200]
