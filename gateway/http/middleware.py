"""The outermost layer: request ids, metrics, a limit for small bodies, and no bare 500."""

import re
import time
from collections.abc import Callable

import structlog
from anyio import move_on_after
from fastapi.requests import Request
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.http.errors import Problem, problem_response
from gateway.http.ids import Prefix, new_id
from gateway.http.metrics import GatewayMetrics
from gateway.problem_codes import ProblemCode
from services.common.logging import get_logger

log = get_logger(__name__)
REQUEST_ID = re.compile(r"^[A-Za-z0-9._:-]{1,128}$")
FIRST_ERROR_STATUS = 400
CLIENT_CLOSED_REQUEST = 499
"""nginx's status for a client that went away; never sent, only counted."""


class RequestShell:
    """Wraps every request.

    Args:
        app: what to wrap.
        metrics: where requests are counted, by route template.
        max_body_bytes: for every route that does not stream its body itself.
        streams: tells the requests that do (they have limits of their own).
        drain_s: how long an upload that was refused is read on.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        metrics: GatewayMetrics,
        max_body_bytes: int,
        streams: Callable[[str, str], bool],
        drain_s: float,
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._max_body_bytes = max_body_bytes
        self._streams = streams
        self._drain_s = drain_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(Request(scope))
        scope.setdefault("state", {})["request_id"] = request_id
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        streams = self._streams(scope["method"], scope["path"])
        body = RequestBody(scope, receive, max_bytes=None if streams else self._max_body_bytes)
        await self._run(scope, body, send, request_id)

    async def _run(self, scope: Scope, body: "RequestBody", send: Send, request_id: str) -> None:
        started, status = time.perf_counter(), 0

        async def send_marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(message, scope, request_id)
                if status >= FIRST_ERROR_STATUS:
                    await body.drain(seconds=self._drain_s)
            await send(message)

        try:
            await self._app(scope, body.receive, send_marked)
        except ClientDisconnect:
            status = CLIENT_CLOSED_REQUEST
        except Exception:
            log.exception("unexpected", path=scope["path"])
            if status:
                raise
            problem = Problem(ProblemCode.INTERNAL, "The operator finds why in the log, by the request id.")
            await problem_response(problem, request_id=request_id)(scope, body.receive, send_marked)
        finally:
            self._metrics.request(
                method=scope["method"],
                route=_template(scope),
                status=status,
                seconds=time.perf_counter() - started,
            )


def _request_id(request: Request) -> str:
    """Return the client's own identifier where it is harmless to log, otherwise a new one."""
    given = request.headers.get("x-request-id", "")
    return given if REQUEST_ID.fullmatch(given) else new_id(Prefix.REQUEST)


def _add_headers(message: Message, scope: Scope, request_id: str) -> None:
    headers = MutableHeaders(scope=message)
    headers["X-Request-ID"] = request_id
    headers.setdefault("X-Content-Type-Options", "nosniff")
    if scope["path"].startswith("/v1/"):
        headers.setdefault("Cache-Control", "no-store")


def _template(scope: Scope) -> str:
    """Return the route's template, so that identifiers never become label values."""
    return str(getattr(scope.get("route"), "path", None) or "unmatched")


class RequestBody:
    """The body of one request: counted, limited, and read to its end before an error is answered.

    A client that is still sending when the connection closes sees a reset instead of the answer.
    """

    def __init__(self, scope: Scope, receive: Receive, *, max_bytes: int | None) -> None:
        self._receive = receive
        self._max_bytes = max_bytes
        self._seen_bytes = 0
        headers = Request(scope).headers
        self._more = "content-length" in headers or "transfer-encoding" in headers
        self._waits = headers.get("expect", "").lower() == "100-continue"

    async def receive(self) -> Message:
        """Return the next message.

        Raises:
            Problem: `body_too_large`.
        """
        message = await self._receive()
        self._waits = False
        self._more = message["type"] == "http.request" and message.get("more_body", False)
        self._seen_bytes += len(message.get("body", b""))
        if self._max_bytes is not None and self._seen_bytes > self._max_bytes:
            raise Problem(ProblemCode.BODY_TOO_LARGE, f"Send at most {self._max_bytes} bytes.")
        return message

    async def drain(self, *, seconds: float) -> None:
        """Read and drop the rest, unless the client waits for leave to send it."""
        self._max_bytes = None
        with move_on_after(seconds):
            while self._more and not self._waits:
                await self.receive()
