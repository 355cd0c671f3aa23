"""The catalogue of problems, for people: the address that `type` of every problem names."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, select_autoescape

from gateway.errors import RefusedError
from gateway.http.error_catalogue import catalogue
from gateway.problem_codes import ProblemCode

PATH = "/errors"
_POLICY = (
    "default-src 'none'",
    "style-src 'self'",
    "img-src 'self'",
    "font-src 'self'",
    "frame-ancestors 'none'",
)
HEADERS = {
    "Content-Security-Policy": "; ".join(_POLICY),
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
router = APIRouter(prefix=PATH, include_in_schema=False)
templates = Environment(loader=PackageLoader("gateway", "templates"), autoescape=select_autoescape())


@router.get("")
def list_errors(request: Request) -> HTMLResponse:
    """All of them, by status."""
    return _page(request, None)


@router.get("/{code}")
def get_error(request: Request, code: Annotated[str, Path()]) -> HTMLResponse:
    """One of them."""
    return _page(request, code)


def _page(request: Request, code: str | None) -> HTMLResponse:
    entries = [entry for entry in catalogue(request.app.openapi()) if code in (None, entry.code)]
    if not entries:
        raise RefusedError(ProblemCode.NOT_FOUND, "There is no problem of that name; /errors lists them all.")
    page = templates.get_template("errors.html").render(entries=entries, one=code is not None)
    return HTMLResponse(page, headers=HEADERS)
