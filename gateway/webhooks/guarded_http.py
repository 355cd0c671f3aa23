"""The one way out: HTTP to addresses that strangers chose.

A name is looked up once per connection; every address that it has must be fit to reach, and the
connection goes to one of those, so that a name that changes its mind cannot lead anywhere else. TLS and
`Host` still use the name. Redirects are not followed, proxies of the environment are not asked, the
body of an answer is never read, and one limit in seconds holds for everything together.
"""

import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpcore

from gateway.webhooks.schemas import AttemptError
from gateway.webhooks.targets import NameUnresolvedError, TargetRefusedError, TargetRules

ADDRESSES_TRIED = 2
KEPT_HEADERS = frozenset({"retry-after"})
MAX_HEADER_CHARS = 200


@dataclass(frozen=True, slots=True)
class Response:
    """A receiver's response, as far as anyone may know it: status and the headers that pace us."""

    status_code: int
    headers: Mapping[str, str]


class SendError(Exception):
    """There was no answer. `code` says why; the message is for the operator's log."""

    def __init__(self, code: AttemptError, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class GuardedClient:
    """Posts to addresses that `rules` allow.

    Args:
        rules: which those are.
        timeout_s: for one post, from the name to the status.
        ca_file: certificates to trust besides the public ones.
        network: how connections are made, once an address has passed.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        rules: TargetRules,
        *,
        timeout_s: float,
        ca_file: Path | None = None,
        network: httpcore.NetworkBackend | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rules, self._timeout_s, self._clock = rules, timeout_s, clock
        self._network = network or httpcore.SyncBackend()
        self._tls = httpcore.default_ssl_context()
        if ca_file is not None:
            self._tls.load_verify_locations(ca_file)

    def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Response:
        """Send `body`, on a connection of its own.

        Raises:
            SendError: nothing may be sent there, or nothing was answered in time.
        """
        deadline = Deadline(self._timeout_s, clock=self._clock)
        try:
            target = self._rules.parse(url)
            location = httpcore.URL(
                scheme=target.scheme.encode(),
                host=target.host.encode(),
                port=target.port,
                target=target.path.encode(),
            )
            guarded = GuardedNetwork(self._network, self._rules, deadline)
            with (
                httpcore.ConnectionPool(
                    ssl_context=self._tls, network_backend=guarded, max_keepalive_connections=0
                ) as pool,
                pool.stream(
                    "POST", location, headers=[("Host", target.authority), *headers.items()], content=body
                ) as response,
            ):
                return Response(response.status, _kept(response.headers))
        except TargetRefusedError as fault:
            raise SendError(AttemptError.TARGET_REFUSED, str(fault)) from fault
        except NameUnresolvedError as fault:
            raise SendError(AttemptError.NAME_UNRESOLVED, str(fault)) from fault
        except httpcore.TimeoutException as fault:
            raise SendError(AttemptError.TIMEOUT, f"no answer within {self._timeout_s:g} s") from fault
        except httpcore.ProtocolError as fault:
            raise SendError(AttemptError.BAD_RESPONSE, "the answer is not HTTP") from fault
        except (
            httpcore.NetworkError,
            OSError,
            ValueError,
        ) as fault:  # ValueError: names that TLS cannot take
            raise _of_network(fault) from fault


class Deadline:
    """What is left of one limit for several waits."""

    def __init__(self, seconds: float, *, clock: Callable[[], float]) -> None:
        self._clock, self._end = clock, clock() + seconds

    def left(self, expired: type[httpcore.TimeoutException]) -> float:
        """Return the seconds that are left.

        Raises:
            httpcore.TimeoutException: of the type given, none are.
        """
        seconds = self._end - self._clock()
        if seconds <= 0:
            raise expired("the time for the whole attempt is over")
        return seconds


class GuardedNetwork(httpcore.NetworkBackend):
    """Connects to addresses that were checked, and to nothing else.

    Args:
        inner: makes the connection, and is given an address, never a name.
        rules: says which addresses are fit.
        deadline: of the whole attempt.
    """

    def __init__(self, inner: httpcore.NetworkBackend, rules: TargetRules, deadline: Deadline) -> None:
        self._inner, self._rules, self._deadline = inner, rules, deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the deadline is stricter
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address of `host` that answers; all of them have to be fit.

        Raises:
            TargetRefusedError: one of them is not.
            NameUnresolvedError: there is none.
        """
        limit_s = self._deadline.left(httpcore.ConnectTimeout)
        addresses = self._rules.addresses(host, port, timeout_s=limit_s)[:ADDRESSES_TRIED]
        for place, address in enumerate(addresses, start=1):
            share_s = self._deadline.left(httpcore.ConnectTimeout) / (len(addresses) - place + 1)
            try:
                stream = self._inner.connect_tcp(str(address), port, share_s, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if place == len(addresses):
                    raise
            else:
                return TimedStream(stream, self._deadline)
        raise NameUnresolvedError("the name has no address")

    def connect_unix_socket(self, *_: object, **__: object) -> httpcore.NetworkStream:
        """Refuse: nothing is ever sent to a local socket."""
        raise TargetRefusedError("Sockets of this machine are not reached.")


class TimedStream(httpcore.NetworkStream):
    """A stream on which all waits together end at a deadline, however slowly its bytes trickle."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._inner, self._deadline = inner, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        return self._inner.read(max_bytes, self._deadline.left(httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        self._inner.write(buffer, self._deadline.left(httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        limit_s = self._deadline.left(httpcore.ConnectTimeout)
        return TimedStream(self._inner.start_tls(ssl_context, server_hostname, limit_s), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _kept(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    named = ((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in headers)
    return {name: value[:MAX_HEADER_CHARS] for name, value in named if name in KEPT_HEADERS}


def _of_network(fault: Exception) -> SendError:
    """Return the error of a network fault; TLS that fails is told apart: it is a certificate, not an outage.

    The pool clears `__cause__` on the way (`raise … from None`), and leaves `__context__`.
    """
    cause: BaseException | None = fault
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return SendError(AttemptError.TLS_FAILED, str(cause))
        cause = cause.__cause__ or cause.__context__
    return SendError(AttemptError.CONNECTION_FAILED, str(fault))
