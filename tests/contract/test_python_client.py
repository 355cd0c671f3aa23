"""The Python client covers the OpenAPI document: every operation, every parameter, every member."""

import inspect
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

import pytest
from pydantic import TypeAdapter
from pydantic.json_schema import models_json_schema

from candor_client import Client, models
from candor_client.base import OpenEnum, Resource
from candor_client.filters import AnswerFilters
from candor_client.operation import Group, Iteration, Operation
from clients.client_models import client_schemas, model_names
from clients.openapi_changes import current_document

ADVICE = "Run `make client-models`."
NAMED_OTHERWISE = {"limit": "page_size", "type": "types"}
"""A client that pages by itself asks for the size of a page; `type` is a word of Python's."""

BY_THE_CLIENT = {"ending_before"}
"""Iterators go forwards."""


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return current_document()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for methods in document["paths"].values():
        for operation in methods.values():
            yield operation["operationId"], operation


def methods_of_the_client() -> dict[str, list[Operation[Any, Any] | Iteration[Any, Any]]]:
    """Every method of every group, by the operations that it uses."""
    with Client("http://candor.test", "cnd_test") as client:
        groups = [type(group) for group in vars(client).values() if isinstance(group, Group)]
    found: dict[str, list[Any]] = defaultdict(list)
    for group in groups:
        for method in vars(group).values():
            if isinstance(method, Operation | Iteration):
                for name in method.names:
                    found[name].append(method)
    return found


def test_every_operation_has_a_method_and_no_method_a_made_up_operation(document: dict[str, Any]) -> None:
    promised = {name for name, _ in operations(document)}
    assert set(methods_of_the_client()) == promised


def test_every_parameter_can_be_given(document: dict[str, Any]) -> None:
    methods = methods_of_the_client()
    for name, operation in operations(document):
        accepted = {parameter for method in methods[name] for parameter in parameters_of(method)}
        wanted = set(wanted_parameters(operation, document)) - BY_THE_CLIENT
        missing = {
            parameter
            for parameter in wanted
            if parameter not in accepted and NAMED_OTHERWISE.get(parameter) not in accepted
        }
        assert not missing, f"{name} cannot be given {missing}"


def parameters_of(method: Operation[Any, Any] | Iteration[Any, Any]) -> set[str]:
    parameters = inspect.signature(method.build).parameters
    filters = AnswerFilters.__annotations__ if "filters" in parameters else {}
    return {*parameters, *filters} - {"self", "filters"}


def wanted_parameters(operation: dict[str, Any], document: dict[str, Any]) -> Iterator[str]:
    for parameter in operation.get("parameters", []):
        if parameter["in"] in ("query", "path"):
            yield parameter["name"]
    for media in operation.get("requestBody", {}).get("content", {}).values():
        for schema in media["schema"].get("anyOf", [media["schema"]]):
            name = schema.get("$ref", "").rsplit("/", 1)[-1]
            yield from document["components"]["schemas"].get(name, schema).get("properties", {})


def test_every_method_returns_what_is_answered(document: dict[str, Any]) -> None:
    methods = methods_of_the_client()
    checked = 0
    for name, operation in operations(document):
        for method in methods[name]:
            if method.names[0] == name and (answered := answered_model(operation, document)):
                assert returned_model(method) == answered, name
                checked += 1
    assert checked > 5


def answered_model(operation: dict[str, Any], document: dict[str, Any]) -> str | None:
    """The model of a success, where it is JSON."""
    for status, response in operation["responses"].items():
        reference = response.get("content", {}).get("application/json", {}).get("schema", {}).get("$ref")
        if status.startswith("2") and reference:
            return model_names(document)[reference.rsplit("/", 1)[1]]
    return None


def returned_model(method: Operation[Any, Any] | Iteration[Any, Any]) -> str:
    """What a flow returns, or the page that holds what an iteration emits."""
    effects, _, returned = get_args(get_type_hints(method.build)["return"])
    if isinstance(method, Operation):
        return str(returned.__name__)
    emitted = next(get_args(effect)[0] for effect in get_args(effects) if get_args(effect))
    pages = [
        kind
        for kind in vars(models).values()
        if isinstance(kind, type) and issubclass(kind, Resource) and "has_more" in kind.model_fields
    ]
    return next(
        kind.__name__ for kind in pages if get_args(kind.model_fields["data"].annotation) == (emitted,)
    )


def test_every_model_has_the_members_of_the_document(document: dict[str, Any]) -> None:
    promised = client_schemas(document)
    own = schemas_of_the_client()
    assert set(own) == set(promised), ADVICE
    for name, schema in promised.items():
        assert essence(own[name]) == essence(schema), f"{name} differs. {ADVICE}"


def schemas_of_the_client() -> dict[str, dict[str, Any]]:
    """What pydantic says of the generated models, in the shape of the document's."""
    kinds = [kind for kind in vars(models).values() if isinstance(kind, type)]
    resources = [kind for kind in kinds if issubclass(kind, Resource) and kind is not Resource]
    enums = [kind for kind in kinds if issubclass(kind, OpenEnum) and kind is not OpenEnum]
    _, found = models_json_schema(
        [(kind, "validation") for kind in resources], ref_template="#/components/schemas/{model}"
    )
    schemas = found["$defs"] | {kind.__name__: TypeAdapter(kind).json_schema() for kind in enums}
    return client_schemas({"components": {"schemas": schemas}})


def essence(node: Any) -> Any:
    """Names, types and what is required; no prose, and no defaults, which the server fills in."""
    if isinstance(node, list):
        return [essence(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {
        key: essence(value) for key, value in node.items() if key not in ("default", "description", "format")
    }
    if isinstance(node.get("properties"), dict):
        required = node.get("required", [])
        kept["required"] = sorted(required)
        kept["properties"] = {
            name: essence(member if name in required else without_null(member))
            for name, member in node["properties"].items()
        }
    return kept


def without_null(member: dict[str, Any]) -> dict[str, Any]:
    """What may be left out may also be null in the client, which is how it shows that it was left out."""
    others = [kind for kind in member.get("anyOf", []) if kind != {"type": "null"}]
    return others[0] if len(others) == 1 else member


def test_the_examples_of_the_document_are_read(document: dict[str, Any]) -> None:
    names = model_names(document)
    examples = [
        (getattr(models, names[name]), example)
        for name, schema in document["components"]["schemas"].items()
        for example in schema.get("examples", [])
    ]
    assert examples
    for model, example in examples:
        TypeAdapter(model).validate_python(example)


def test_both_clients_offer_the_same_when_their_groups_are_compared() -> None:
    from candor_client.client import AsyncClient

    blocking, awaiting = Client("http://candor.test"), AsyncClient("http://candor.test")
    groups = {name: type(group) for name, group in vars(blocking).items() if isinstance(group, Group)}
    assert groups == {name: type(group) for name, group in vars(awaiting).items() if isinstance(group, Group)}
    assert groups
    for group in groups.values():
        for method in vars(group).values():
            if isinstance(method, Operation | Iteration):
                assert method.__doc__
                assert get_type_hints(method.build)["return"]
