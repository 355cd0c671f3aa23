"""Entity tags: a client that holds an answer already is told so, in `304 Not Modified`.

The tags are weak: the same document may travel compressed or not. Answers stay `no-store`, since they
are about people; the tag serves clients that keep a copy of their own and ask whether it still holds.
"""

import base64
import hashlib

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

TAG_BYTES = 16
GONE_WITH_THE_BODY = ("content-length", "content-type")


class EntityTags:
    """Tags each JSON answer to a GET under `/v1/` that comes in one piece."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith("/v1/"):
            await self._app(scope, receive, send)
            return
        known = Headers(scope=scope).get("if-none-match", "")
        await self._app(scope, receive, _Tagger(send, known).send)


class _Tagger:
    """Holds the head of an answer back until its body is there."""

    def __init__(self, send: Send, known: str) -> None:
        self._send, self._known = send, known
        self._start: Message | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_document(message):
            self._start = message
            return
        start, self._start = self._start, None
        if start is not None:
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                start, message = tagged(start, message, known=self._known)
            await self._send(start)
        await self._send(message)


def _is_document(start: Message) -> bool:
    headers = Headers(raw=start.get("headers", []))
    return (
        start["status"] == 200
        and headers.get("content-type", "").startswith("application/json")
        and "etag" not in headers
    )


def tagged(start: Message, body: Message, *, known: str) -> tuple[Message, Message]:
    """Return both messages with a tag, or a 304 without a body where `known` names it."""
    tag = entity_tag(body.get("body", b""))
    headers = MutableHeaders(raw=list(start["headers"]))
    headers["ETag"] = tag
    if not matches(known, tag):
        return {**start, "headers": headers.raw}, body
    for name in GONE_WITH_THE_BODY:
        del headers[name]
    return {**start, "status": 304, "headers": headers.raw}, {**body, "body": b""}


def entity_tag(body: bytes) -> str:
    """Return a weak tag: the same for the same bytes, and for no others."""
    digest = hashlib.sha256(body).digest()[:TAG_BYTES]
    return f'W/"{base64.urlsafe_b64encode(digest).decode().rstrip("=")}"'


def matches(known: str, tag: str) -> bool:
    """Tell whether `If-None-Match: known` names `tag`; compared weakly (RFC 9110, 13.1.2)."""
    listed = [part.strip() for part in known.split(",")]
    return listed == ["*"] or tag.removeprefix("W/") in {part.removeprefix("W/") for part in listed}
