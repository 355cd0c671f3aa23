"""The audit log on a real Postgres: nobody changes it quietly."""

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from gateway import admin
from gateway.provisioning import create_tenant
from gateway.tenancy import audit
from services.common.db.bootstrap import DatabaseUrls
from services.common.db.session import tenant_session

Tamper = Callable[[str], None]


@pytest.fixture
def tenant(admin_engine: Engine) -> str:
    return create_tenant(admin_engine, "audited").tenant


def write(engine: Engine, tenant: str, *, fault: Exception | None = None) -> None:
    with tenant_session(engine, tenant) as session:
        audit.record(
            session,
            tenant_id=tenant,
            actor="key_x",
            action="candidate.erased",
            subject="cand_x",
            details={"answers": 2, "media": ["video", "text"], "why": "größer"},
        )
        if fault is not None:
            raise fault


@pytest.fixture
def tamper(admin_engine: Engine, tenant: str) -> Tamper:
    """Does as the tables' owner what the trigger refuses, by taking the trigger away."""

    def run(statement: str) -> None:
        with admin_engine.begin() as connection:
            connection.execute(text("SET LOCAL ROLE candor_owner"))
            connection.execute(
                text("SELECT set_config('candor.tenant_id', :tenant, true)"), {"tenant": tenant}
            )
            connection.execute(text("ALTER TABLE audit_events DISABLE TRIGGER append_only"))
            assert connection.execute(text(statement)).rowcount > 0
            connection.execute(text("ALTER TABLE audit_events ENABLE TRIGGER append_only"))

    return run


def test_chain_holds_when_nobody_touched_it(gateway_engine: Engine, tenant: str) -> None:
    for _ in range(3):
        write(gateway_engine, tenant)
    found = audit.verify(gateway_engine, tenant)
    assert (found.head.sequence, found.fault) == (3, None)


def test_chain_holds_when_many_write_at_once(gateway_engine: Engine, tenant: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: write(gateway_engine, tenant), range(24)))
    found = audit.verify(gateway_engine, tenant)
    assert (found.head.sequence, found.fault) == (24, None)


def test_entry_goes_when_its_transaction_does(gateway_engine: Engine, tenant: str) -> None:
    with pytest.raises(RuntimeError):
        write(gateway_engine, tenant, fault=RuntimeError())
    write(gateway_engine, tenant)
    assert audit.verify(gateway_engine, tenant).head.sequence == 1


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE audit_events SET actor = 'key_y' WHERE sequence = 2", "Entry 2 .* was changed"),
        ("UPDATE audit_events SET details = '{}' WHERE sequence = 3", "Entry 3 .* was changed"),
        ("UPDATE audit_events SET created_at = now() WHERE sequence = 1", "Entry 1 .* was changed"),
        ("DELETE FROM audit_events WHERE sequence = 2", "Entries 2 to 2 are missing"),
        ("DELETE FROM audit_events WHERE sequence = 1", "Entries 1 to 1 are missing"),
        (
            "UPDATE audit_events SET actor = 'key_y', hash = repeat('a', 64) WHERE sequence = 2",
            "Entry 2 .* was changed",
        ),
    ],
)
def test_tampering_by_the_owner_is_found(
    gateway_engine: Engine, tenant: str, tamper: Tamper, statement: str, fault: str
) -> None:
    for _ in range(4):
        write(gateway_engine, tenant)
    tamper(statement)
    assert re.match(fault, audit.verify(gateway_engine, tenant).fault or "")


def test_cut_end_is_found_when_the_head_was_noted(
    gateway_engine: Engine, tenant: str, tamper: Tamper
) -> None:
    for _ in range(4):
        write(gateway_engine, tenant)
    head = audit.verify(gateway_engine, tenant).head
    tamper("DELETE FROM audit_events WHERE sequence > 2")
    assert audit.verify(gateway_engine, tenant).fault is None
    assert audit.verify(gateway_engine, tenant, known=head).fault == "Entries 3 to 4 are missing at the end."
    write(gateway_engine, tenant)
    write(gateway_engine, tenant)
    assert audit.verify(gateway_engine, tenant, known=head).fault == "Entry 4 is not the one noted before."


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit_events SET actor = 'x'", "DELETE FROM audit_events", "TRUNCATE audit_events"],
)
def test_log_refuses_change_even_by_its_owner(
    admin_engine: Engine, gateway_engine: Engine, tenant: str, statement: str
) -> None:
    write(gateway_engine, tenant)
    with (
        pytest.raises(DBAPIError, match="append-only"),
        tenant_session(admin_engine, tenant) as session,
    ):
        session.execute(text(f"SET LOCAL ROLE candor_owner; {statement}"))
    with (
        pytest.raises(DBAPIError, match="permission denied"),
        tenant_session(gateway_engine, tenant) as session,
    ):
        session.execute(text(statement))
    assert audit.verify(gateway_engine, tenant).head.sequence == 1


def test_command_says_whether_the_log_is_whole(
    database: DatabaseUrls,
    gateway_engine: Engine,
    tenant: str,
    tamper: Tamper,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("CANDOR_DB_ADMIN_URL", database.admin)
    write(gateway_engine, tenant)
    assert admin.main(["verify-audit", tenant]) == 0
    head = json.loads(capsys.readouterr().out)["head"]
    write(gateway_engine, tenant)
    assert admin.main(["verify-audit", tenant, "--head", head]) == 0
    tamper("UPDATE audit_events SET subject = 'cand_y' WHERE sequence = 1")
    assert admin.main(["verify-audit", tenant]) == 1
    assert "was changed" in json.loads(capsys.readouterr().out.splitlines()[-1])["fault"]
