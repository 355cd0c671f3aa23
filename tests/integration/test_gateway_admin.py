"""The administrator's commands, against a real database."""

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.admin import main
from gateway.settings import MIN_SECRET_CHARS
from services.common.db.bootstrap import DatabaseUrls
from services.common.errors import ConfigurationError


@pytest.fixture(autouse=True)
def environment(database: DatabaseUrls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANDOR_DB_ADMIN_URL", database.admin)


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> dict[str, Any]:
    assert main(argv) == 0
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


def status_with(gateway: Any, key: str) -> tuple[int, str]:
    answer = gateway.client.get("/v1/questions", headers={"Authorization": f"Bearer {key}"})
    return answer.status_code, answer.json().get("code", "")


def test_printed_key_works_until_it_is_revoked(gateway: Any, capsys: pytest.CaptureFixture[str]) -> None:
    tenant = run(capsys, "create-tenant", "Acme")
    assert status_with(gateway, tenant["key"]) == (200, "")
    key = run(capsys, "create-key", tenant["tenant"], "reader", "--scope", "reports:read")
    assert status_with(gateway, key["key"]) == (200, "")
    run(capsys, "revoke-key", tenant["tenant"], key["id"])
    assert status_with(gateway, key["key"]) == (401, "api_key_revoked")
    assert status_with(gateway, tenant["key"]) == (200, "")


def test_unknown_tenant_is_said_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["create-key", "ten_nope", "x"]) == 1
    assert main(["revoke-key", "ten_nope", "key_nope"]) == 1
    assert "ten_nope" in capsys.readouterr().err


def test_key_of_another_secret_is_unknown(
    gateway: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEWAY_KEY_SECRET", "s" * MIN_SECRET_CHARS)
    tenant = run(capsys, "create-tenant", "Acme")
    assert status_with(gateway, tenant["key"]) == (401, "api_key_unknown")


def test_placeholder_secret_is_refused_in_production(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CANDOR_ENVIRONMENT", "production")
    with pytest.raises(ConfigurationError, match="GATEWAY_KEY_SECRET"):
        main(["create-tenant", "Acme"])
