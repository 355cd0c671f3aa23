"""Every operation of the interface, called with another tenant's identifiers: nothing is given away."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from sqlalchemy import Engine

from gateway.http.ids import ALPHABET, CHARS
from gateway.provisioning import create_tenant
from tests.integration.belongings import BODIES, MAKERS, QUERIES, REFUSED_BODIES, Belongings


class Operation(NamedTuple):
    """One operation of the document."""

    method: str
    path: str
    id: str
    in_path: list[str]
    in_query: list[str]
    takes_body: bool


def operations(gateway: Any) -> Iterator[Operation]:
    for path, methods in gateway.app.openapi()["paths"].items():
        for method, operation in methods.items():
            if path.startswith("/v1/"):
                parameters = operation.get("parameters", [])
                yield Operation(
                    method=method.upper(),
                    path=path,
                    id=operation["operationId"],
                    in_path=[each["name"] for each in parameters if each["in"] == "path"],
                    in_query=[each["name"] for each in parameters if each["in"] == "query"],
                    takes_body="requestBody" in operation,
                )


@pytest.fixture
def belongings(gateway: Any, store_report: Callable[..., None]) -> Belongings:
    mine = Belongings(gateway)
    for make in MAKERS:
        make(mine, store_report)
    return mine


@pytest.fixture
def stranger(admin_engine: Engine) -> dict[str, str]:
    return {"Authorization": f"Bearer {create_tenant(admin_engine, 'stranger').key}"}


def missing(mine: Belongings) -> list[str]:
    """What `belongings` does not know yet."""
    gaps = []
    for operation in operations(mine.gateway):
        gaps += [f"{operation.id}: path {name}" for name in operation.in_path if name not in mine.ids]
        gaps += [f"{operation.id}: query {name}" for name in operation.in_query if name not in QUERIES]
        gaps += [f"{operation.id}: body"] * (operation.takes_body and operation.id not in BODIES)
    return gaps


def call(mine: Belongings, operation: Operation, headers: dict[str, str], *, invented: bool = False) -> Any:
    """The answer to `operation` on the first tenant's things, or on such that nobody has."""
    ids = {name: _invented(value) if invented else value for name, value in mine.ids.items()}
    query = {  # of the cohorts only one at a time may be named
        name: value(mine)
        for name in operation.in_query
        if name not in ("question", "role") and (value := QUERIES[name]) is not None
    }
    body = BODIES[operation.id](mine) if operation.takes_body else {}
    headers = headers | body.pop("headers", {})
    path = operation.path.format(**ids)
    return mine.gateway.client.request(operation.method, path, params=query, headers=headers, **body)


def _invented(identifier: str) -> str:
    prefix, _, rest = identifier.rpartition("_")
    return f"{prefix}_{ALPHABET[5] * CHARS}" if rest else f"nobody-{identifier}"


def faults_of(mine: Belongings, operation: Operation, headers: dict[str, str]) -> Iterator[str]:
    answer = call(mine, operation, headers)
    told = answer.text + str(sorted(answer.headers.items()))
    sent = str(dict(answer.request.url.params)) + str(answer.request.read())
    for secret in mine.secrets:
        if secret in told and secret not in sent:
            yield f"tells {secret}"
    if operation.in_path:
        nobodys = call(mine, operation, headers, invented=True)
        if answer.status_code != 404:
            yield f"answers {answer.status_code} {answer.text[:200]}"
        elif _comparable(answer) != _comparable(nobodys):
            yield f"tells what exists from what does not: {answer.text[:200]}"
    elif operation.id in REFUSED_BODIES and answer.status_code not in (404, 422):
        yield f"accepts another tenant's identifiers: {answer.status_code}"
    elif answer.status_code >= 500:
        yield f"fails: {answer.text[:200]}"


def _comparable(answer: Any) -> tuple[int, str, str]:
    told = answer.json() if answer.content else {"code": "", "detail": ""}  # HEAD tells nothing
    return answer.status_code, told["code"], told["detail"]


def test_nothing_is_told_when_another_tenant_asks(belongings: Belongings, stranger: dict[str, str]) -> None:
    assert missing(belongings) == [], "describe them in tests/integration/belongings.py"
    faults = [
        f"{operation.id} {fault}"
        for operation in operations(belongings.gateway)
        for fault in faults_of(belongings, operation, stranger)
    ]
    assert faults == []


def test_everything_is_there_still_when_another_tenant_has_tried(
    belongings: Belongings, stranger: dict[str, str]
) -> None:
    """The same calls reach their aim with the owner's key, so that a 404 above means something."""
    for operation in operations(belongings.gateway):
        call(belongings, operation, stranger)
    own = {"Authorization": f"Bearer {belongings.gateway.tenant.key}"}
    unreached = {
        operation.id: answer.text[:200]
        for operation in operations(belongings.gateway)
        if operation.method == "GET" and operation.id != "followAssessment" and operation.in_path
        if (answer := call(belongings, operation, own)).status_code != 200
    }
    assert unreached == {}
