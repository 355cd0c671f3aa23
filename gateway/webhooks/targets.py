"""Is this a place that webhooks may be sent to? Asked when it is registered, and at every connection."""

import queue
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

import httpx

from gateway.settings import GatewaySettings
from gateway.webhooks.addresses import Address, Network, reason_to_refuse
from services.common.settings import Environment

Resolve = Callable[[str, float], Sequence[str]]
"""From a host name and a limit in seconds to every address that it has."""
DEFAULT_PORTS = {"https": 443, "http": 80}
RESOLVE_TIMEOUT_S = 5.0
MAX_PORT = 65_535


class TargetRefusedError(Exception):
    """Nothing may be sent there; the message says why."""


class NameUnresolvedError(Exception):
    """The name has no address, or nobody says which in time."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address that passed: what to ask for, and of whom."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The value of `Host`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def system_resolve(host: str, timeout_s: float) -> list[str]:
    """Ask the system, which has no limit of its own, from a thread that may outlive the answer.

    Raises:
        NameUnresolvedError: no address, or none in time.
    """
    answers: queue.SimpleQueue[list[str] | OSError | UnicodeError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            answers.put(list(dict.fromkeys(str(entry[4][0]) for entry in found)))
        except (OSError, UnicodeError) as fault:
            answers.put(fault)

    threading.Thread(target=ask, name="resolve", daemon=True).start()
    try:
        answer = answers.get(timeout=timeout_s)
    except queue.Empty as fault:
        raise NameUnresolvedError(f"no answer within {timeout_s:g} s") from fault
    if isinstance(answer, OSError | UnicodeError):
        raise NameUnresolvedError("the name has no address") from answer
    return answer


class TargetRules:
    """What the operator allows.

    Args:
        https_only: whether plain HTTP is refused.
        ports: those of public addresses; in allowed networks every port will do.
        allowed: networks that may be reached though they are not public.
        resolve: how names become addresses.
    """

    def __init__(
        self,
        *,
        https_only: bool = True,
        ports: Sequence[int] = (443,),
        allowed: Sequence[Network] = (),
        resolve: Resolve = system_resolve,
    ) -> None:
        self._schemes = ("https",) if https_only else ("https", "http")
        self._ports, self._allowed, self._resolve = frozenset(ports), tuple(allowed), resolve

    @classmethod
    def of(cls, settings: GatewaySettings, environment: Environment) -> "TargetRules":
        """Make the rules that `settings` say; plain HTTP is for development, and so is port 80."""
        https_only = environment is not Environment.DEVELOPMENT
        ports = settings.webhook_ports if https_only else [*settings.webhook_ports, 80]
        return cls(https_only=https_only, ports=ports, allowed=settings.webhook_allowed_networks)

    def parse(self, url: str) -> Target:
        """Parse what `url` asks for, without looking its name up.

        Raises:
            TargetRefusedError: it is no address that webhooks are sent to, wherever it leads.
        """
        try:
            parsed = httpx.URL(url)
            host = parsed.raw_host.decode("ascii")
        except (httpx.InvalidURL, ValueError) as fault:
            raise TargetRefusedError("Send a whole URL, like https://hooks.example.com/candor.") from fault
        if parsed.scheme not in self._schemes:
            raise TargetRefusedError(f"Use {' or '.join(f'{name}://' for name in self._schemes)}.")
        if parsed.userinfo:
            raise TargetRefusedError("Leave the user and password out; the signature says who sends.")
        if parsed.fragment:
            raise TargetRefusedError("Leave the fragment out; it is never sent.")
        if not host:
            raise TargetRefusedError("Name a host, as in https://hooks.example.com/candor.")
        port = DEFAULT_PORTS[parsed.scheme] if parsed.port is None else parsed.port
        if not 0 < port <= MAX_PORT:
            raise TargetRefusedError(f"Use a port from 1 to {MAX_PORT}.")
        return Target(parsed.scheme, host, port, parsed.raw_path.decode("ascii"))

    def check(self, url: str, *, timeout_s: float = RESOLVE_TIMEOUT_S) -> Target:
        """Check that every address of the name in `url` may be reached; return what it asks for.

        Raises:
            TargetRefusedError: webhooks are not sent there.
            NameUnresolvedError: its name has no address now.
        """
        target = self.parse(url)
        self.addresses(target.host, target.port, timeout_s=timeout_s)
        return target

    def addresses(self, host: str, port: int, *, timeout_s: float = RESOLVE_TIMEOUT_S) -> list[Address]:
        """Resolve every address of `host`; whoever connects must connect to one of these, and resolve no
        more.

        Raises:
            TargetRefusedError: one of them must not be reached, or the port must not.
            NameUnresolvedError: there is none.
        """
        try:
            found = [ip_address(text) for text in self._resolve(host, timeout_s)]
        except ValueError as fault:
            raise NameUnresolvedError("the name has no address") from fault
        if not found:
            raise NameUnresolvedError("the name has no address")
        for address in found:
            kind = reason_to_refuse(address, allowed=self._allowed)
            if kind is not None:
                raise TargetRefusedError(f"Use a public address; {host} leads to one that is {kind}.")
            if port not in self._ports and not self._is_allowed(address):
                ports = ", ".join(map(str, sorted(self._ports)))
                raise TargetRefusedError(f"Use one of the ports {ports}; {port} is not allowed.")
        return found

    def _is_allowed(self, address: Address) -> bool:
        return any(address.version == network.version and address in network for network in self._allowed)
