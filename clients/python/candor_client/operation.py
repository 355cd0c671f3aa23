"""How a method, written once, becomes a blocking one of `Client` and an awaited one of `AsyncClient`."""

import dataclasses
import functools
import inspect
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, Self, TypeVar, overload

import httpx

from candor_client.flow import Emit, Flow, Request, Stream, exchange, parse
from candor_client.retry import RetryPolicy
from candor_client.transport import AwaitingTransport, BlockingTransport

P = ParamSpec("P")
T = TypeVar("T")
TransportT_co = TypeVar("TransportT_co", bound=BlockingTransport | AwaitingTransport, covariant=True)


ItemT_co = TypeVar("ItemT_co", covariant=True)


class Page(Protocol[ItemT_co]):
    @property
    def data(self) -> Sequence[ItemT_co]: ...
    @property
    def has_more(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Core:
    """What every operation of a client shares.

    Attributes:
        retry: when a request is sent again.
        clock: seconds that only grow.
    """

    retry: RetryPolicy
    clock: Callable[[], float]

    def send(self, request: Request, *, streamed: bool = False) -> Flow[httpx.Response]:
        """Exchange `request`. A POST gets a key, so that the server does it once however often it comes."""
        if request.method == "POST" and "Idempotency-Key" not in request.headers:
            headers = {**request.headers, "Idempotency-Key": str(uuid.uuid4())}
            request = dataclasses.replace(request, headers=headers)
        return exchange(request, retry=self.retry, streamed=streamed)

    def fetch(self, model: type[T], request: Request) -> Flow[T]:
        """Exchange `request` and read the answer as `model`."""
        return parse(model, (yield from self.send(request)))

    def discard(self, request: Request) -> Flow[None]:
        """Exchange `request`, whose answer has no body."""
        yield from self.send(request)

    def pages(
        self, page: type[Page[ItemT_co]], path: str, params: Mapping[str, Any], *, key: str = "id"
    ) -> Stream[ItemT_co]:
        """List every item of a list, page after page; `key` names the member that the next page starts
        after.
        """
        cursor = params.get("starting_after")
        while True:
            request = Request("GET", path, params={**params, "starting_after": cursor})
            found = yield from self.fetch(page, request)
            for item in found.data:
                yield Emit(item)
            if not found.has_more or not found.data:
                return
            cursor = getattr(found.data[-1], key)


class Group(Generic[TransportT_co]):
    """The operations on one resource."""

    def __init__(self, core: Core, transport: TransportT_co) -> None:
        self._core = core
        self.transport = transport


class Operation(Generic[P, T]):
    """A method that returns once."""

    def __init__(self, build: "Callable[Concatenate[Any, P], Flow[T]]", names: tuple[str, ...]) -> None:
        self.build, self.names = build, names
        self.__doc__ = build.__doc__

    @overload
    def __get__(self, group: None, owner: type) -> Self: ...
    @overload
    def __get__(self, group: Group[BlockingTransport], owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(
        self, group: Group[AwaitingTransport], owner: type
    ) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, group: Any, owner: type) -> Any:
        return self if group is None else _bound(self.build, group, group.transport.run)


class Iteration(Generic[P, T]):
    """A method whose values come one by one."""

    def __init__(self, build: "Callable[Concatenate[Any, P], Stream[T]]", names: tuple[str, ...]) -> None:
        self.build, self.names = build, names
        self.__doc__ = build.__doc__

    @overload
    def __get__(self, group: None, owner: type) -> Self: ...
    @overload
    def __get__(self, group: Group[BlockingTransport], owner: type) -> Callable[P, Iterator[T]]: ...
    @overload
    def __get__(self, group: Group[AwaitingTransport], owner: type) -> Callable[P, AsyncIterator[T]]: ...
    def __get__(self, group: Any, owner: type) -> Any:
        return self if group is None else _bound(self.build, group, group.transport.iterate)


def _bound(build: Callable[..., Any], group: Any, perform: Callable[[Any], Any]) -> Callable[..., Any]:
    """Return `build` as a method of `group` whose flow is performed; `help` shows its parameters."""
    method = functools.partial(build, group)

    @functools.wraps(build)
    def call(*args: Any, **kwargs: Any) -> Any:
        return perform(method(*args, **kwargs))

    vars(call)["__signature__"] = inspect.signature(method)
    return call


def operation(
    *names: str,
) -> "Callable[[Callable[Concatenate[Any, P], Flow[T]]], Operation[P, T]]":
    """Declare a method; `names` are the `operationId`s that it uses."""
    return lambda build: Operation(build, names)


def iteration(
    *names: str,
) -> "Callable[[Callable[Concatenate[Any, P], Stream[T]]], Iteration[P, T]]":
    """Declare a method that gives values one by one."""
    return lambda build: Iteration(build, names)
