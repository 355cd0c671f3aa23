"""Problems: every error the gateway answers, as RFC 9457 `application/problem+json`."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, Field
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException

from gateway.errors import RefusedError
from gateway.problem_codes import ProblemCode
from services.common.errors import TemporaryError
from services.common.logging import get_logger
from services.common.storage import StorageFullError

log = get_logger(__name__)
MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 5
FOREIGN_KEY_VIOLATION = "23503"


HTTP_ERROR = "http_error"
"""The code of an HTTP status that has no code of ours."""
AUTHENTICATE = {"WWW-Authenticate": 'Bearer realm="candor"'}


class FieldError(BaseModel):
    """One fault of the request."""

    field: str = Field(description="The form field, query parameter or JSON member at fault.")
    detail: str


class ProblemDetails(BaseModel):
    """RFC 9457. Decide by `code`; `detail` is one sentence for a person and says what to do next."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: list[FieldError] = []


class Problem(HTTPException):
    """An answer that is an error.

    Args:
        code: which one; decides status and title.
        detail: one sentence that says what to do next.
        errors: the faults one by one, where there may be several.
        headers: extra response headers.
    """

    def __init__(
        self,
        code: ProblemCode,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code.status, detail, dict(headers or {}))
        self.code = code
        self.errors = list(errors)


def problem_type(code: str) -> str:
    """Return the `type` member: the code's page in the catalogue of this installation."""
    return f"/errors/{code}"


def problem_document(problem: Problem, *, request_id: str) -> dict[str, Any]:
    """Return the JSON document of `problem`."""
    return ProblemDetails(
        type=problem_type(problem.code),
        title=problem.code.title_text,
        status=problem.code.status,
        detail=problem.detail,
        code=problem.code,
        request_id=request_id,
        errors=problem.errors,
    ).model_dump()


def problem_response(problem: Problem, *, request_id: str) -> Response:
    """Return the response in ASCII JSON, so that no echo of the client's characters can fail to encode."""
    return _respond(problem_document(problem, request_id=request_id), problem.headers)


def _respond(document: dict[str, Any], headers: Mapping[str, str] | None) -> Response:
    return Response(
        json.dumps(document),
        status_code=document["status"],
        media_type=MEDIA_TYPE,
        headers=dict(headers or {}),
    )


def _respond_refused(request: Request, refused: RefusedError) -> Response:
    return problem_response(problem_of_refusal(refused), request_id=request_id_of(request))


def request_id_of(request: Request) -> str:
    """Return the identifier that the outermost layer gave this request."""
    return str(request.scope.get("state", {}).get("request_id", ""))


def problem_of_refusal(refused: RefusedError) -> Problem:
    """Return the problem that tells a refusal, with the headers that its status asks for (RFC 9110)."""
    headers = {401: AUTHENTICATE, 503: {"Retry-After": str(RETRY_AFTER_S)}}.get(refused.code.status, {})
    errors = [FieldError(field=fault.field, detail=fault.detail) for fault in refused.faults]
    return Problem(refused.code, refused.detail, errors=errors, headers=headers)


def refusal_of_outage(fault: TemporaryError) -> RefusedError:
    """Return what an outage looks like from outside; its particulars stay in the log."""
    if isinstance(fault, StorageFullError):
        return RefusedError(
            ProblemCode.STORAGE_FULL, "There is no space left for uploads; tell the operator."
        )
    if fault.code == "storage_unavailable":
        return RefusedError(ProblemCode.STORAGE_UNAVAILABLE, "The object store is out of reach.")
    return RefusedError(ProblemCode.SERVICE_UNAVAILABLE, "Something we depend on is out of reach.")


def problem_of_validation(fault: RequestValidationError) -> Problem:
    """Return what FastAPI itself found wrong with query, path and JSON."""
    errors = [
        FieldError(field=".".join(map(str, error["loc"][1:])) or str(error["loc"][0]), detail=error["msg"])
        for error in fault.errors()
    ]
    return Problem(ProblemCode.VALIDATION_FAILED, "Correct the fields listed in `errors`.", errors=errors)


