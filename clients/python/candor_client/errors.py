"""What can go wrong. Everything that this package raises is a `CandorClientError`."""

import json
from collections.abc import Mapping
from typing import Any

import httpx
from pydantic import ValidationError

from candor_client.models import FieldError, Problem


class CandorClientError(Exception):
    """The base of every error of this package."""


class ConnectionFailedError(CandorClientError):
    """No answer came, after every attempt. `__cause__` is httpx's own error."""


class WaitTimeoutError(CandorClientError, TimeoutError):
    """An assessment had not ended in the time that `wait` was given. The analysis goes on."""


class UnexpectedAnswerError(CandorClientError):
    """A success whose body is not what the interface promises: an older server, or another one."""


class UploadFailedError(CandorClientError):
    """All bytes of an upload came, and the server could not use them; the message has the `code`."""


class SignatureError(CandorClientError):
    """A webhook that was not signed with the secret, or is too old. Answer 400 and use nothing of it."""


class ApiError(CandorClientError):
    """The server refused (RFC 9457). Decide by `code`, which never changes once published.

    Attributes:
        status: HTTP status.
        code: what went wrong, such as `unknown_question`.
        title: the code in words.
        detail: one sentence that says what to do next.
        request_id: to be quoted to whoever runs the server.
        errors: the faults one by one, where there are several.
        retry_after_s: how long the server asks to wait, if it does.
    """

    def __init__(self, problem: Problem, *, retry_after_s: float | None = None) -> None:
        super().__init__(f"{problem.title}: {problem.detail} [{problem.status} {problem.code}]")
        self.status: int = problem.status
        self.code: str = problem.code
        self.title: str = problem.title
        self.detail: str = problem.detail
        self.request_id: str = problem.request_id
        self.errors: list[FieldError] = problem.errors
        self.retry_after_s: float | None = retry_after_s


class BadRequestError(ApiError):
    """400: the request cannot be read."""


class AuthenticationError(ApiError):
    """401: no key, or one that is unknown, expired or revoked."""


class PermissionDeniedError(ApiError):
    """403: the key lacks a scope, or the law of the tenant's place forbids it; `code` tells which."""


class NotFoundError(ApiError):
    """404: it never was, is erased, or is another tenant's."""


class ConflictError(ApiError):
    """409: the state of things does not allow it now."""


class GoneError(ApiError):
    """410: it was there, and will not come back."""


class PreconditionFailedError(ApiError):
    """412: somebody else changed it meanwhile."""


class TooLargeError(ApiError):
    """413: over a limit of the server."""


class UnsupportedMediaError(ApiError):
    """415: a type of file that is not analysed."""


class InvalidRequestError(ApiError):
    """422: `errors` names the fields at fault."""


class RateLimitedError(ApiError):
    """429: too many requests; `retry_after_s` says when to come back."""


class ServerError(ApiError):
    """Any 5xx."""


class ServiceUnavailableError(ServerError):
    """503: something that the server depends on is out of reach."""


OF_STATUS: Mapping[int, type[ApiError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    410: GoneError,
    412: PreconditionFailedError,
    413: TooLargeError,
    415: UnsupportedMediaError,
    422: InvalidRequestError,
    429: RateLimitedError,
    503: ServiceUnavailableError,
}


def error_of(response: httpx.Response, *, retry_after_s: float | None = None) -> ApiError:
    """Return the error that `response` (read to its end, 3xx to 5xx) stands for, also if a proxy answered."""
    status = response.status_code
    kind = OF_STATUS.get(status, ServerError if status >= 500 else ApiError)
    return kind(_problem(response), retry_after_s=retry_after_s)


def _problem(response: httpx.Response) -> Problem:
    try:
        document: Any = json.loads(response.content)
        return Problem.model_validate(document)
    except (ValueError, ValidationError):
        return Problem(
            type="about:blank",
            title=response.reason_phrase or "An error without a name",
            status=response.status_code,
            detail=f"{response.request.url} answered something that is no problem document of Candor's.",
            code="http_error",
            request_id=response.headers.get("x-request-id", ""),
        )
