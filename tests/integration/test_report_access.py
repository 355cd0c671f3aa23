"""Who may read a report, where the law says so."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, text

from gateway.law.policy import Jurisdiction


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def under(admin: Engine, jurisdiction: Jurisdiction) -> None:
    with admin.begin() as connection:
        connection.execute(text("UPDATE tenants SET jurisdiction = :name"), {"name": jurisdiction})


@pytest.fixture
def answered(gateway: Any, store_report: Callable[..., None]) -> Callable[..., tuple[str, str | None]]:
    """Hands an answer in and stores its report; returns its path and the candidate's token."""

    def answer(**fields: Any) -> tuple[str, str | None]:
        body = gateway.post(**fields).json()
        store_report(body["id"], gateway.tenant.tenant)
        return f"/v1/assessments/{body['id']}", body["candidate_token"]

    return answer


def test_practice_report_opens_with_the_token_only_when_the_tenant_is_in_the_eu(
    gateway: Any, admin_engine: Engine, answered: Callable[..., tuple[str, str]]
) -> None:
    path, token = answered()
    under(admin_engine, Jurisdiction.EU)
    refused = gateway.client.get(f"{path}/report")
    assert (refused.status_code, refused.json()["code"]) == (403, "report_readable_by_candidate_only")
    assert gateway.client.get(f"{path}/report", headers=bearer(token)).status_code == 200
    assert gateway.client.get(path).json()["status"] == "partially_succeeded"


@pytest.mark.parametrize("jurisdiction", [each for each in Jurisdiction if each is not Jurisdiction.EU])
def test_practice_report_opens_with_key_and_token_elsewhere(
    gateway: Any,
    admin_engine: Engine,
    answered: Callable[..., tuple[str, str]],
    jurisdiction: Jurisdiction,
) -> None:
    path, token = answered()
    under(admin_engine, jurisdiction)
    assert gateway.client.get(f"{path}/report").status_code == 200
    assert gateway.client.get(f"{path}/report", headers=bearer(token)).status_code == 200


def test_research_report_opens_with_the_key_in_the_eu(
    gateway: Any, admin_engine: Engine, answered: Callable[..., tuple[str, str | None]]
) -> None:
    path, _ = answered(purpose="research")
    under(admin_engine, Jurisdiction.EU)
    assert gateway.client.get(f"{path}/report").status_code == 200
