"""Problems: every error the gateway answers, as RFC 9457 `application/problem+json`."""

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, Field
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException

from services.common.errors import TemporaryError
from services.common.logging import get_logger
from services.common.storage import StorageFullError

log = get_logger(__name__)
MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 5
FOREIGN_KEY_VIOLATION = "23503"


class ProblemCode(StrEnum):
    """What went wrong, for machines. The value never changes once published."""

    BAD_REQUEST = "bad_request"
    MALFORMED_MULTIPART = "malformed_multipart"
    IDEMPOTENCY_KEY_INVALID = "idempotency_key_invalid"
    API_KEY_MISSING = "api_key_missing"
    API_KEY_UNKNOWN = "api_key_unknown"
    API_KEY_REVOKED = "api_key_revoked"
    API_KEY_EXPIRED = "api_key_expired"
    CANDIDATE_TOKEN_UNKNOWN = "candidate_token_unknown"  # noqa: S105 - no token, like those below
    CANDIDATE_TOKEN_REVOKED = "candidate_token_revoked"  # noqa: S105
    CANDIDATE_TOKEN_EXPIRED = "candidate_token_expired"  # noqa: S105
    CANDIDATE_TOKEN_REFUSED = "candidate_token_refused"  # noqa: S105
    SCOPE_MISSING = "scope_missing"
    REPORT_READABLE_BY_CANDIDATE_ONLY = "report_readable_by_candidate_only"
    GRANT_EXCEEDS_OWN = "grant_exceeds_own"
    API_KEY_NOT_FOUND = "api_key_not_found"
    API_KEY_NOT_ACTIVE = "api_key_not_active"
    EMOTION_INFERENCE_NOT_PERMITTED = "emotion_inference_not_permitted"
    CONSENT_REQUIRED = "consent_required"
    NOT_FOUND = "not_found"
    ASSESSMENT_NOT_FOUND = "assessment_not_found"
    CANDIDATE_NOT_FOUND = "candidate_not_found"
    CONSENT_NOT_FOUND = "consent_not_found"
    ERASURE_NOT_FOUND = "erasure_not_found"
    WEBHOOK_ENDPOINT_NOT_FOUND = "webhook_endpoint_not_found"
    EVENT_NOT_FOUND = "event_not_found"
    QUESTION_NOT_FOUND = "question_not_found"
    INTERVIEW_NOT_FOUND = "interview_not_found"
    REPORT_NOT_READY = "report_not_ready"
    REPORT_UNAVAILABLE = "report_unavailable"
    UPLOAD_NOT_FOUND = "upload_not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    UPLOAD_OFFSET_MISMATCH = "upload_offset_mismatch"
    UPLOAD_ENDED = "upload_ended"
    UPLOADS_EXHAUSTED = "uploads_exhausted"
    CHANGED_MEANWHILE = "changed_meanwhile"
    IDEMPOTENCY_KEY_IN_USE = "idempotency_key_in_use"
    QUESTION_ANSWERED = "question_answered"
    BODY_TOO_LARGE = "body_too_large"
    MEDIA_TOO_LARGE = "media_too_large"
    TEXT_TOO_LONG = "text_too_long"
    UNSUPPORTED_CONTENT_TYPE = "unsupported_content_type"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    MEDIA_TYPE_MISMATCH = "media_type_mismatch"
    VALIDATION_FAILED = "validation_failed"
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused"
    UPLOAD_CHECKSUM_MISMATCH = "upload_checksum_mismatch"
    UPLOAD_INCOMPLETE = "upload_incomplete"
    UNKNOWN_UPLOAD = "unknown_upload"
    MEDIA_REQUIRED = "media_required"
    MEDIA_CONFLICT = "media_conflict"
    MEDIA_EMPTY = "media_empty"
    ANSWER_EMPTY = "answer_empty"
    TEXT_NOT_UTF8 = "text_not_utf8"
    UNKNOWN_QUESTION = "unknown_question"
    UNKNOWN_CONSENT = "unknown_consent"
    WEBHOOK_TARGET_REFUSED = "webhook_target_refused"
    WEBHOOK_ENDPOINT_DISABLED = "webhook_endpoint_disabled"
    WEBHOOK_ENDPOINTS_EXHAUSTED = "webhook_endpoints_exhausted"
    QUESTION_ARCHIVED = "question_archived"
    UNKNOWN_INTERVIEW = "unknown_interview"
    INTERVIEW_MISMATCH = "interview_mismatch"
    RATE_LIMITED = "rate_limited"
    INTERNAL = "internal"
    SERVICE_UNAVAILABLE = "service_unavailable"
    DATABASE_UNAVAILABLE = "database_unavailable"
    STORAGE_UNAVAILABLE = "storage_unavailable"
    NOT_READY = "not_ready"
    STORAGE_FULL = "storage_full"
    HTTP_ERROR = "http_error"


