"""A migrated database with two tenants, for the tests of gateway and database."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, make_url

from services.common.db.bootstrap import DatabaseUrls, prepare_database
from services.common.db.session import create_engine_for


@pytest.fixture
def database(postgres_url: str) -> DatabaseUrls:
    name = make_url(postgres_url).database
    assert name
    return prepare_database(
        postgres_url, gateway_password="gateway-pw", fusion_password="fusion-pw", database=name
    )


@pytest.fixture
def admin_engine(database: DatabaseUrls) -> Iterator[Engine]:
    engine = create_engine_for(database.admin)
    yield engine
    engine.dispose()


@pytest.fixture
def gateway_engine(database: DatabaseUrls) -> Iterator[Engine]:
    engine = create_engine_for(database.gateway)
    yield engine
    engine.dispose()


@pytest.fixture
def fusion_engine(database: DatabaseUrls) -> Iterator[Engine]:
    engine = create_engine_for(database.fusion)
    yield engine
    engine.dispose()
