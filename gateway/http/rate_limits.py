"""How many requests a caller may send: counted per key in Redis, told in every answer.

Headers as in the IETF draft `draft-ietf-httpapi-ratelimit-headers`: `RateLimit-Policy` names the quota `q`
and its window `w` in seconds, `RateLimit` what remains (`r`) and when there is more (`t` seconds).
"""

import hashlib
import math
import time
from dataclasses import dataclass

from fastapi.requests import Request
from limits import RateLimitItem, RateLimitItemPerSecond
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.http.errors import Problem, problem_response, request_id_of
from gateway.problem_codes import ProblemCode
from services.common.logging import get_logger

log = get_logger(__name__)
WINDOW_S = 60
PAUSE_S = 5.0
"""How long Redis is left alone after it failed; requests pass uncounted meanwhile."""
PREFIX = "candor:rate"
UPLOADS = "uploads"
REQUESTS = "requests"
UPLOAD_PATHS = ("/v1/assessments", "/v1/uploads")
"""A POST to one of these counts as an upload; everything else under `/v1/` as a request."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a caller stands after a request.

    Attributes:
        remaining: requests that may follow at once.
        reset_s: seconds until there are more.
    """

    policy: str
    quota: int
    allowed: bool
    remaining: int
    reset_s: int

    def headers(self) -> dict[str, str]:
        """Return the headers that every response carries."""
        return {
            "RateLimit-Policy": f'"{self.policy}";q={self.quota};w={WINDOW_S}',
            "RateLimit": f'"{self.policy}";r={self.remaining};t={self.reset_s}',
        }


class Limiter:
    """Counts requests of the last minute, in a sliding window. Safe to share between threads.

    Args:
        storage_url: where the counts are: a Redis that all gateways share, or `memory://`.
        quotas: requests per minute, by policy; 0 leaves a policy out.
    """

    def __init__(self, storage_url: str, quotas: dict[str, int]) -> None:
        self._items: dict[str, RateLimitItem] = {
            policy: RateLimitItemPerSecond(quota, WINDOW_S, PREFIX)
            for policy, quota in quotas.items()
            if quota
        }
        self._storage_url = storage_url
        self._strategy: SlidingWindowCounterRateLimiter | None = None
        self._paused_until = 0.0

    def count(self, policy: str, caller: str) -> Standing | None:
        """Count one request; null where the policy sets no limit, or Redis is out of reach."""
        item = self._items.get(policy)
        if item is None or time.monotonic() < self._paused_until:
            return None
        try:
            return self._count(item, policy, caller)
        except StorageError as fault:
            self._paused_until = time.monotonic() + PAUSE_S
            log.warning("requests_not_counted", detail=str(fault), seconds=PAUSE_S)
            return None

    def _count(self, item: RateLimitItem, policy: str, caller: str) -> Standing:
        strategy = self._strategy = self._strategy or SlidingWindowCounterRateLimiter(
            storage_from_string(
                self._storage_url, wrap_exceptions=True, socket_connect_timeout=0.5, socket_timeout=0.5
            )
        )
        allowed = strategy.hit(item, policy, caller)
        stats = strategy.get_window_stats(item, policy, caller)
        return Standing(
            policy=policy,
            quota=item.amount,
            allowed=allowed,
            remaining=stats.remaining if allowed else 0,
            reset_s=min(max(math.ceil(stats.reset_time - time.time()), 1), WINDOW_S),
        )


class RateLimits:
    """Refuses what exceeds a quota, and tells the rest where they stand.

    Callers are told apart by what they present, without a look into the database: a flood is not to
    become one of queries. Without a key it is the address that counts.
    """

    def __init__(self, app: ASGIApp, *, limiter: Limiter) -> None:
        self._app, self._limiter = app, limiter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/v1/"):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        standing = await run_in_threadpool(self._limiter.count, policy_of(request), caller_of(request))
        if standing is None:
            await self._app(scope, receive, send)
            return

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(standing.headers())
            await send(message)

        if standing.allowed:
            await self._app(scope, receive, send_marked)
        else:
            refusal = problem_response(too_many(standing), request_id=request_id_of(request))
            await refusal(scope, receive, send_marked)


def policy_of(request: Request) -> str:
    """Return the quota that a request counts against."""
    return UPLOADS if request.method == "POST" and request.url.path in UPLOAD_PATHS else REQUESTS


def caller_of(request: Request) -> str:
    """Return whose quota it is: a hash of the credentials, else the address."""
    presented = request.headers.get("authorization")
    if presented is None:
        return f"address:{request.client.host if request.client else 'unknown'}"
    return f"key:{hashlib.sha256(presented.encode()).hexdigest()[:32]}"


def too_many(standing: Standing) -> Problem:
    """Return the problem of a refused request; `Retry-After` says when to come again."""
    return Problem(
        ProblemCode.RATE_LIMITED,
        f"Send it again in {standing.reset_s} s; {standing.quota} {standing.policy} a minute are allowed.",
        headers={"Retry-After": str(standing.reset_s)},
    )