PROBLEMS: dict[ProblemCode, tuple[int, str]] = {
    ProblemCode.BAD_REQUEST: (400, "The request cannot be read"),
    ProblemCode.MALFORMED_MULTIPART: (400, "The multipart body is broken or incomplete"),
    ProblemCode.IDEMPOTENCY_KEY_INVALID: (400, "The idempotency key cannot be used"),
    ProblemCode.API_KEY_MISSING: (401, "An API key is needed"),
    ProblemCode.API_KEY_UNKNOWN: (401, "The API key is unknown"),
    ProblemCode.API_KEY_REVOKED: (401, "The API key has been revoked"),
    ProblemCode.API_KEY_EXPIRED: (401, "The API key has expired"),
    ProblemCode.CANDIDATE_TOKEN_UNKNOWN: (401, "The candidate token is unknown"),
    ProblemCode.CANDIDATE_TOKEN_REVOKED: (401, "The candidate token has been revoked"),
    ProblemCode.CANDIDATE_TOKEN_EXPIRED: (401, "The candidate token has expired"),
    ProblemCode.CANDIDATE_TOKEN_REFUSED: (403, "A candidate token does not open this"),
    ProblemCode.REPORT_READABLE_BY_CANDIDATE_ONLY: (403, "Only the candidate may read this report"),
    ProblemCode.GRANT_EXCEEDS_OWN: (403, "A key cannot give more than it has"),
    ProblemCode.API_KEY_NOT_FOUND: (404, "There is no such API key"),
    ProblemCode.API_KEY_NOT_ACTIVE: (409, "The API key cannot be rotated any more"),
    ProblemCode.SCOPE_MISSING: (403, "The API key lacks a scope"),
    ProblemCode.EMOTION_INFERENCE_NOT_PERMITTED: (403, "Emotions may not be inferred for this purpose"),
    ProblemCode.CONSENT_REQUIRED: (403, "The candidate's consent is needed"),
    ProblemCode.NOT_FOUND: (404, "There is nothing here"),
    ProblemCode.ASSESSMENT_NOT_FOUND: (404, "There is no such assessment"),
    ProblemCode.CANDIDATE_NOT_FOUND: (404, "There is no such candidate"),
    ProblemCode.CONSENT_NOT_FOUND: (404, "There is no such consent"),
    ProblemCode.ERASURE_NOT_FOUND: (404, "There is no such erasure"),
    ProblemCode.WEBHOOK_ENDPOINT_NOT_FOUND: (404, "There is no such webhook endpoint"),
    ProblemCode.EVENT_NOT_FOUND: (404, "There is no such event"),
    ProblemCode.QUESTION_NOT_FOUND: (404, "There is no such question"),
    ProblemCode.INTERVIEW_NOT_FOUND: (404, "There is no such interview"),
    ProblemCode.REPORT_NOT_READY: (404, "The report is not ready yet"),
    ProblemCode.REPORT_UNAVAILABLE: (404, "There will be no report"),
    ProblemCode.UPLOAD_NOT_FOUND: (404, "There is no such upload"),
    ProblemCode.METHOD_NOT_ALLOWED: (405, "The method is not allowed here"),
    ProblemCode.UPLOAD_OFFSET_MISMATCH: (409, "The upload goes on at another offset"),
    ProblemCode.UPLOAD_ENDED: (409, "The upload takes no more bytes"),
    ProblemCode.UPLOADS_EXHAUSTED: (409, "There are too many unfinished uploads"),
    ProblemCode.CHANGED_MEANWHILE: (409, "Something changed at the same moment"),
    ProblemCode.IDEMPOTENCY_KEY_IN_USE: (409, "A request with this idempotency key is running"),
    ProblemCode.QUESTION_ANSWERED: (409, "The question has been answered"),
    ProblemCode.BODY_TOO_LARGE: (413, "The body is too large"),
    ProblemCode.MEDIA_TOO_LARGE: (413, "The media is too large"),
    ProblemCode.TEXT_TOO_LONG: (413, "The typed answer is too long"),
    ProblemCode.UNSUPPORTED_CONTENT_TYPE: (415, "The body must be multipart/form-data"),
    ProblemCode.UNSUPPORTED_MEDIA_TYPE: (415, "This type of file cannot be analysed"),
    ProblemCode.MEDIA_TYPE_MISMATCH: (415, "The file is not what its name says"),
    ProblemCode.VALIDATION_FAILED: (422, "The request is not valid"),
    ProblemCode.IDEMPOTENCY_KEY_REUSED: (422, "The idempotency key belongs to another request"),
    ProblemCode.UPLOAD_CHECKSUM_MISMATCH: (422, "The bytes that came are not those announced"),
    ProblemCode.UPLOAD_INCOMPLETE: (422, "The upload is not complete"),
    ProblemCode.UNKNOWN_UPLOAD: (422, "The upload is unknown"),
    ProblemCode.MEDIA_REQUIRED: (422, "The answer is missing"),
    ProblemCode.MEDIA_CONFLICT: (422, "The parts of the answer exclude each other"),
    ProblemCode.MEDIA_EMPTY: (422, "The file is empty"),
    ProblemCode.ANSWER_EMPTY: (422, "The typed answer is empty"),
    ProblemCode.TEXT_NOT_UTF8: (422, "The text is not UTF-8"),
    ProblemCode.UNKNOWN_QUESTION: (422, "The question is unknown"),
    ProblemCode.UNKNOWN_CONSENT: (422, "The consent is unknown"),
    ProblemCode.WEBHOOK_TARGET_REFUSED: (422, "Nothing is sent to this address"),
    ProblemCode.WEBHOOK_ENDPOINT_DISABLED: (409, "The webhook endpoint is disabled"),
    ProblemCode.WEBHOOK_ENDPOINTS_EXHAUSTED: (409, "There are too many webhook endpoints"),
    ProblemCode.QUESTION_ARCHIVED: (422, "The question is archived"),
    ProblemCode.UNKNOWN_INTERVIEW: (422, "The interview is unknown"),
    ProblemCode.INTERVIEW_MISMATCH: (422, "The answer does not fit the interview"),
    ProblemCode.RATE_LIMITED: (429, "Too many requests"),
    ProblemCode.INTERNAL: (500, "Something went wrong on our side"),
    ProblemCode.SERVICE_UNAVAILABLE: (503, "A service is out of reach"),
    ProblemCode.DATABASE_UNAVAILABLE: (503, "The database is out of reach"),
    ProblemCode.STORAGE_UNAVAILABLE: (503, "The object store is out of reach"),
    ProblemCode.NOT_READY: (503, "The gateway is not ready"),
    ProblemCode.STORAGE_FULL: (507, "The object store is full"),
}
"""Status and title of each code. `http_error` takes both from the status that it wraps."""


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
        super().__init__(PROBLEMS[code][0], detail, dict(headers or {}))
        self.code = code
        self.errors = list(errors)


