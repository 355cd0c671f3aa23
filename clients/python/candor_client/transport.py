"""The only I/O of the client: performs the effects of a flow, in a thread or on asyncio's loop."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing, closing
from typing import Any, TypeVar, cast

import httpx

from candor_client.flow import (
    Done,
    Emit,
    Flow,
    Receive,
    ReceiveAll,
    Reply,
    Request,
    Send,
    Sleep,
    Stream,
    advance,
)

T = TypeVar("T")
Outcome = Reply | httpx.TransportError


class BlockingTransport:
    """For threads.

    Args:
        http: what sends, with address and key set.
        sleep: how to wait.
    """

    def __init__(self, http: httpx.Client, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self.http = http
        self._sleep = sleep

    def run(self, flow: Flow[T]) -> T:
        """Perform `flow` and return what it returns."""
        outcome: Outcome = None
        with closing(_BlockingRun(self.http, self._sleep)) as run:
            while not isinstance(step := advance(flow, outcome), Done):
                outcome = run.perform(step)
            return cast(T, step.value)

    def iterate(self, flow: Stream[T]) -> Iterator[T]:
        """Perform `flow` as far as its values are asked for."""
        outcome: Outcome = None
        with closing(_BlockingRun(self.http, self._sleep)) as run:
            while not isinstance(step := advance(flow, outcome), Done):
                if isinstance(step, Emit):
                    yield step.value
                outcome = None if isinstance(step, Emit) else run.perform(step)


class AwaitingTransport:
    """For asyncio; files are read on its loop, in pieces of 64 KiB.

    Args:
        http: what sends, with address and key set.
        sleep: how to wait.
    """

    def __init__(
        self, http: httpx.AsyncClient, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self.http = http
        self._sleep = sleep

    async def run(self, flow: Flow[T]) -> T:
        """Perform `flow` and return what it returns."""
        outcome: Outcome = None
        async with aclosing(_AwaitingRun(self.http, self._sleep)) as run:
            while not isinstance(step := advance(flow, outcome), Done):
                outcome = await run.perform(step)
            return cast(T, step.value)

    async def iterate(self, flow: Stream[T]) -> AsyncIterator[T]:
        """Perform `flow` as far as its values are asked for."""
        outcome: Outcome = None
        async with aclosing(_AwaitingRun(self.http, self._sleep)) as run:
            while not isinstance(step := advance(flow, outcome), Done):
                if isinstance(step, Emit):
                    yield step.value
                outcome = None if isinstance(step, Emit) else await run.perform(step)


class _BlockingRun:
    """One flow: at most one response is open, and is closed before the next request, a wait or the end."""

    def __init__(self, http: httpx.Client, sleep: Callable[[float], None]) -> None:
        self._http, self._sleep = http, sleep
        self._open: httpx.Response | None = None
        self._pieces: Iterator[bytes] = iter(())

    def perform(self, effect: Any) -> Outcome:
        try:
            match effect:
                case Send(request, streamed):
                    self.close()
                    self._open = self._http.send(_built(self._http, request), stream=streamed)
                    self._pieces = self._open.iter_bytes()
                    return self._open
                case Receive():
                    return next(self._pieces, None)
                case ReceiveAll():
                    assert self._open is not None
                    self._open.read()
                case Sleep(seconds):
                    self.close()
                    self._sleep(seconds)
        except httpx.TransportError as fault:
            return fault
        return None

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None


class _AwaitingRun:
    """The same on asyncio's loop."""

    def __init__(self, http: httpx.AsyncClient, sleep: Callable[[float], Awaitable[None]]) -> None:
        self._http, self._sleep = http, sleep
        self._open: httpx.Response | None = None
        self._pieces: AsyncIterator[bytes]

    async def perform(self, effect: Any) -> Outcome:
        try:
            match effect:
                case Send(request, streamed):
                    await self.aclose()
                    self._open = await self._http.send(_built(self._http, request), stream=streamed)
                    self._pieces = self._open.aiter_bytes()
                    return self._open
                case Receive():
                    return await anext(self._pieces, None)
                case ReceiveAll():
                    assert self._open is not None
                    await self._open.aread()
                case Sleep(seconds):
                    await self.aclose()
                    await self._sleep(seconds)
        except httpx.TransportError as fault:
            return fault
        return None

    async def aclose(self) -> None:
        if self._open is not None:
            await self._open.aclose()
            self._open = None


def _built(http: httpx.Client | httpx.AsyncClient, request: Request) -> httpx.Request:
    # A part without a file name is a field; httpx makes a body multipart only where `files` are given.
    fields = [
        (name, (None, value))
        for name, values in request.form.items()
        for value in ([values] if isinstance(values, str) else values)
    ]
    return http.build_request(
        request.method,
        request.path,
        params={name: value for name, value in request.params.items() if value not in (None, [], ())},
        json=request.json,
        content=request.content,
        files=cast(Any, [*fields, *request.files]) or None,
        headers=dict(request.headers),
        timeout=http.timeout if request.timeout_s is None else request.timeout_s,
    )
