"""`Idempotency-Key`: a POST that is sent again is answered again, and done once.

The key is claimed once the caller is known (`claim_once`, part of authentication); the answer is kept
on its way out (`KeptAnswers`), or by the route itself in the transaction that makes the thing. A request
that fails leaves the key free. Bodies are compared by what they say: of a multipart body that is its
fields and the hashes of its files, since each sending has another boundary.
"""

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

from anyio import CancelScope
from fastapi import FastAPI, Request, Response
from sqlalchemy import Engine, event
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.http import idempotency_store as store
from gateway.http.errors import Problem
from gateway.http.idempotency_store import Claim, Found, KeptResponse
from gateway.problem_codes import ProblemCode
from services.common.db.session import tenant_session
from services.common.logging import get_logger

log = get_logger(__name__)
HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEY_PATTERN = r"^[\x21-\x7e]{1,255}$"
_KEY = re.compile(KEY_PATTERN)
KEPT_HEADERS = ("content-type", "location")
MAX_ANSWER_BYTES = 256 * 1024
RETRY_AFTER_S = 2


class ReplayedAnswerError(Exception):
    """Ends a request that was answered before; not a failure."""

    def __init__(self, answer: KeptResponse) -> None:
        super().__init__("answered before")
        self.answer = answer


@dataclass(slots=True)
class Once:
    """The claim that a running request holds.

    Attributes:
        fingerprint: of the body; null until a streamed body has been read.
        kept: whether the answer is stored already.
    """

    engine: Engine
    claim: Claim
    fingerprint: str | None
    kept: bool = field(default=False)

    def keep(self, session: Session, answer: KeptResponse) -> None:
        """Store the answer in the transaction that makes what it speaks of: both come to be, or neither.

        Raises:
            Problem: `idempotency_key_in_use`, another request has taken the key over; roll back.
        """
        if self.fingerprint is None:
            raise RuntimeError("the body has not been read")
        if not store.keep(session, self.claim, answer, fingerprint=self.fingerprint):
            raise in_use()
        event.listen(session, "after_commit", self._note_kept, once=True)

    def _note_kept(self, _: Session) -> None:
        """Note that the response is committed; a transaction that fails frees the key as if it never ran."""
        self.kept = True

    def keep_afterwards(self, answer: KeptResponse) -> None:
        """Store the answer to something that is done already; a failure is logged, for it stays done."""
        if self.kept:
            return
        try:
            if self.fingerprint is None or not answer.is_repeatable:
                store.release(self.engine, self.claim)
                return
            with tenant_session(self.engine, self.claim.tenant_id) as session:
                store.keep(session, self.claim, answer, fingerprint=self.fingerprint)
        except IntegrityError:  # whom it is about has been erased since
            log.info("answer_not_kept", detail="erased")
            store.release(self.engine, self.claim)
        except SQLAlchemyError as fault:
            log.warning("answer_not_kept", detail=str(fault))


def once_of(request: Request) -> Once | None:
    """Return the claim of a request; null where it came without a key."""
    return getattr(request.state, "once", None)


ReadParts = Callable[[], Awaitable[str]]
"""Reads a multipart body to its end without keeping it; returns its fingerprint."""


async def claim_once(
    request: Request, *, engine: Engine, tenant_id: str, sender: str, key_secret: str, read_parts: ReadParts
) -> None:
    """Let the request run, alone under its key.

    Args:
        request: once it is known whose it is.
        engine: connected as `candor_gateway`.
        tenant_id: whose keys are looked at.
        sender: tells a tenant's keys from those of its candidates.
        key_secret: keys the stored hashes.
        read_parts: for a streamed body.

    Raises:
        ReplayedAnswerError: it was answered before.
        Problem: `idempotency_key_invalid`, `idempotency_key_in_use` or `idempotency_key_reused`.
    """
    if request.method != "POST" or HEADER.lower() not in request.headers or once_of(request):
        return
    claim = store.new_claim(tenant_id, _key(request), sender=sender, key_secret=key_secret)
    streamed = request.headers.get("content-type", "").lower().startswith("multipart/")
    fingerprint = None if streamed else _fingerprint(request, await request.body())
    found = await run_in_threadpool(store.take, engine, claim, fingerprint=fingerprint)
    if found is None:
        request.state.once = Once(engine=engine, claim=claim, fingerprint=fingerprint)
        return
    if found.answer is None:
        raise in_use()
    await _replay(found, fingerprint or await read_parts())


