"""The catalogue of problems is made from the codes, and is what `type` leads to."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from markupsafe import escape
from psycopg.errors import ForeignKeyViolation
from sqlalchemy.exc import IntegrityError
from starlette.testclient import TestClient

from gateway.http.error_catalogue import catalogue
from gateway.http.errors import install_error_handlers, problem_type
from gateway.main import create_app
from gateway.problem_codes import ProblemCode
from gateway.settings import GatewaySettings
from services.common.settings import CommonSettings


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with TestClient(create_app(GatewaySettings(), CommonSettings())) as client:
        yield client


def test_every_code_has_a_status_a_title_and_help() -> None:
    assert all(400 <= code.status < 600 for code in ProblemCode)
    assert all(code.title_text and not code.title_text.endswith(".") for code in ProblemCode)
    assert all(code.help_text.endswith(".") for code in ProblemCode)


def test_page_of_a_code_tells_its_title_and_what_to_do_next(client: TestClient) -> None:
    code = ProblemCode.REPORT_NOT_READY
    page = client.get(problem_type(code)).text
    assert code.title_text in page
    assert str(escape(code.help_text)) in page


def test_every_problem_leads_to_its_page(client: TestClient) -> None:
    for code in ProblemCode:
        page = client.get(problem_type(code))
        assert page.status_code == 200, code
        assert f'id="{code}"' in page.text
        assert page.headers["content-security-policy"].startswith("default-src 'none'")


def test_page_lists_every_code_once(client: TestClient) -> None:
    page = client.get("/errors").text
    assert all(page.count(f'<article id="{code}">') == 1 for code in ProblemCode)


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