def problem_type(code: str) -> str:
    """The `type` member: the code's page in the catalogue of this installation."""
    return f"/errors/{code}"


def problem_document(problem: Problem, *, request_id: str) -> dict[str, Any]:
    """The JSON document of `problem`."""
    status, title = PROBLEMS[problem.code]
    return ProblemDetails(
        type=problem_type(problem.code),
        title=title,
        status=status,
        detail=problem.detail,
        code=problem.code,
        request_id=request_id,
        errors=problem.errors,
    ).model_dump()


def problem_response(problem: Problem, *, request_id: str) -> Response:
    """ASCII JSON, so that no echo of the client's characters can fail to encode."""
    return _respond(problem_document(problem, request_id=request_id), problem.headers)


def _respond(document: dict[str, Any], headers: Mapping[str, str] | None) -> Response:
    return Response(
        json.dumps(document),
        status_code=document["status"],
        media_type=MEDIA_TYPE,
        headers=dict(headers or {}),
    )


def request_id_of(request: Request) -> str:
    """The identifier that the outermost layer gave this request."""
    return str(request.scope.get("state", {}).get("request_id", ""))


def unavailable(code: ProblemCode, detail: str) -> Problem:
    """A 503 with `Retry-After`."""
    return Problem(code, detail, headers={"Retry-After": str(RETRY_AFTER_S)})


