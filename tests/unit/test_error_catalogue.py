"""The catalogue of problems is made from the codes, and is what `type` leads to."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from psycopg.errors import ForeignKeyViolation
from sqlalchemy.exc import IntegrityError
from starlette.testclient import TestClient

from gateway.http.error_catalogue import ADVICE, catalogue
from gateway.http.errors import PROBLEMS, ProblemCode, install_error_handlers, problem_type
from gateway.main import create_app
from gateway.settings import GatewaySettings
from services.common.settings import CommonSettings


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with TestClient(create_app(GatewaySettings(), CommonSettings())) as client:
        yield client


def test_every_code_has_a_status_a_title_and_advice() -> None:
    assert set(PROBLEMS) == set(ProblemCode) - {ProblemCode.HTTP_ERROR}
    assert {status for status, _ in PROBLEMS.values()} <= set(ADVICE)


def test_every_problem_leads_to_its_page(client: TestClient) -> None:
    for code in PROBLEMS:
        page = client.get(problem_type(code))
        assert page.status_code == 200, code
        assert f'id="{code}"' in page.text
        assert page.headers["content-security-policy"].startswith("default-src 'none'")


def test_page_lists_every_code_once(client: TestClient) -> None:
    page = client.get("/errors").text
    assert all(page.count(f'<article id="{code}">') == 1 for code in PROBLEMS)


def test_reference_to_what_went_away_is_a_conflict() -> None:
    app = FastAPI()
    install_error_handlers(app)

    @app.get("/")
    def lose() -> None:
        raise IntegrityError("INSERT", {}, ForeignKeyViolation())

    answer = TestClient(app).get("/")
    assert (answer.status_code, answer.json()["code"]) == (409, "changed_meanwhile")


def test_unknown_code_has_no_page(client: TestClient) -> None:
    answer = client.get("/errors/<script>")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_catalogue_says_which_operations_answer_a_code(client: TestClient) -> None:
    entries = {entry.code: entry for entry in catalogue(client.get("/openapi.json").json())}
    assert "getReport" in entries["report_not_ready"].operations
    assert "createAssessment" in entries["idempotency_key_reused"].operations
