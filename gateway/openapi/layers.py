"""What the layers around every operation add to the document: limits, tags, idempotency keys."""

from collections.abc import Iterator
from typing import Any

from gateway.http.errors import MEDIA_TYPE
from gateway.http.idempotency import HEADER, KEY_PATTERN, REPLAYED
from gateway.openapi.problems import problems
from gateway.problem_codes import ProblemCode

HEADERS: dict[str, dict[str, Any]] = {
    "RateLimit": {
        "description": "What remains of the quota (`r`), and in how many seconds there is more (`t`).",
        "schema": {"type": "string"},
        "example": '"requests";r=2999;t=60',
    },
    "RateLimit-Policy": {
        "description": "The quota (`q`) and its window in seconds (`w`).",
        "schema": {"type": "string"},
        "example": '"requests";q=3000;w=60',
    },
    "Retry-After": {
        "description": "Seconds to wait before the request is sent again.",
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
        "example": "5",
    },
    "ETag": {
        "description": "Names this very document; send it as `If-None-Match` to be told whether it changed.",
        "schema": {"type": "string"},
        "example": 'W/"47DEQpj8HBSa-_TImW-5JA"',
    },
    REPLAYED: {
        "description": "`true`: this was answered before, and nothing was done again.",
        "schema": {"type": "string", "enum": ["true"]},
        "example": "true",
    },
    "X-Request-ID": {
        "description": "Names this request in the log: the one that was sent, else a new one.",
        "schema": {"type": "string"},
        "example": "req_01kajb3z6v8m2q4n7x9r5t1w3y",
    },
    "Deprecation": {
        "description": "Since when the operation is deprecated (RFC 9745).",
        "schema": {"type": "string"},
        "example": "@1772409600",
    },
    "Sunset": {
        "description": "From when it may be gone (RFC 8594).",
        "schema": {"type": "string"},
        "example": "Tue, 01 Dec 2026 00:00:00 GMT",
    },
}
UNREADABLE = (ProblemCode.BAD_REQUEST, ProblemCode.BODY_TOO_LARGE, ProblemCode.VALIDATION_FAILED)
"""What any JSON body can come to."""
IDEMPOTENCY_KEY = {
    "name": HEADER,
    "in": "header",
    "description": "A new random string per request, and the same one when that is sent again.",
    "schema": {"type": "string", "pattern": KEY_PATTERN, "minLength": 1, "maxLength": 255},
    "example": "7d2f0c1e-5b1c-4f5e-9d57-0d7c3b7c2a10",
}
IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The `ETag` of a copy that the client holds.",
    "schema": {"type": "string"},
    "example": 'W/"47DEQpj8HBSa-_TImW-5JA"',
}


def describe_layers(document: dict[str, Any]) -> None:
    """Add to `document` what every operation takes and answers besides its own."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if path.startswith("/v1/"):
                _describe_limits(operation)
                if "application/json" in operation.get("requestBody", {}).get("content", {}):
                    _add_problems(operation, *UNREADABLE)
                if method != "get" and method != "head":
                    _add_problems(operation, ProblemCode.CHANGED_MEANWHILE)
                if method == "post":
                    _describe_idempotency(operation)
                if method == "get":
                    _describe_tags(operation)
            _describe_every(operation)
    used = {name for operation in _operations(document) for name in _header_names(operation)}
    document["components"]["headers"] = {name: HEADERS[name] for name in HEADERS if name in used}


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for methods in document["paths"].values():
        yield from methods.values()


def _header_names(operation: dict[str, Any]) -> Iterator[str]:
    for response in operation["responses"].values():
        yield from response.get("headers", {})


def _describe_every(operation: dict[str, Any]) -> None:
    operation.setdefault("security", [])
    for status, response in operation["responses"].items():
        _add_headers(response, "X-Request-ID")
        if status in ("429", "503"):
            _add_headers(response, "Retry-After")
        if operation.get("deprecated"):
            _add_headers(response, "Deprecation", "Sunset")


def _describe_limits(operation: dict[str, Any]) -> None:
    _add_problems(operation, ProblemCode.RATE_LIMITED)
    for status, response in operation["responses"].items():
        if status.startswith("2") or status == "429":
            _add_headers(response, "RateLimit", "RateLimit-Policy")


def _describe_idempotency(operation: dict[str, Any]) -> None:
    operation.setdefault("parameters", []).append(IDEMPOTENCY_KEY)
    _add_problems(
        operation,
        ProblemCode.IDEMPOTENCY_KEY_INVALID,
        ProblemCode.IDEMPOTENCY_KEY_IN_USE,
        ProblemCode.IDEMPOTENCY_KEY_REUSED,
    )
    _add_headers(operation["responses"]["409"], "Retry-After")
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            _add_headers(response, REPLAYED)


def _describe_tags(operation: dict[str, Any]) -> None:
    answer = operation["responses"].get("200", {})
    if "application/json" not in answer.get("content", {}):
        return
    operation.setdefault("parameters", []).append(IF_NONE_MATCH)
    _add_headers(answer, "ETag")
    unchanged: dict[str, Any] = {"description": "The copy named by `If-None-Match` still holds."}
    _add_headers(unchanged, "ETag", "RateLimit", "RateLimit-Policy")
    operation["responses"]["304"] = unchanged


def _add_headers(response: dict[str, Any], *names: str) -> None:
    headers = response.setdefault("headers", {})
    for name in names:
        headers.setdefault(name, {"$ref": f"#/components/headers/{name}"})


def _add_problems(operation: dict[str, Any], *codes: ProblemCode) -> None:
    """Put `codes` beside the problems that the operation lists already."""
    responses = operation["responses"]
    for status, response in problems(*codes, always=()).items():
        known = responses.setdefault(str(status), response)
        examples = known["content"][MEDIA_TYPE]["examples"]
        examples |= response["content"][MEDIA_TYPE]["examples"]
        if len(examples) > 1:
            known["description"] = "One of: " + ", ".join(f"`{name}`" for name in examples)
