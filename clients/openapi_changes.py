"""Whether a new OpenAPI document breaks clients of an older one; `python -m clients.openapi_changes`.

What clients send may be accepted more widely, never more narrowly; what they read may grow, never
shrink. Additions are fine. The document that clients were promised is `deploy/openapi.json`.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from services.common.settings import REPOSITORY

BASELINE = REPOSITORY / "deploy" / "openapi.json"
UPPER_BOUNDS = ("maxLength", "maximum", "exclusiveMaximum", "maxItems")
LOWER_BOUNDS = ("minLength", "minimum", "exclusiveMinimum", "minItems")
Schema = dict[str, Any]


class Way(StrEnum):
    """Who writes what a schema describes."""

    SENT = "sent by clients"
    READ = "read by clients"


class Comparison:
    """Finds what broke between two documents."""

    def __init__(self, old: Schema, new: Schema) -> None:
        self._old, self._new = old, new
        self._seen: set[tuple[str, str, Way]] = set()

    def breaks(self) -> Iterator[str]:
        """Yield one sentence for each change that can break a client."""
        for path, methods in self._old["paths"].items():
            for method, operation in methods.items():
                name = f"{method.upper()} {path}"
                found = self._new["paths"].get(path, {}).get(method)
                if found is None:
                    yield f"{name} is gone"
                else:
                    yield from self._operation(name, operation, found)

    def _operation(self, name: str, old: Schema, new: Schema) -> Iterator[str]:
        if old["operationId"] != new["operationId"]:
            yield f"{name} has another operationId"
        yield from self._parameters(name, old, new)
        yield from self._request(name, old.get("requestBody", {}), new.get("requestBody", {}))
        yield from self._responses(name, old["responses"], new["responses"])

    def _parameters(self, name: str, old: Schema, new: Schema) -> Iterator[str]:
        before, after = (
            {(each["in"], each["name"]): each for each in side.get("parameters", ())} for side in (old, new)
        )
        for key, parameter in after.items():
            where = f"{name} {key[0]} {key[1]}"
            if parameter.get("required") and not before.get(key, {}).get("required"):
                yield f"{where} has become required"
            if key in before:
                yield from self._schema(where, before[key]["schema"], parameter["schema"], Way.SENT)
        yield from (f"{name} {where} {what} is gone" for where, what in before if (where, what) not in after)

    def _request(self, name: str, old: Schema, new: Schema) -> Iterator[str]:
        if new.get("required") and not old.get("required"):
            yield f"{name} has come to need a body"
        for media, content in old.get("content", {}).items():
            found = new.get("content", {}).get(media)
            if found is None:
                yield f"{name} takes no {media} any more"
            else:
                yield from self._schema(f"{name} body", content["schema"], found["schema"], Way.SENT)

    def _responses(self, name: str, old: Schema, new: Schema) -> Iterator[str]:
        for status, response in old.items():
            found = new.get(status)
            if found is None:
                if status.startswith("2"):
                    yield f"{name} {status} is gone"
                continue
            for header in response.get("headers", {}):
                if header not in found.get("headers", {}):
                    yield f"{name} {status} has lost the header {header}"
            for media, content in response.get("content", {}).items():
                if media not in found.get("content", {}):
                    yield f"{name} {status} is no longer {media}"
                else:
                    after = found["content"][media].get("schema", {})
                    yield from self._schema(f"{name} {status}", content.get("schema", {}), after, Way.READ)

    def _schema(self, where: str, old: Schema, new: Schema, way: Way) -> Iterator[str]:
        pair = (old.get("$ref", ""), new.get("$ref", ""), way)
        if pair[0] and pair[1]:
            if pair in self._seen:
                return
            self._seen.add(pair)
        old, new = _resolved(self._old, old), _resolved(self._new, new)
        yield from self._kinds(where, old, new, way)
        yield from _values(where, old, new, way)
        yield from self._members(where, old, new, way)
        for key in ("items", "additionalProperties"):
            if isinstance(old.get(key), dict) and isinstance(new.get(key), dict):
                yield from self._schema(f"{where}[]", old[key], new[key], way)

    def _kinds(self, where: str, old: Schema, new: Schema, way: Way) -> Iterator[str]:
        before, after = _choices(self._old, old), _choices(self._new, new)
        lost = set(before) - set(after) if way is Way.SENT else set(after) - set(before)
        if lost and before and after:
            verb = "no longer be" if way is Way.SENT else "now be"
            yield f"{where} can {verb} {', '.join(sorted(lost))}"
        for kind in before.keys() & after.keys():
            if before[kind] is not old:
                yield from self._schema(where, before[kind], after[kind], way)

    def _members(self, where: str, old: Schema, new: Schema, way: Way) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        for name, schema in before.items():
            if name in after:
                yield from self._schema(f"{where}.{name}", schema, after[name], way)
            elif after or new.get("additionalProperties") is False:
                yield f"{where}.{name} is gone"
        needed_before, needed_after = set(old.get("required", ())), set(new.get("required", ()))
        if way is Way.SENT:
            yield from (
                f"{where}.{name} has become required" for name in sorted(needed_after - needed_before)
            )
        else:
            missing = sorted((needed_before - needed_after) & after.keys())
            yield from (f"{where}.{name} may be missing now" for name in missing)


def _resolved(document: Schema, schema: Schema) -> Schema:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def _choices(document: Schema, schema: Schema) -> dict[str, Schema]:
    """Return what a value can be, by type; objects of a union by their title."""
    union = schema.get("anyOf") or schema.get("oneOf")
    if not union or any("required" in each and "properties" not in each for each in union):
        return {str(schema["type"]): schema} if "type" in schema else {}
    found: dict[str, Schema] = {}
    for each in union:
        choice = _resolved(document, each)
        kind = str(choice.get("type", "anything"))
        found[str(choice.get("title", kind)) if kind == "object" else kind] = each
    return found


def _values(where: str, old: Schema, new: Schema, way: Way) -> Iterator[str]:
    if "enum" in old:
        kept = new.get("enum") or old["enum"]
        lost = [value for value in old["enum"] if value not in kept]
        yield from (f"{where} has lost the value {value!r}" for value in lost)
    if way is Way.READ:
        return
    if "enum" in new and "enum" not in old:
        yield f"{where} takes listed values only now"
    if new.get("pattern") not in (None, old.get("pattern")):
        yield f"{where} has another pattern"
    for bound in UPPER_BOUNDS:
        if bound in new and new[bound] < old.get(bound, float("inf")):
            yield f"{where} has a lower {bound}"
    for bound in LOWER_BOUNDS:
        if bound in new and new[bound] > old.get(bound, float("-inf")) and (bound in old or new[bound] > 0):
            yield f"{where} has a higher {bound}"


def current_document() -> Schema:
    """Return the document of the application as it is."""
    from gateway.main import create_app
    from gateway.settings import GatewaySettings
    from services.common.settings import CommonSettings

    document: Schema = json.loads(json.dumps(create_app(GatewaySettings(), CommonSettings()).openapi()))
    return document


def main(arguments: list[str] | None = None) -> int:
    """Accept additions into the committed document; refuse what breaks clients, unless told otherwise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--breaking", action="store_true", help="accept what breaks clients too")
    options = parser.parse_args(arguments)
    new = current_document()
    broken = list(Comparison(json.loads(BASELINE.read_text()), new).breaks()) if BASELINE.exists() else []
    for sentence in broken:
        sys.stderr.write(f"breaks clients: {sentence}\n")
    if broken and not options.breaking:
        sys.stderr.write("Nothing was written; --breaking accepts it.\n")
        return 1
    BASELINE.write_text(json.dumps(new, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
