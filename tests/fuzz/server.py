"""The real gateway on real servers, over HTTP, in a state in which most operations have something to find."""

import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from sqlalchemy import Engine

from gateway.assessments.recovery import Recovery
from gateway.dependencies import Services
from gateway.main import create_app
from gateway.provisioning import create_tenant
from gateway.settings import GatewaySettings
from gateway.webhooks.targets import TargetRules
from services.common.db.bootstrap import DatabaseUrls
from services.common.db.session import create_engine_for
from services.common.settings import CommonSettings
from tests.fakes import FakeDispatcher
from tests.waiting import wait_until


@dataclass(frozen=True)
class Served:
    """Where the gateway listens, and a key that may do everything."""

    url: str
    key: str
    app: FastAPI


@contextmanager
def served(database: DatabaseUrls, redis_url: str, folder: Path) -> Iterator[Served]:
    """Serve until the block ends. Nobody analyses anything: answers are given up after a moment.

    Webhooks may be registered, though no name is resolved, and nothing is sent.
    """
    settings = GatewaySettings(
        database_url=database.gateway,
        key_secret=secrets.token_hex(32),
        drain_s=1.0,
        events_poll_s=0.2,
        ready_needs_workers=False,
        rate_requests=0,
        rate_uploads=0,
        expire_after_s=0.1,
        recheck_after_s=0.1,
    )
    app = create_app(
        settings,
        CommonSettings(redis_url=redis_url, storage_url=f"file://{folder}"),
        dispatcher=FakeDispatcher(),
    )
    services: Services = app.state.services
    rules = TargetRules(resolve=lambda *_: ["93.184.215.14"])
    app.state.services = replace(services, webhook_targets=rules)
    admin = create_engine_for(database.admin)
    key = create_tenant(admin, "fuzz", key_secret=settings.key_secret.get_secret_value()).key
    app.openapi()  # takes seconds, which the first request should not wait for
    with _listening(app) as url, _giving_up(services, admin):
        yield Served(url=url, key=key, app=app)
    admin.dispose()


@contextmanager
def _listening(app: FastAPI) -> Iterator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        wait_until(lambda: server.started)
        yield url
        server.should_exit = True
        thread.join(timeout=30)


@contextmanager
def _giving_up(services: Services, admin: Engine) -> Iterator[None]:
    """What the delivery worker does, so that streams of events come to an end."""
    stop = threading.Event()
    recovery = Recovery(
        engine=services.engine,
        dispatcher=services.dispatcher,
        ledger=services.ledger,
        settings=services.settings,
    )

    def run() -> None:
        while not stop.wait(0.3):
            with admin.begin() as connection:
                connection.exec_driver_sql("UPDATE assessments SET check_at = now() WHERE check_at > now()")
            recovery.run()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield
    stop.set()
    thread.join(timeout=30)
