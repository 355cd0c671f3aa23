"""The page at `/` and its assets: plain files, served under a strict Content-Security-Policy."""

from functools import cache
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Header
from fastapi.responses import FileResponse, Response
from starlette.staticfiles import NotModifiedResponse

from gateway.errors import RefusedError
from gateway.http.etags import matches
from gateway.problem_codes import ProblemCode

WEB = Path(__file__).resolve().parents[1] / "web"

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}

_POLICY = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
)
CONTENT_SECURITY_POLICY = "; ".join(_POLICY)
"""Nothing inline, nothing from elsewhere, no markup out of strings, no frame around the page."""

HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    # revalidated by ETag, so that a new version is never mixed with an old one
    "Cache-Control": "no-cache",
}
FONT_HEADERS = HEADERS | {"Cache-Control": "public, max-age=31536000, immutable"}
"""A font's name holds its version, so that what a browser has under it never changes."""

router = APIRouter(include_in_schema=False)

Known = Annotated[str, Header(alias="If-None-Match")]


@router.api_route("/", methods=["GET", "HEAD"])
def page(known: Known = "") -> Response:
    """Return the page."""
    return _file("index.html", known)


@router.api_route("/assets/{path:path}", methods=["GET", "HEAD"])
def asset(path: str, known: Known = "") -> Response:
    """Return one of the page's modules, style sheets, pictures or fonts, by its path below `gateway/web`."""
    if path not in _assets():
        raise RefusedError(ProblemCode.NOT_FOUND, "The page has no such part; reload it.")
    return _file(path, known)


@cache
def _assets() -> frozenset[str]:
    """Return the paths that may be asked for: a fixed list, so that none can lead elsewhere."""
    files = (path for path in WEB.rglob("*") if path.suffix in MEDIA_TYPES)
    return frozenset(path.relative_to(WEB).as_posix() for path in files) - {"index.html"}


def _file(path: str, known: str) -> Response:
    """Return a file of the page, or that the copy which the browser holds (`known`) is still good."""
    file = WEB / path
    response = FileResponse(
        file,
        media_type=MEDIA_TYPES[file.suffix],
        headers=FONT_HEADERS if file.suffix == ".woff2" else HEADERS,
        stat_result=file.stat(),
    )
    return NotModifiedResponse(response.headers) if matches(known, response.headers["etag"]) else response
