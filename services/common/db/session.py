"""Engines and sessions. A session belongs to one tenant and sees no other tenant's rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import Engine, create_engine, func, select, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.orm import Session

TENANT_SETTING = "candor.tenant_id"
"""The run-time setting that every row-level policy compares `tenant_id` with."""


def use_psycopg(url: str | URL) -> URL:
    """Return `url` with psycopg 3 as its driver, whatever driver it named."""
    return make_url(url).set(drivername="postgresql+psycopg")


def create_engine_for(
    url: str | URL,
    *,
    pool_size: int = 5,
    max_overflow: int = 15,
    connect_timeout_s: int = 3,
    statement_timeout_s: int = 15,
) -> Engine:
    """Create a pooled engine that never waits for ever: not to connect, not for a lock, not for a result.

    Args:
        url: any Postgres URL; the driver is always psycopg 3.
        pool_size: connections that stay open.
        max_overflow: connections beyond these under load.
        connect_timeout_s: until an unreachable server counts as down.
        statement_timeout_s: until the server gives a statement up (also bounds the wait for a lock).
    """
    return create_engine(
        use_psycopg(url),
        pool_size=pool_size,
        max_overflow=max_overflow,
        pool_timeout=connect_timeout_s,
        pool_pre_ping=True,
        hide_parameters=True,  # errors reach the log, and parameters name people
        connect_args={
            "connect_timeout": connect_timeout_s,
            "options": f"-c statement_timeout={statement_timeout_s * 1000} -c timezone=UTC",
        },
    )


@contextmanager
def tenant_session(engine: Engine, tenant_id: str) -> Iterator[Session]:
    """Open one transaction that sees and writes the rows of `tenant_id` only.

    It commits when the block ends well and rolls back otherwise. The tenant is set for the transaction
    alone, so that a connection that returns to the pool carries no tenant along.

    Raises:
        ValueError: `tenant_id` is empty.
    """
    if not tenant_id:
        raise ValueError("a session needs a tenant")
    with Session(engine, expire_on_commit=False) as session, session.begin():
        session.execute(
            text("SELECT set_config(:setting, :tenant, true)"),
            {"setting": TENANT_SETTING, "tenant": tenant_id},
        )
        yield session


def now(session: Session) -> datetime:
    """Return the time by the database's clock, which all recorded times come from."""
    return session.execute(select(func.now())).scalar_one()
