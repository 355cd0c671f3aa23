"""A migrated database and the real gateway on it, for the tests of gateway and database."""

import dataclasses
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import Engine, make_url
from starlette.testclient import TestClient

from gateway.assessments.dispatch import Dispatcher
from gateway.dependencies import Services
from gateway.main import create_app
from gateway.provisioning import NewTenant, create_tenant
from gateway.settings import GatewaySettings
from services.common.contracts.labels import AssessmentStatus, Modality, ModalityStatus
from services.common.contracts.results import ErrorCode, Fused, ModalityResult, Report
from services.common.db.bootstrap import DatabaseUrls, prepare_database
from services.common.db.models import ModalityResultRow, ReportRow
from services.common.db.session import create_engine_for, tenant_session
from services.common.settings import CommonSettings
from tests.conftest import new_database
from tests.fakes import FakeDispatcher


@pytest.fixture(scope="session")
def migrated(postgres_server_url: str) -> str:
    """Name of a database with the newest schema, which nobody uses: copying it is faster than migrating."""
    name = "migrated"
    prepared(postgres_server_url, name)
    return name


@pytest.fixture
def database(postgres_server_url: str, migrated: str) -> Iterator[DatabaseUrls]:
    with new_database(postgres_server_url, template=migrated) as url:
        yield prepared(url, str(make_url(url).database))


def prepared(url: str, database: str) -> DatabaseUrls:
    """Prepare a database as the migration job does; a copy still lacks what roles may do to it."""
    return prepare_database(
        url, gateway_password="gateway-pw", fusion_password="fusion-pw", database=database
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


class Gateway:
    """The real application on real servers, with a tenant and its key."""

    def __init__(self, *, app: FastAPI, tenant: NewTenant, media: Path) -> None:
        self.app, self.tenant, self.media = app, tenant, media
        self.client = TestClient(app, headers={"Authorization": f"Bearer {tenant.key}"})

    @property
    def services(self) -> Services:
        return cast(Services, self.app.state.services)

    def replace(self, **changes: object) -> None:
        """Put another service in place of one, for what comes next."""
        self.app.state.services = dataclasses.replace(self.services, **changes)

    def question(self) -> str:
        return str(self.client.get("/v1/questions").json()["data"][0]["id"])

    def post(self, *, files: Any = None, **fields: Any) -> httpx.Response:
        data = {"candidate": "person-1", "question": self.question(), **fields}
        parts = files or {"text": (None, "I like to learn.")}
        return self.client.post("/v1/assessments", data=data, files=parts)

    def stored_files(self) -> list[Path]:
        return [path for path in self.media.rglob("*") if path.is_file()]


@pytest.fixture
def make_gateway(
    database: DatabaseUrls, admin_engine: Engine, redis_url: str, tmp_path: Path
) -> Iterator[Callable[..., Gateway]]:
    """Builds gateways on this test's database and Redis; keyword arguments are gateway settings."""
    made: list[Gateway] = []

    def make(*, dispatcher: Dispatcher | None = None, redis: str = redis_url, **options: Any) -> Gateway:
        settings = GatewaySettings(
            **{
                "database_url": database.gateway,
                "drain_s": 2.0,
                "events_poll_s": 0.2,
                "ready_needs_workers": False,
                **options,
            }
        )
        common = CommonSettings(redis_url=redis, storage_url=f"file://{tmp_path}/objects")
        gateway = Gateway(
            app=create_app(settings, common, dispatcher=dispatcher),
            tenant=create_tenant(admin_engine, "test"),
            media=tmp_path / "objects",
        )
        made.append(gateway)
        return gateway

    yield make
    for gateway in made:
        gateway.client.close()
        gateway.services.engine.dispose()


@pytest.fixture
def dispatcher() -> FakeDispatcher:
    return FakeDispatcher()


@pytest.fixture
def gateway(make_gateway: Callable[..., Gateway], dispatcher: FakeDispatcher) -> Gateway:
    return make_gateway(dispatcher=dispatcher)


@pytest.fixture
def store_report(fusion_engine: Engine) -> Callable[..., None]:
    """Writes what fusion would write."""

    def store(assessment_id: str, tenant_id: str, *, status: str = "partially_succeeded") -> None:
        results = {
            modality: ModalityResult(
                modality=modality,
                status=ModalityStatus.FAILED,
                error_code=ErrorCode.NO_SPEECH,
                reason="Speak up and record again.",
            )
            for modality in Modality
        }
        report = Report(
            assessment_id=assessment_id,
            status=AssessmentStatus(status),
            fused=Fused(),
            modalities=results,
            created_at=datetime.now(UTC),
        )
        with tenant_session(fusion_engine, tenant_id) as session:
            session.add(
                ReportRow(
                    assessment_id=assessment_id,
                    tenant_id=tenant_id,
                    status=status,
                    report=report.model_dump(mode="json"),
                )
            )
            for modality, result in results.items():
                session.add(
                    ModalityResultRow(
                        assessment_id=assessment_id,
                        modality=modality,
                        tenant_id=tenant_id,
                        status=result.status,
                        error_code=result.error_code,
                        result=result.model_dump(mode="json"),
                    )
                )

    return store
