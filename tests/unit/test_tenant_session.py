"""A session belongs to one tenant. The database is SQLite; what Postgres makes of it, `integration` tests."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, StaticPool, create_engine, event, text

from services.common.db.session import TENANT_SETTING, tenant_session


@pytest.fixture
def told() -> list[tuple[str, str, int]]:
    """What `set_config` was called with."""
    return []


@pytest.fixture
def engine(told: list[tuple[str, str, int]]) -> Iterator[Engine]:
    engine = create_engine("sqlite://", poolclass=StaticPool)

    @event.listens_for(engine, "connect")
    def _define(connection, _) -> None:
        connection.create_function("set_config", 3, lambda *given: told.append(given))

    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE notes (words TEXT)"))
    yield engine
    engine.dispose()


def notes(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.scalars(text("SELECT words FROM notes")))


def test_tenant_is_set_for_the_transaction_alone(engine: Engine, told: list[tuple[str, str, int]]) -> None:
    for tenant in ("ten_a", "ten_b"):
        with tenant_session(engine, tenant) as session:
            session.execute(text("INSERT INTO notes VALUES ('x')"))
    assert told == [(TENANT_SETTING, "ten_a", 1), (TENANT_SETTING, "ten_b", 1)]
    assert TENANT_SETTING == "candor.tenant_id"
    assert notes(engine) == ["x", "x"]


def test_nothing_is_kept_when_the_block_fails(engine: Engine) -> None:
    def fail() -> None:
        with tenant_session(engine, "ten_a") as session:
            session.execute(text("INSERT INTO notes VALUES ('x')"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert notes(engine) == []


def test_session_is_refused_when_it_names_no_tenant(engine: Engine, told: list[tuple[str, str, int]]) -> None:
    with pytest.raises(ValueError, match="needs a tenant"), tenant_session(engine, ""):
        pass
    assert told == []
