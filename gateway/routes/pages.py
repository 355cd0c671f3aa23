"""The page at `/` and its assets: plain files, served under a strict Content-Security-Policy."""

from functools import cache
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse

from gateway.errors import Problem, ProblemCode

WEB = Path(__file__).resolve().parents[1] / "web"

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

_POLICY = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
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

router = APIRouter(include_in_schema=False)


@router.api_route("/", methods=["GET", "HEAD"])
async def page() -> FileResponse:
    """The page."""
    return _file("index.html")


@router.api_route("/assets/{name}", methods=["GET", "HEAD"])
async def asset(name: str) -> FileResponse:
    """One of the page's modules, style sheets or pictures."""
    if name not in _asset_names():
        raise Problem(ProblemCode.NOT_FOUND, "The page has no such part; reload it.")
    return _file(name)


@cache
def _asset_names() -> frozenset[str]:
    """Names that may be asked for: a fixed list, so that no path can lead elsewhere."""
    return frozenset(path.name for path in WEB.iterdir() if path.suffix in (".css", ".js", ".svg"))


def _file(name: str) -> FileResponse:
    return FileResponse(WEB / name, media_type=MEDIA_TYPES[Path(name).suffix], headers=HEADERS)
