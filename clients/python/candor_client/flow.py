"""The part of the client that does no I/O: what to send, when again, and what the answer means.

A method of the interface is a generator, a *flow*: it yields what it wants done (`Effect`), is sent what
came of it, and returns a model. `transport` performs the effects, once for threads and once for asyncio, so
that everything else is written once.
"""

import itertools
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar, cast
from urllib.parse import quote

import httpx
from pydantic import TypeAdapter, ValidationError

from candor_client.errors import ConnectionFailedError, UnexpectedAnswerError, error_of
from candor_client.retry import RetryPolicy, retry_after_s

R_co = TypeVar("R_co", covariant=True)
T = TypeVar("T")


class Readable(Protocol):
    """What is sent piece by piece."""

    def read(self, size: int = -1, /) -> bytes: ...


FilePart = tuple[str, tuple[str, Readable]]


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, not yet bound to a server.

    Attributes:
        method: such as `GET`.
        path: with its variables filled in, see `path_of`.
        params: query parameters; those that are null are left out.
        json: body, if it is JSON.
        form: fields of a multipart body.
        files: parts of a multipart body, read while they are sent.
        content: body, if it is bytes.
        headers: beside those that every request has.
        repeatable: whether sending it twice is the same as once.
        timeout_s: longest silence, where it is not the client's own.
    """

    method: str
    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    json: Any = None
    form: Mapping[str, Any] = field(default_factory=dict)
    files: Sequence[FilePart] = ()
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    repeatable: bool = True
    timeout_s: float | None = None


@dataclass(frozen=True, slots=True)
class Send:
    """Send `request`; the reply is a `httpx.Response`, read to its end unless `streamed`."""

    request: Request
    streamed: bool = False


@dataclass(frozen=True, slots=True)
class Receive:
    """The next bytes of the streamed response that was opened last; the reply is null at its end."""


@dataclass(frozen=True, slots=True)
class ReceiveAll:
    """Read that response to its end, into its `content`."""


@dataclass(frozen=True, slots=True)
class Sleep:
    seconds: float


@dataclass(frozen=True, slots=True)
class Emit(Generic[R_co]):
    """A value for whoever iterates."""

    value: R_co


@dataclass(frozen=True, slots=True)
class Done(Generic[R_co]):
    """The flow has ended with `value`."""

    value: R_co


Effect = Send | Receive | ReceiveAll | Sleep
Reply = httpx.Response | bytes | None
Flow = Generator[Effect, Reply, T]
Stream = Generator[Effect | Emit[T], Reply, None]


def advance(flow: Generator[Any, Reply, T], outcome: Reply | httpx.TransportError) -> Any | Done[T]:
    """Tell `flow` what came of its last effect; returns the next one, or `Done`."""
    try:
        return flow.throw(outcome) if isinstance(outcome, Exception) else flow.send(outcome)
    except StopIteration as stop:
        return Done(stop.value)


def exchange(request: Request, *, retry: RetryPolicy, streamed: bool = False) -> Flow[httpx.Response]:
    """Send `request` until it succeeds or there is no use in trying.

    Raises:
        ConnectionFailedError: nobody answered.
        ApiError: the server refused.
    """
    for attempt in itertools.count(1):
        try:
            response = cast(httpx.Response, (yield Send(request, streamed)))
        except httpx.TransportError as fault:
            wait_s = retry.after_silence(attempt) if request.repeatable else None
            if wait_s is None:
                raise ConnectionFailedError(f"{request.method} {request.path}: {fault!r}") from fault
        else:
            if response.is_success:
                return response
            if streamed:
                yield ReceiveAll()
            error = error_of(response, retry_after_s=retry_after_s(response))
            wait_s = retry.after_answer(attempt, response, code=error.code) if request.repeatable else None
            if wait_s is None:
                raise error
        yield Sleep(wait_s)
    raise AssertionError


def parse(model: type[T], response: httpx.Response) -> T:
    """Return the body of `response` as `model`.

    Raises:
        UnexpectedAnswerError: it is something else.
    """
    try:
        return TypeAdapter(model).validate_json(response.content)
    except ValidationError as fault:
        place = f"{response.request.method} {response.request.url.path}"
        raise UnexpectedAnswerError(f"{place} did not answer a {model.__name__}: {fault}") from fault


def path_of(template: str, *values: str) -> str:
    """Return `template` with each `{}` replaced by a value, escaped: no value can lead to another path.

    Raises:
        ValueError: a value is empty, which would name the collection instead.
    """
    if not all(values) or {".", ".."} & set(values):
        raise ValueError(f"an identifier is missing in {template}")
    return template.format(*(quote(value, safe="") for value in values))


def given(**members: Any) -> dict[str, Any]:
    """Return the members of a body that were given; those that are null are left out."""
    return {name: value for name, value in members.items() if value is not None}
