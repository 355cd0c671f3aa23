"""The embedded run: Postgres, Redis, gateway and workers as children of this process.

Nothing here is a code path of its own: the same modules run in the images, with other URLs.
"""

import contextlib
import fcntl
import os
import secrets
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TextIO

from candor.embedded.first_run import local_api_key, local_key_secret
from candor.embedded.servers import Postgres, Redis
from candor.embedded.supervisor import Child, Report, Supervisor
from services.common.db.bootstrap import DatabaseUrls, prepare_database
from services.common.errors import CandorError
from services.common.settings import REPOSITORY

POLL_S = 0.1
READY_WITHIN_S = 180.0
FATAL_DEATHS = 3
"""A child that dies this often before everything is ready will not get better by waiting."""

WORKERS = {
    "text worker": "services.text.tasks",
    "audio worker": "services.audio.tasks",
    "video worker": "services.video.tasks",
    "fusion worker": "fusion.tasks",
    "delivery worker": "gateway.tasks",
}
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
CREDENTIALS = ("GATEWAY_DATABASE_URL", "GATEWAY_KEY_SECRET", "FUSION_DATABASE_URL")


class StartError(CandorError):
    """Candor could not start here; the message says what to do."""


class _Stopped(Exception):  # noqa: N818 - a way out, no fault
    """Ctrl-C or SIGTERM came while something was waited for."""


