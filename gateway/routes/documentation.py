"""The documentation at `/docs`: what `make docs` built, as plain files under a Content-Security-Policy."""

import os
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import PlainTextResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from gateway.dependencies import TheServices
from gateway.errors import RefusedError
from gateway.problem_codes import ProblemCode

PATH = "/docs"
NOT_BUILT = (
    "The documentation is not built here: run `make docs` in the folder of the installation, then reload.\n"
)

_POLICY = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",  # the theme's icons lie in its style sheet
    "connect-src 'self'",
    "worker-src 'self'",  # the search
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
)
HEADERS = {
    "Content-Security-Policy": "; ".join(_POLICY),
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # revalidated by ETag, so that a site that was built again shows at once
    "Cache-Control": "no-cache",
}

router = APIRouter(prefix=PATH, include_in_schema=False)


def site(services: TheServices) -> StaticFiles | None:
    """Return the built site; None where nobody has built it, or it cannot be read."""
    folder = services.settings.docs_dir
    readable = os.access(folder / "index.html", os.R_OK)  # a mounted site may be another user's
    return StaticFiles(directory=folder, html=True) if readable else None


@router.api_route("", methods=["GET", "HEAD"])
def enter() -> RedirectResponse:
    """Send the reader on to the first page, below which relative links work."""
    return RedirectResponse(f"{PATH}/")


@router.api_route("/{path:path}", methods=["GET", "HEAD"])
async def page(request: Request, path: str, files: Annotated[StaticFiles | None, Depends(site)]) -> Response:
    """Return a page of the documentation, or one of the files that it is made of.

    Raises:
        RefusedError: `not_found`, there is no such page.
    """
    if files is None:
        return PlainTextResponse(NOT_BUILT, status_code=404, headers=HEADERS)
    try:
        response = await files.get_response(path, request.scope)
    except HTTPException as fault:
        raise RefusedError(
            ProblemCode.NOT_FOUND, f"The documentation has no such page; begin at {PATH}/."
        ) from fault
    response.headers.update(HEADERS)
    return response
