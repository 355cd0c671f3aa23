"""JSON schemas in words: the type of a field, and the limits that its values keep."""

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]
SCHEMAS_PAGE = "schemas.md"
_PREFIX = "#/components/schemas/"
_LIMITS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "more than {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "less than {}",
    "minLength": "shortest {}",
    "maxLength": "longest {} characters",
    "minItems": "fewest {}",
    "maxItems": "most {}",
}


def schema_link(name: str) -> str:
    """Return a Markdown link to the schema `name` on the page of all schemas."""
    return f"[`{name}`]({SCHEMAS_PAGE}#{name.lower()})"


def schema_name(schema: Schema) -> str | None:
    """Return the name that a `$ref` points to; None for a schema that is written out."""
    reference = schema.get("$ref")
    return None if reference is None else str(reference).removeprefix(_PREFIX)


def type_text(schema: Schema) -> str:
    """Return the type of `schema` in Markdown: `list of [`Notice`](…)`, `number or null`."""
    if (name := schema_name(schema)) is not None:
        return schema_link(name)
    if (options := schema.get("anyOf") or schema.get("oneOf")) is not None:
        return " or ".join(dict.fromkeys(type_text(option) for option in options))
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    return _plain_type(schema)


def _plain_type(schema: Schema) -> str:
    """Return the type of a schema that is neither a reference, a choice nor a list of values."""
    kind = str(schema.get("type", "anything"))
    if kind == "array":
        return f"list of {type_text(schema.get('items', {}))}"
    if kind == "object" and isinstance(values := schema.get("additionalProperties"), Mapping):
        names = type_text(schema.get("propertyNames", {"type": "string"}))
        return f"object, {names} to {type_text(values)}"
    if schema.get("contentMediaType") is not None:
        return "file"
    return f"{kind} ({schema['format']})" if "format" in schema else kind


def limits_text(schema: Schema) -> str:
    """Return the limits of a value and its default as one sentence; empty where there are none."""
    parts = [text.format(_number(schema[key])) for key, text in _LIMITS.items() if key in schema]
    for option in schema.get("anyOf", ()):
        parts += [text.format(_number(option[key])) for key, text in _LIMITS.items() if key in option]
    if schema.get("default") not in (None, [], {}, ""):
        parts.append(f"`{_literal(schema['default'])}` by default")
    text = ", ".join(parts)
    return f"{text[0].upper()}{text[1:]}." if text else ""


def _number(value: float) -> str:
    return f"{value:g}" if value < 1e6 else f"{value:,.0f}"


def _literal(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