class _StopSignals:
    """Remembers that Ctrl-C, SIGTERM or a closed terminal asked us to stop.

    The handler raises nothing: Python runs it anywhere, in a destructor too, where an exception would
    be printed and forgotten.
    """

    def __init__(self) -> None:
        self.received = False

    def _remember(self, _number: int, _frame: FrameType | None) -> None:
        self.received = True

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Handle the signals while the context lasts; a second Ctrl-C changes nothing."""
        before = {number: signal.signal(number, self._remember) for number in STOP_SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


@dataclass(frozen=True, slots=True)
class LocalRun:
    """One embedded installation.

    Attributes:
        home: folder of everything that lasts: database, queue, media, key and logs.
        host: address that the gateway listens on.
        port: TCP port of the gateway.
        report: shows one line to the person at the terminal.
    """

    home: Path
    host: str
    port: int
    report: Report

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def address(self) -> str:
        """What a browser on this machine opens."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::", "") else self.host  # noqa: S104
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def run(self) -> None:
        """Start everything, print the address, and stay until told to stop.

        Raises:
            StartError: another instance runs, the port is taken, or a process keeps dying.
        """
        self._make_folders()
        stop = _StopSignals()
        with _only_instance(self.home, self.address), stop.watched():
            _require_free_port(self.host, self.port)
            supervisor = Supervisor(self.report)
            try:
                self._start(supervisor, stop)
                _wait(supervisor, lambda: False, stop=stop)
            except _Stopped:
                self.report("Stopping.")
            finally:
                supervisor.stop(keep=2)  # the servers outlive those who use them
                supervisor.stop()
                self.report("Stopped; the data is kept.")

    def _make_folders(self) -> None:
        """Make the folders of recordings, queue and logs, readable by their owner only; Postgres makes its
        own.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        for name in ("objects", "logs", "redis"):
            (self.home / name).mkdir(mode=0o700, exist_ok=True)

    def _start(self, supervisor: Supervisor, stop: _StopSignals) -> None:
        began = time.monotonic()
        self.report(f"Starting Candor. Data: {self.home}  Logs: {self.logs}")
        postgres, redis = Postgres(self.home / "postgres"), Redis(self.home / "redis")
        redis.prepare()
        supervisor.start(redis.child(log_folder=self.logs))
        postgres.prepare()
        supervisor.start(postgres.child(log_folder=self.logs))
        _wait_ready(supervisor, postgres.is_ready, stop=stop, what="Postgres")
        _wait_ready(supervisor, redis.is_ready, stop=stop, what="Redis")
        urls = prepare_database(
            postgres.url(),
            gateway_password=secrets.token_urlsafe(24),
            fusion_password=secrets.token_urlsafe(24),
        )
        key_secret = local_key_secret(self.home)
        key = local_api_key(self.home, urls=urls, key_secret=key_secret)
        gateway, *workers = self._processes(urls, redis_url=redis.url(), key_secret=key_secret)
        supervisor.start(gateway)
        _wait_ready(supervisor, lambda: _answers(f"{self.address}/livez"), stop=stop, what="The gateway")
        for worker in workers:  # after the gateway: what is handed in meanwhile waits in the queue
            supervisor.start(worker)
        self.report(f"Ready after {time.monotonic() - began:.1f} s. Open  {self.address}/#key={key}")
        self.report("The part after # is your key: it stays in the browser. Ctrl-C stops everything.")

    def _processes(self, urls: DatabaseUrls, *, redis_url: str, key_secret: str) -> list[Child]:
        """Return gateway and workers, each with the credentials that it may have and no others."""
        shared = {name: value for name, value in os.environ.items() if name not in CREDENTIALS}
        shared |= {
            "CANDOR_REDIS_URL": redis_url,
            "CANDOR_STORAGE_URL": f"file://{self.home.resolve()}/objects",
            "PYTHONPATH": os.pathsep.join(filter(None, (str(REPOSITORY), os.environ.get("PYTHONPATH")))),
            "PYTHONUNBUFFERED": "1",
        }
        gateway_only = {"GATEWAY_DATABASE_URL": urls.gateway, "GATEWAY_KEY_SECRET": key_secret}
        extra = {
            "fusion worker": {"FUSION_DATABASE_URL": urls.fusion},
            "delivery worker": gateway_only,
        }
        gateway = Child(
            name="gateway",
            command=(sys.executable, "-m", "gateway.main"),
            env=shared | gateway_only | {"GATEWAY_HOST": self.host, "GATEWAY_PORT": str(self.port)},
            log=self.logs / "gateway.log",
            cwd=REPOSITORY,
            grace_s=4.0,  # open event streams would keep it for longer
        )
        workers = [
            Child(
                name=name,
                command=(sys.executable, "-m", module),
                env=shared | extra.get(name, {}),
                log=self.logs / f"{name.removesuffix(' worker')}.log",
                cwd=REPOSITORY,
            )
            for name, module in WORKERS.items()
        ]
        return [gateway, *workers]


def _wait(supervisor: Supervisor, condition: Callable[[], bool], *, stop: _StopSignals) -> None:
    """Keep supervising until `condition` holds.

    Raises:
        _Stopped: we were asked to stop.
    """
    while not condition():
        if stop.received:
            raise _Stopped
        supervisor.poll()
        time.sleep(POLL_S)


def _wait_ready(
    supervisor: Supervisor, is_ready: Callable[[], bool], *, stop: _StopSignals, what: str
) -> None:
    """Wait for a part that everything else needs.

    Raises:
        StartError: it takes too long, or a process keeps dying.
    """
    deadline = time.monotonic() + READY_WITHIN_S

    def settled() -> bool:
        broken = supervisor.failing(deaths=FATAL_DEATHS)
        if broken is not None:
            raise StartError(f"The {broken.name} keeps stopping. The end of its log:\n{tail(broken.log)}")
        if time.monotonic() > deadline:
            raise StartError(f"{what} was not ready within {READY_WITHIN_S:.0f} s; see the logs.")
        return is_ready()

    _wait(supervisor, settled, stop=stop)


def _answers(url: str) -> bool:
    """Tell whether `url` answers with 200."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310 - our own http address
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def tail(path: Path, *, lines: int = 12) -> str:
    """Read the last lines of a log."""
    if not path.exists():
        return "(empty)"
    return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


@contextlib.contextmanager
def _only_instance(home: Path, address: str) -> Iterator[None]:
    """Hold the folder's lock; the kernel lets it go when we die, however that happens."""
    with (home / "candor.lock").open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StartError(
                f"Candor already runs with the data in {home} ({_read_all(lock) or 'starting'}). "
                "Stop it first, or start a second one with --data-dir and --port of its own."
            ) from None
        lock.truncate(0)
        lock.write(f"process {os.getpid()}, {address}")
        lock.flush()
        yield
        lock.truncate(0)


def _read_all(file: TextIO) -> str:
    file.seek(0)
    return file.read().strip()


def _require_free_port(host: str, port: int) -> None:
    """Raise `StartError` unless the gateway will be able to listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as fault:
            raise StartError(
                f"Cannot listen on {host}:{port} ({fault.strerror or fault}). Stop what uses that port, "
                f'or choose another one: make run ARGS="--port {port + 1}", or candor up --port {port + 1}'
            ) from fault
