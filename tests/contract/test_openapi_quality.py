"""What integrators read: examples that hold, described tags, links that lead somewhere, no breaks."""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import jsonschema_rs
import pytest

from clients.openapi_changes import BASELINE, Comparison, current_document

Document = dict[str, Any]


@pytest.fixture(scope="module")
def document() -> Document:
    return current_document()


def operations(document: Document) -> Iterator[tuple[str, Document]]:
    for methods in document["paths"].values():
        for operation in methods.values():
            yield operation["operationId"], operation


def examples_of(holder: Document) -> list[Any]:
    if "example" in holder:
        return [holder["example"]]
    return [example["value"] for example in holder.get("examples", {}).values()]


def contents(operation: Document) -> Iterator[tuple[str, Document]]:
    for status, response in operation["responses"].items():
        for media_type, content in response.get("content", {}).items():
            yield f"{status} {media_type}", content
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"body {media_type}", content


def faults(schema: Document, value: Any, document: Document) -> str | None:
    validator = jsonschema_rs.validator_for({**schema, "components": document["components"]})
    error = next(validator.iter_errors(value), None)
    return None if error is None else str(error.message)


def test_every_request_and_answer_has_an_example_that_holds(document: Document) -> None:
    wrong = []
    for name, operation in operations(document):
        for where, content in contents(operation):
            shown = examples_of(content)
            wrong += [f"{name} {where}: none"] * (not shown)
            if "json" in where:
                found = [faults(content["schema"], value, document) for value in shown]
                wrong += [f"{name} {where}: {fault}" for fault in found if fault]
    assert wrong == []


def test_every_parameter_has_an_example_that_holds(document: Document) -> None:
    wrong = []
    for name, operation in operations(document):
        for parameter in operation.get("parameters", []):
            shown = examples_of(parameter)
            found = [faults(parameter["schema"], value, document) for value in shown] or ["none"]
            wrong += [f"{name} {parameter['name']}: {fault}" for fault in found if fault]
    assert wrong == []


def test_every_operation_says_what_it_does(document: Document) -> None:
    known = {tag["name"] for tag in document["tags"]}
    assert all(tag["description"] for tag in document["tags"])
    for name, operation in operations(document):
        assert operation["summary"], name
        assert operation["description"], name
        assert len(operation["tags"]) == 1, name
        assert set(operation["tags"]) <= known, f"describe the tag of {name} in gateway/openapi/reader.py"


def test_every_link_leads_to_an_operation_and_its_parameter(document: Document) -> None:
    known = dict(operations(document))
    led = 0
    for name, operation in known.items():
        for response in operation["responses"].values():
            for link in response.get("links", {}).values():
                names = {each["name"] for each in known[link["operationId"]]["parameters"]}
                assert set(link["parameters"]) <= names, name
                led += 1
    assert led
    created = known["createAssessment"]["responses"]["202"]["links"]
    assert {"getAssessment", "getReport", "followAssessment"} <= set(created)


def test_document_says_where_and_by_whom_it_is_served(document: Document) -> None:
    assert document["servers"][0]["url"] == "/"
    assert {"title", "version", "description", "contact", "license"} <= set(document["info"])
    assert set(document["components"]["securitySchemes"]) == {"ApiKey", "CandidateToken"}


def test_nothing_breaks_for_clients_of_the_committed_document(document: Document) -> None:
    promised = json.loads(BASELINE.read_text())
    assert list(Comparison(promised, document).breaks()) == [], "`make openapi` says what to do"


def test_committed_document_is_the_current_one(document: Document) -> None:
    assert json.loads(BASELINE.read_text()) == document, "run `make openapi` and commit deploy/openapi.json"


def _assessment(document: Document) -> Document:
    schema: Document = document["components"]["schemas"]["AssessmentView"]
    return schema


def _form(document: Document) -> Document:
    body = document["paths"]["/v1/assessments"]["post"]["requestBody"]
    schema: Document = body["content"]["multipart/form-data"]["schema"]
    return schema


BREAKING: list[tuple[str, Callable[[Document], Any]]] = [
    ("GET /v1/questions is gone", lambda d: d["paths"]["/v1/questions"].pop("get")),
    (".status is gone", lambda d: _assessment(d)["properties"].pop("status")),
    (".tags may be missing now", lambda d: _assessment(d)["required"].remove("tags")),
    (
        ".candidate can now be integer",
        lambda d: _assessment(d)["properties"]["candidate"].update(type="integer"),
    ),
    (
        "has lost the value 'research'",
        lambda d: d["components"]["schemas"]["Purpose"]["enum"].remove("research"),
    ),
    (".tags has become required", lambda d: _form(d)["required"].append("tags")),
    (".tags has a lower maxItems", lambda d: _form(d)["properties"]["tags"].update(maxItems=3)),
    (".candidate has another pattern", lambda d: _form(d)["properties"]["candidate"].update(pattern="^a$")),
    (
        "query limit has become required",
        lambda d: d["paths"]["/v1/questions"]["get"]["parameters"][0].update(required=True),
    ),
    ("201 is gone", lambda d: d["paths"]["/v1/questions"]["post"]["responses"].pop("201")),
    (
        "has lost the header Location",
        lambda d: d["paths"]["/v1/assessments"]["post"]["responses"]["202"]["headers"].pop("Location"),
    ),
    (
        "takes no application/json any more",
        lambda d: d["paths"]["/v1/questions"]["post"]["requestBody"]["content"].clear(),
    ),
    ("has another operationId", lambda d: d["paths"]["/livez"]["get"].update(operationId="getLife")),
]


@pytest.mark.parametrize(("sentence", "change"), BREAKING, ids=[sentence for sentence, _ in BREAKING])
def test_change_is_found_when_it_breaks_clients(
    document: Document, sentence: str, change: Callable[[Document], Any]
) -> None:
    changed = copy.deepcopy(document)
    change(changed)
    found = list(Comparison(document, changed).breaks())
    assert found, "nothing was found"
    assert any(sentence in each for each in found), found


def test_nothing_is_found_when_something_is_added(document: Document) -> None:
    changed = copy.deepcopy(document)
    changed["paths"]["/v1/new"] = changed["paths"]["/v1/questions"]
    _assessment(changed)["properties"]["new"] = {"type": "string"}
    _assessment(changed)["required"].append("new")
    _form(changed)["properties"]["new"] = {"type": "string"}
    changed["components"]["schemas"]["Purpose"]["enum"].append("curiosity")
    assert list(Comparison(document, changed).breaks()) == []