def allowed_methods(request: Request) -> str:
    """Return what `Allow` must list: Starlette names the methods of one matching route only."""
    template = getattr(request.scope.get("route"), "path_format", None)
    operations = request.app.openapi()["paths"].get(template, {})
    return ", ".join(sorted(method.upper() for method in operations))


def problem_of_http(fault: HTTPException) -> Problem | None:
    """Return Starlette's own 400, 404 and 405 in our words; null for statuses that have no code of ours."""
    known = {
        400: (ProblemCode.BAD_REQUEST, "Check that the body is well-formed."),
        404: (ProblemCode.NOT_FOUND, "Check the address; the interface is described at /openapi.json."),
        405: (ProblemCode.METHOD_NOT_ALLOWED, "The `Allow` header names the methods."),
    }
    if fault.status_code not in known:
        return None
    code, detail = known[fault.status_code]
    return Problem(code, detail, headers=fault.headers)


def install_error_handlers(app: FastAPI) -> None:
    """Make every error of the application a problem document."""

    @app.exception_handler(HTTPException)
    async def on_http(request: Request, fault: HTTPException) -> Response:
        problem = fault if isinstance(fault, Problem) else problem_of_http(fault)
        request_id = request_id_of(request)
        if problem is not None and problem.code is ProblemCode.METHOD_NOT_ALLOWED:
            problem.headers = {
                "Allow": allowed_methods(request) or dict(fault.headers or {}).get("Allow", "")
            }
        if problem is not None:
            return problem_response(problem, request_id=request_id)
        return _respond(
            ProblemDetails(
                type=problem_type(HTTP_ERROR),
                title=HTTPStatus(fault.status_code).phrase,
                status=fault.status_code,
                detail=str(fault.detail),
                code=HTTP_ERROR,
                request_id=request_id,
            ).model_dump(),
            fault.headers,
        )

    @app.exception_handler(RequestValidationError)
    async def on_validation(request: Request, fault: RequestValidationError) -> Response:
        return problem_response(problem_of_validation(fault), request_id=request_id_of(request))

    @app.exception_handler(TemporaryError)
    async def on_temporary(request: Request, fault: TemporaryError) -> Response:
        log.warning("outage", code=fault.code, detail=fault.reason)
        return _respond_refused(request, refusal_of_outage(fault))

    @app.exception_handler(RefusedError)
    async def on_refused(request: Request, refused: RefusedError) -> Response:
        return _respond_refused(request, refused)

    @app.exception_handler(DBAPIError)
    @app.exception_handler(PoolTimeoutError)
    async def on_database(request: Request, fault: Exception) -> Response:
        if isinstance(fault, DBAPIError) and lost_a_race(fault):
            log.warning("changed_meanwhile", detail=str(fault))
            return _respond_refused(
                request,
                RefusedError(
                    ProblemCode.CHANGED_MEANWHILE,
                    "What this refers to was erased at this moment; look again.",
                ),
            )
        if isinstance(fault, DBAPIError) and not is_outage(fault):
            raise fault
        log.warning("database_outage", detail=str(fault))
        return _respond_refused(
            request, RefusedError(ProblemCode.DATABASE_UNAVAILABLE, "The database is out of reach.")
        )


def lost_a_race(fault: DBAPIError) -> bool:
    """Tell whether a row went away between the look at it and the reference to it."""
    return getattr(fault.orig, "sqlstate", None) == FOREIGN_KEY_VIOLATION


def is_outage(fault: DBAPIError) -> bool:
    """Tell whether the database is down, restarting or overloaded, rather than refusing what we asked."""
    from sqlalchemy.exc import InterfaceError, OperationalError

    return fault.connection_invalidated or isinstance(fault, OperationalError | InterfaceError)
