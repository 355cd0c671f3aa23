"""Turns an empty server into a migrated database: roles, database, schema.

Safe to repeat and to run in parallel.

`python -m services.common.db.bootstrap` does it with the `DatabaseSettings` of the environment.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from psycopg import sql
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import NullPool

from services.common.db.session import use_psycopg
from services.common.errors import ConfigurationError
from services.common.logging import configure_logging, get_logger

OWNER, GATEWAY, FUSION, DEFINER = "candor_owner", "candor_gateway", "candor_fusion", "candor_definer"
_LOCK = 0x43616E646F72
"""Advisory lock ("Candor") that makes simultaneous starts take turns."""

_MIGRATIONS = Path(__file__).with_name("migrations")


@dataclass(frozen=True, slots=True)
class DatabaseUrls:
    """The URL with which each role connects. They hold passwords: never log one.

    Attributes:
        admin: the administrator's own connection, on Candor's database.
        gateway: for the gateway and the delivery worker.
        fusion: for the fusion worker.
    """

    admin: str
    gateway: str
    fusion: str


class DatabaseSettings(BaseSettings):
    """Input of the migration job (prefix `CANDOR_DB_`)."""

    model_config = SettingsConfigDict(env_prefix="CANDOR_DB_", extra="ignore")

    admin_url: SecretStr | None = Field(
        default=None, description="A superuser's connection: makes roles and database, then migrates."
    )
    owner_url: SecretStr | None = Field(
        default=None, description="Connection as `candor_owner`: migrates a database that is there."
    )
    owner_password: SecretStr | None = Field(default=None, description="Becomes that of `candor_owner`.")
    gateway_password: SecretStr = Field(
        default=SecretStr(""), description="Becomes that of `candor_gateway`; needed with `admin_url`."
    )
    fusion_password: SecretStr = Field(
        default=SecretStr(""), description="Becomes that of `candor_fusion`; needed with `admin_url`."
    )
    name: str = Field(default="candor", description="Name of the database.")
    wait_s: float = Field(default=0.0, ge=0, description="How long a server that is starting is waited for.")


def prepare_database(
    admin_url: str,
    *,
    gateway_password: str,
    fusion_password: str,
    owner_password: str | None = None,
    database: str = "candor",
) -> DatabaseUrls:
    """Create the roles, the database and the schema, as far as they are missing.

    Args:
        admin_url: a superuser's connection, to any database of the server.
        gateway_password: becomes the password of `candor_gateway`.
        fusion_password: becomes the password of `candor_fusion`.
        owner_password: lets `candor_owner` log in, for migrations without the administrator.
        database: name of Candor's database.

    Raises:
        ConfigurationError: a runtime role would have no password.
        psycopg.OperationalError: the server is out of reach.
    """
    if not gateway_password or not fusion_password:
        raise ConfigurationError("candor_gateway and candor_fusion need passwords.")
    passwords = {OWNER: owner_password, GATEWAY: gateway_password, FUSION: fusion_password, DEFINER: None}
    admin = use_psycopg(admin_url)
    with _connect_locked(admin) as connection:
        for role, password in passwords.items():
            _ensure_role(connection, role, password)
        connection.execute(f"GRANT {DEFINER} TO {OWNER}")
        _ensure_database(connection, database)
    inside = admin.set(database=database)
    with _connect_locked(inside) as connection:
        connection.execute(f"GRANT USAGE, CREATE ON SCHEMA public TO {OWNER}, {DEFINER}")
    migrate(inside)
    return DatabaseUrls(
        admin=_render_url(inside),
        gateway=_render_url(inside.set(username=GATEWAY, password=gateway_password)),
        fusion=_render_url(inside.set(username=FUSION, password=fusion_password)),
    )


def migrate(url: str | URL) -> None:
    """Migrate the schema at `url` to the newest revision, acting as `candor_owner`.

    `url` is the connection of that role, or of one that may `SET ROLE` to it.
    """
    engine = create_engine(use_psycopg(url), poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        connection.execute(text(f"SET LOCAL ROLE {OWNER}"))
        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


@contextmanager
def _connect_locked(url: URL) -> Iterator[psycopg.Connection]:
    """Open an autocommit connection that holds the advisory lock."""
    with psycopg.connect(_render_libpq_url(url), autocommit=True, connect_timeout=5) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        yield connection


def _ensure_role(connection: psycopg.Connection, role: str, password: str | None) -> None:
    """Create or align `role`. NOINHERIT: the owner gets the definer's policies by `SET ROLE` only."""
    if connection.execute("SELECT FROM pg_roles WHERE rolname = %s", (role,)).fetchone() is None:
        connection.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(role)))
    login = sql.SQL("LOGIN PASSWORD {}").format(sql.Literal(password)) if password else sql.SQL("NOLOGIN")
    connection.execute(
        sql.SQL("ALTER ROLE {} NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS NOINHERIT {}").format(
            sql.Identifier(role), login
        )
    )


def _ensure_database(connection: psycopg.Connection, database: str) -> None:
    name = sql.Identifier(database)
    if connection.execute("SELECT FROM pg_database WHERE datname = %s", (database,)).fetchone() is None:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
    connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(name, sql.Identifier(OWNER)))
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
    for role in (GATEWAY, FUSION):
        connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(name, sql.Identifier(role)))


def _render_libpq_url(url: URL) -> str:
    return _render_url(url.set(drivername="postgresql"))


def _render_url(url: URL) -> str:
    return make_url(url).render_as_string(hide_password=False)


def wait_for_server(url: str, *, wait_s: float) -> None:
    """Return once `url` can be connected to.

    Raises:
        psycopg.OperationalError: still out of reach after `wait_s`.
    """
    deadline = time.monotonic() + wait_s
    while True:
        try:
            psycopg.connect(_render_libpq_url(use_psycopg(url)), connect_timeout=5).close()
        except psycopg.OperationalError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.5)
        else:
            return


def main() -> None:
    """Migrate as the owner if its URL is set, else prepare everything as the administrator.

    Raises:
        ConfigurationError: neither URL is set.
    """
    settings = DatabaseSettings()
    configure_logging()
    url = settings.owner_url or settings.admin_url
    if url is not None:
        wait_for_server(url.get_secret_value(), wait_s=settings.wait_s)
    if settings.owner_url is not None:
        migrate(settings.owner_url.get_secret_value())
    elif settings.admin_url is not None:
        prepare_database(
            settings.admin_url.get_secret_value(),
            gateway_password=settings.gateway_password.get_secret_value(),
            fusion_password=settings.fusion_password.get_secret_value(),
            owner_password=settings.owner_password.get_secret_value() if settings.owner_password else None,
            database=settings.name,
        )
    else:
        raise ConfigurationError("Set CANDOR_DB_OWNER_URL (migrate) or CANDOR_DB_ADMIN_URL (prepare).")
    get_logger(__name__).info("database_ready")


if __name__ == "__main__":
    main()