async def _replay(found: Found, fingerprint: str) -> None:
    if found.answer is None or found.fingerprint != fingerprint:
        raise Problem(
            ProblemCode.IDEMPOTENCY_KEY_REUSED,
            "This key was used for another request in the last 24 hours; send a new key.",
        )
    raise ReplayedAnswerError(found.answer)


def _key(request: Request) -> str:
    """Return the key, with or without the quotes that the IETF draft gives it."""
    key = request.headers[HEADER].strip()
    if len(key) > 2 and key.startswith('"') and key.endswith('"'):
        key = key[1:-1]
    if not _KEY.fullmatch(key):
        raise Problem(
            ProblemCode.IDEMPOTENCY_KEY_INVALID,
            f"Send 1 to 255 visible ASCII characters as `{HEADER}`, such as a random UUID.",
        )
    return key


def in_use() -> Problem:
    """Return the problem that says that a request with the same key is running."""
    return Problem(
        ProblemCode.IDEMPOTENCY_KEY_IN_USE,
        "A request with this key is still running; wait for it, then send this one again.",
        headers={"Retry-After": str(RETRY_AFTER_S)},
    )


def _fingerprint(request: Request, body: bytes) -> str:
    return fingerprint_of(request, hashlib.sha256(body).hexdigest())


def fingerprint_of(request: Request, content: str) -> str:
    """Hash what makes two requests the same: the address with its query, and `content`."""
    address = f"{request.url.path}?{request.url.query}"
    return hashlib.sha256(f"{address}\0{content}".encode()).hexdigest()


def install_replays(app: FastAPI) -> None:
    """Make a replay an answer."""

    @app.exception_handler(ReplayedAnswerError)
    async def on_replay(_: Request, replay: ReplayedAnswerError) -> Response:
        answer = replay.answer
        return Response(answer.body, answer.status, headers={**answer.headers, REPLAYED: "true"})


class KeptAnswers:
    """Keeps the answer of each request that claimed a key, and the claim alive until there is one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or HEADER.lower() not in Headers(scope=scope):
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})
        waiting = _WaitingAnswer(scope, send)
        beat = asyncio.create_task(_keep_alive(scope))
        try:
            await self._app(scope, receive, waiting.send)
        finally:
            beat.cancel()
            if not waiting.sent:
                await _release(scope)


async def _keep_alive(scope: Scope) -> None:
    while True:
        await asyncio.sleep(store.LEASE_S / 3)
        once: Once | None = scope["state"].get("once")
        if once is not None and not once.kept:
            with suppress(SQLAlchemyError):
                await run_in_threadpool(store.extend, once.engine, once.claim)


async def _release(scope: Scope) -> None:
    once: Once | None = scope["state"].get("once")
    if once is None or once.kept:
        return
    with CancelScope(shield=True):
        try:
            await run_in_threadpool(store.release, once.engine, once.claim)
        except SQLAlchemyError as fault:
            log.warning("key_not_released", detail=str(fault))


class _WaitingAnswer:
    """Holds an answer back until it is kept, so that no client sees one that a replay would not give."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope, self._send = scope, send
        self._start: Message | None = None
        self._body = bytearray()
        self.sent = False

    async def send(self, message: Message) -> None:
        once: Once | None = self._scope["state"].get("once")
        if once is None or once.kept or self.sent:
            self.sent = True
            await self._send(message)
        elif message["type"] == "http.response.start":
            self._start = message
        else:
            await self._gather(once, message)

    async def _gather(self, once: Once, message: Message) -> None:
        self._body += message.get("body", b"")
        too_long = len(self._body) > MAX_ANSWER_BYTES
        if message.get("more_body", False) and not too_long:
            return
        start = self._start or {}
        if not too_long:
            headers = Headers(raw=start.get("headers", []))
            kept = {name: headers[name] for name in KEPT_HEADERS if name in headers}
            answer = KeptResponse(status=start.get("status", 500), headers=kept, body=bytes(self._body))
            await run_in_threadpool(once.keep_afterwards, answer)
        self.sent = True
        await self._send(start)
        await self._send({**message, "body": bytes(self._body)})
