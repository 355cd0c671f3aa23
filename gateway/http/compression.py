"""Compression of answers, where it gives nothing away.

BREACH reads a secret out of the length of compressed answers that hold both the secret and something of
the attacker's choosing, by making a victim's browser ask again and again. Here no browser sends
credentials by itself (no cookies, a bearer key only), and what shows a secret once (a new key, a
candidate token, a webhook secret) answers a POST. So answers to GET are compressed and no others; event
streams never are, since what sits in the compressor's buffer does not arrive.
"""

from starlette.datastructures import MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MIN_BYTES = 1024
LEVEL = 5


class CompressedAnswers:
    """Gzip for answers to GET of 1 kB and more, for clients that accept it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._compressing = GZipMiddleware(app, minimum_size=MIN_BYTES, compresslevel=LEVEL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return

        async def send_weakened(message: Message) -> None:
            if message["type"] == "http.response.start":
                weaken_tag(MutableHeaders(scope=message))
            await send(message)

        await self._compressing(scope, receive, send_weakened)


def weaken_tag(headers: MutableHeaders) -> None:
    """Make a strong tag weak: it promises the same bytes, which compressed ones are not."""
    tag = headers.get("etag", "")
    if "content-encoding" in headers and tag.startswith('"'):
        headers["ETag"] = f"W/{tag}"
