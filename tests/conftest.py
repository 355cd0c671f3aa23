"""Fixtures that every test may use: a real Postgres, a real Redis, the corpora.

Both servers come from wheels, start once per session in a temporary folder and stop with it. Each
test that asks for `postgres_url` gets a database of its own, and each that asks for `redis_url` an
empty server.
"""

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

REPOSITORY = Path(__file__).resolve().parents[1]

# Both would fail a property for how busy the machine is, or for what is imported at its first example.
settings.register_profile("candor", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("candor")


@pytest.fixture
def home() -> Iterator[Path]:
    """A new folder for an embedded Postgres, also where the tests run as root.

    PostgreSQL then runs as another user, who has to pass through the parent folders; those of
    `tmp_path` are closed again by every pytest that starts beside this one.
    """
    with tempfile.TemporaryDirectory(prefix="candor-test-") as folder:
        yield Path(folder) / "home"


@pytest.fixture(scope="session")
def postgres_server_url() -> Iterator[str]:
    """SQLAlchemy URL (psycopg 3) of the superuser's own database on the session's Postgres."""
    from candor.embedded.servers import Postgres
    from candor.embedded.supervisor import running

    with tempfile.TemporaryDirectory(prefix="candor-test-") as name:
        folder = Path(name)
        server = Postgres(folder / "data", durable=False)
        server.prepare()
        with running(server.child(log_folder=folder)):
            server.wait_ready(timeout_s=60)
            yield server.url()


@pytest.fixture
def postgres_admin_url(postgres_server_url: str) -> Iterator[str]:
    """A new empty database, as its superuser. Dropped afterwards.

    The server is shared, so roles outlive the test and databases do not.
    """
    with new_database(postgres_server_url) as url:
        yield url


@contextmanager
def new_database(server_url: str, *, template: str = "template1") -> Iterator[str]:
    """Copy a database for as long as the block runs; yields the superuser's URL of the copy."""
    from sqlalchemy import create_engine, make_url, text

    name = f"test_{secrets.token_hex(8)}"
    engine = create_engine(server_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'))
    yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    engine.dispose()


@pytest.fixture
def postgres_url(postgres_admin_url: str) -> str:
    """The same as `postgres_admin_url`, for tests that do not care who they are."""
    return postgres_admin_url


@pytest.fixture(scope="session")
def redis_server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of the session's Redis-protocol server; what is in it is shared."""
    from candor.embedded.servers import Redis
    from candor.embedded.supervisor import running

    folder = tmp_path_factory.mktemp("redis")
    server = Redis(folder / "data")
    server.prepare()
    with running(server.child(log_folder=folder)):
        server.wait_ready(timeout_s=30)
        yield server.url()


@pytest.fixture
def redis_url(redis_server_url: str) -> str:
    """URL of an empty Redis-protocol server."""
    from redis import Redis

    with Redis.from_url(redis_server_url) as client:
        client.flushall()
    return redis_server_url


@pytest.fixture(scope="session")
def corpora() -> Path:
    """Folder of the corpora (`CANDOR_DATA`, by default `../shared/data`)."""
    folder = Path(os.environ.get("CANDOR_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no corpora in {folder}; set CANDOR_DATA")
    return folder
