"""Examples for every parameter, request and answer, built from those that the schemas carry.

A schema without an example of its own gets one out of its parts: what is required, and nothing else.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from gateway.http.ids import ALPHABET, Prefix

ULID = "01kajb3z6v8m2q4n7x9r5t1w3y"
BY_NAME: dict[str, Any] = {
    "assessment_id": f"{Prefix.ASSESSMENT}_{ULID}",
    "candidate": "applicant-4711",
    "candidate_id": f"{Prefix.CANDIDATE}_{ULID}",
    "created_at": "2026-03-02T09:30:00Z",
    "name": "voice_emotions",
    "last-event-id": "1772443800000-0",
    "model_key": "text_traits-2",
    "question": f"{Prefix.QUESTION}_{ULID}",
    "question_id": f"{Prefix.QUESTION}_{ULID}",
    "role": "nurse",
    "score": "trait.openness",
    "tag": "spring",
    "version": 2,
}
"""What a name usually holds, where the schema says no more than its type."""


_PREFIX = re.compile(r"^\^(?P<prefix>[a-z]+_)\[(?P<digits>[^\]]+)\]")


class Examples:
    """Finds examples for the schemas of one document.

    Args:
        document: with all its components.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._schemas: Mapping[str, Any] = document["components"]["schemas"]

    def of(self, schema: Mapping[str, Any], *, name: str = "") -> Any:
        """Make an example of `schema`, which is the value of the member or parameter `name`."""
        schema = self._resolved(schema)
        for key in ("examples", "enum"):
            if schema.get(key):
                return schema[key][0]
        for key in ("example", "const", "default"):
            if key in schema:
                return schema[key]
        if "anyOf" in schema or "oneOf" in schema:
            return self._of_one(schema.get("anyOf") or schema["oneOf"], name=name)
        if schema.get("type") == "object" or "properties" in schema:
            return self._of_object(schema)
        if schema.get("type") == "array":
            return self._of_array(schema, name=name)
        return _of_scalar(schema, name=name)

    def listed(self, schema: Mapping[str, Any]) -> list[Any]:
        """Return the examples that `schema` carries itself."""
        return list(self._resolved(schema).get("examples", ()))

    def complete_all(self) -> None:
        """Complete the examples that the schemas carry themselves."""
        for schema in self._schemas.values():
            if "examples" in schema:
                schema["examples"] = [self.completed(schema, each) for each in schema["examples"]]

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in schema:
            schema = self._schemas[schema["$ref"].rpartition("/")[2]]
        return schema

    def _of_one(self, choices: list[dict[str, Any]], *, name: str) -> Any:
        """Return null where that is allowed, but for parameters: an example of none would say nothing."""
        nullable = any(choice.get("type") == "null" for choice in choices)
        return None if nullable and not name.startswith("?") else self.of(choices[0], name=name)

    def completed(self, schema: Mapping[str, Any], value: Any) -> Any:
        """Return `value` with the members back that are required and null: FastAPI drops those."""
        schema = self._resolved(schema)
        if isinstance(value, list):
            return [self.completed(schema.get("items", {}), each) for each in value]
        if not isinstance(value, dict):
            return value
        properties = schema.get("properties", {})
        nulls = {name: None for name in schema.get("required", ()) if name not in value}
        return nulls | {name: self.completed(properties.get(name, {}), each) for name, each in value.items()}

    def _of_object(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        properties = schema.get("properties", {})
        wanted = [name for name in properties if name in schema.get("required", ()) or name == "data"]
        made = {name: self.of(properties[name], name=name) for name in wanted}
        extra = schema.get("additionalProperties")
        if not properties and isinstance(extra, Mapping):
            key = self.of(schema["propertyNames"]) if "propertyNames" in schema else "name"
            made[key] = self.of(extra)
        return made

    def _of_array(self, schema: Mapping[str, Any], *, name: str) -> list[Any]:
        items = schema.get("items", {})
        if name == "data" or schema.get("minItems"):
            return [self.of(items)] * max(1, schema.get("minItems", 1))
        return []


def _of_scalar(schema: Mapping[str, Any], *, name: str) -> Any:
    kind, usual = schema.get("type"), BY_NAME.get(name.removeprefix("?"))
    if kind == "string" and (named := _PREFIX.match(schema.get("pattern", ""))):
        return f"{named['prefix']}{ULID if named['digits'] == ALPHABET else 42}"
    if kind == "string":
        dated = "2026-03-02T09:30:00Z" if schema.get("format") == "date-time" else "2026-03-01"
        return dated if schema.get("format") in ("date-time", "date") else usual or "text"
    if kind == "boolean":
        return False
    if kind in ("integer", "number"):
        least = schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1)
        return usual if isinstance(usual, int) else least
    return None


def add_examples(document: dict[str, Any]) -> None:
    """Give each parameter, request and answer of `document` an example, where it has none."""
    examples = Examples(document)
    examples.complete_all()
    for operation in _operations(document):
        for parameter in operation.get("parameters", ()):
            _add_to_parameter(parameter, examples)
        for content in (
            operation.get("requestBody", {}).get("content", {}),
            *(response.get("content", {}) for response in operation["responses"].values()),
        ):
            for media in content.values():
                _add_to_media(media, examples)


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for methods in document["paths"].values():
        yield from methods.values()


def _add_to_parameter(parameter: dict[str, Any], examples: Examples) -> None:
    if "example" in parameter or "examples" in parameter:
        return
    found = examples.of(parameter.get("schema", {}), name=f"?{parameter['name']}")
    if parameter["in"] == "path" and found == "text":
        found = _identifier(parameter["name"], parameter.get("description", ""))
    if found is not None:
        parameter["example"] = found


def _identifier(name: str, description: str) -> str:
    """Make an identifier with the prefix that the description of a path parameter shows: `asm_…`."""
    prefix = description.partition("`")[2].partition("_…`")[0]
    return f"{prefix}_{ULID}" if prefix.isalpha() else BY_NAME.get(name) or "text"


def _add_to_media(media: dict[str, Any], examples: Examples) -> None:
    schema = media.get("schema", {})
    if "example" in media or "examples" in media or not schema:
        return
    listed = examples.listed(schema)
    if len(listed) > 1:
        media["examples"] = {f"example_{number}": {"value": each} for number, each in enumerate(listed, 1)}
    else:
        media["example"] = listed[0] if listed else examples.of(schema)
