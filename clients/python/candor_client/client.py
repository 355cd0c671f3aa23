"""`Client` for threads and `AsyncClient` for asyncio: the same operations on two transports."""

import os
import platform
import time
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

import httpx

from candor_client.operation import Core
from candor_client.resources.api_keys import ApiKeys
from candor_client.resources.assessments import Assessments
from candor_client.resources.audit_events import AuditEvents
from candor_client.resources.benchmarks import Benchmarks
from candor_client.resources.candidates import Candidates
from candor_client.resources.exports import Exports
from candor_client.resources.governance import Consents, Erasures, ImpactRatios, Tenants
from candor_client.resources.health import Health
from candor_client.resources.interviews import Interviews
from candor_client.resources.questions import Questions
from candor_client.resources.reports import Reports
from candor_client.resources.uploads import Uploads
from candor_client.resources.webhook_endpoints import Events, WebhookEndpoints
from candor_client.retry import RetryPolicy
from candor_client.transport import AwaitingTransport, BlockingTransport
from candor_client.version import __version__

TransportT = TypeVar("TransportT", bound=BlockingTransport | AwaitingTransport)
USER_AGENT = (
    f"candor-client-python/{__version__} python/{platform.python_version()} httpx/{httpx.__version__}"
)
TIMEOUT_S = 30.0
URL_VARIABLE, KEY_VARIABLE = "CANDOR_API_URL", "CANDOR_API_KEY"


class _Resources(Generic[TransportT]):
    """Every operation of the interface, by resource."""

    def connect(self, core: Core, transport: TransportT) -> None:
        """Put every operation on `transport`; for tests, which bring a clock of their own."""
        self.assessments = Assessments(core, transport)
        self.uploads = Uploads(core, transport)
        self.reports = Reports(core, transport)
        self.exports = Exports(core, transport)
        self.candidates = Candidates(core, transport)
        self.interviews = Interviews(core, transport)
        self.questions = Questions(core, transport)
        self.benchmarks = Benchmarks(core, transport)
        self.webhook_endpoints = WebhookEndpoints(core, transport)
        self.events = Events(core, transport)
        self.api_keys = ApiKeys(core, transport)
        self.audit_events = AuditEvents(core, transport)
        self.consents = Consents(core, transport)
        self.tenant = Tenants(core, transport)
        self.erasures = Erasures(core, transport)
        self.impact_ratios = ImpactRatios(core, transport)
        self.health = Health(core, transport)


def _options(
    base_url: str | None, api_key: str | None, *, timeout_s: float, user_agent: str | None
) -> dict[str, Any]:
    """Return what both kinds of httpx client are made with.

    Raises:
        ValueError: there is no address.
    """
    address = base_url or os.environ.get(URL_VARIABLE)
    if not address:
        raise ValueError(f"say where the server is: base_url, or the variable {URL_VARIABLE}")
    key = api_key if api_key is not None else os.environ.get(KEY_VARIABLE, "")
    headers = {"User-Agent": f"{user_agent} {USER_AGENT}" if user_agent else USER_AGENT}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    return {"base_url": address, "headers": headers, "timeout": timeout_s, "follow_redirects": False}


class Client(_Resources[BlockingTransport]):
    """Candor for threads. Close it, or use it as a context manager; it may be shared between threads.

    Args:
        base_url: where the server is; `CANDOR_API_URL` by default.
        api_key: `cnd_…`, or the `cndt_…` of one candidate; `CANDOR_API_KEY` by default.
        timeout_s: longest silence while connecting, sending or waiting for an answer.
        retry: when requests are sent again.
        user_agent: name of your program, put before the client's own.
        transport: httpx's, for proxies and tests.

    Raises:
        ValueError: no address was given.
    """

    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | None = None,
        *,
        timeout_s: float = TIMEOUT_S,
        retry: RetryPolicy | None = None,
        user_agent: str | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        options = _options(base_url, api_key, timeout_s=timeout_s, user_agent=user_agent)
        self.http = httpx.Client(**options, transport=transport)
        self.connect(Core(retry=retry or RetryPolicy(), clock=time.monotonic), BlockingTransport(self.http))

    def close(self) -> None:
        """Close the connections."""
        self.http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncClient(_Resources[AwaitingTransport]):
    """The same for asyncio: `await` what returns once, `async for` what is listed. See `Client`."""

    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | None = None,
        *,
        timeout_s: float = TIMEOUT_S,
        retry: RetryPolicy | None = None,
        user_agent: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        options = _options(base_url, api_key, timeout_s=timeout_s, user_agent=user_agent)
        self.http = httpx.AsyncClient(**options, transport=transport)
        self.connect(Core(retry=retry or RetryPolicy(), clock=time.monotonic), AwaitingTransport(self.http))

    async def aclose(self) -> None:
        """Close the connections."""
        await self.http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