def of_temporary(fault: TemporaryError) -> Problem:
    """What an outage looks like from outside; its particulars stay in the log."""
    if isinstance(fault, StorageFullError):
        return Problem(ProblemCode.STORAGE_FULL, "There is no space left for uploads; tell the operator.")
    if fault.code == "storage_unavailable":
        return unavailable(ProblemCode.STORAGE_UNAVAILABLE, "The object store is out of reach.")
    return unavailable(ProblemCode.SERVICE_UNAVAILABLE, "Something we depend on is out of reach.")


def of_validation(fault: RequestValidationError) -> Problem:
    """FastAPI's own findings about query, path and JSON."""
    errors = [
        FieldError(field=".".join(map(str, error["loc"][1:])) or str(error["loc"][0]), detail=error["msg"])
        for error in fault.errors()
    ]
    return Problem(ProblemCode.VALIDATION_FAILED, "Correct the fields listed in `errors`.", errors=errors)


def allowed_methods(request: Request) -> str:
    """What `Allow` must list: Starlette names the methods of one matching route only."""
    template = getattr(request.scope.get("route"), "path_format", None)
    operations = request.app.openapi()["paths"].get(template, {})
    return ", ".join(sorted(method.upper() for method in operations))


def of_http(fault: HTTPException) -> Problem | None:
    """Starlette's own 400, 404 and 405 in our words; null for statuses that have no code of ours."""
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
        problem = fault if isinstance(fault, Problem) else of_http(fault)
        request_id = request_id_of(request)
        if problem is not None and problem.code is ProblemCode.METHOD_NOT_ALLOWED:
            problem.headers = {
                "Allow": allowed_methods(request) or dict(fault.headers or {}).get("Allow", "")
            }
        if problem is not None:
            return problem_response(problem, request_id=request_id)
        return _respond(
            ProblemDetails(
                type=problem_type(ProblemCode.HTTP_ERROR),
                title=HTTPStatus(fault.status_code).phrase,
                status=fault.status_code,
                detail=str(fault.detail),
                code=ProblemCode.HTTP_ERROR,
                request_id=request_id,
            ).model_dump(),
            fault.headers,
        )

    @app.exception_handler(RequestValidationError)
    async def on_validation(request: Request, fault: RequestValidationError) -> Response:
        return problem_response(of_validation(fault), request_id=request_id_of(request))

    @app.exception_handler(TemporaryError)
    async def on_temporary(request: Request, fault: TemporaryError) -> Response:
        log.warning("outage", code=fault.code, detail=fault.reason)
        return problem_response(of_temporary(fault), request_id=request_id_of(request))

    @app.exception_handler(DBAPIError)
    @app.exception_handler(PoolTimeoutError)
    async def on_database(request: Request, fault: Exception) -> Response:
        if isinstance(fault, DBAPIError) and lost_a_race(fault):
            log.warning("changed_meanwhile", detail=str(fault))
            problem = Problem(
                ProblemCode.CHANGED_MEANWHILE, "What this refers to was erased at this moment; look again."
            )
            return problem_response(problem, request_id=request_id_of(request))
        if isinstance(fault, DBAPIError) and not is_outage(fault):
            raise fault
        log.warning("database_outage", detail=str(fault))
        problem = unavailable(ProblemCode.DATABASE_UNAVAILABLE, "The database is out of reach.")
        return problem_response(problem, request_id=request_id_of(request))


def lost_a_race(fault: DBAPIError) -> bool:
    """Whether a row went away between the look at it and the reference to it."""
    return getattr(fault.orig, "sqlstate", None) == FOREIGN_KEY_VIOLATION


def is_outage(fault: DBAPIError) -> bool:
    """Whether the database is down, restarting or overloaded, rather than refusing what we asked."""
    from sqlalchemy.exc import InterfaceError, OperationalError

    return fault.connection_invalidated or isinstance(fault, OperationalError | InterfaceError)
