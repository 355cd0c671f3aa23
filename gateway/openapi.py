"""The OpenAPI document: which problems an operation can answer, and the form of an upload."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from gateway.errors import MEDIA_TYPE, PROBLEMS, ProblemCode, ProblemDetails, problem_type
from gateway.idempotency import HEADER, KEY_PATTERN, REPLAYED
from gateway.schemas import AssessmentForm

PROBLEM_SCHEMA = "Problem"
ALWAYS = (ProblemCode.INTERNAL,)
AUTHENTICATED = (
    ProblemCode.API_KEY_MISSING,
    ProblemCode.API_KEY_UNKNOWN,
    ProblemCode.API_KEY_REVOKED,
    ProblemCode.API_KEY_EXPIRED,
    ProblemCode.CANDIDATE_TOKEN_UNKNOWN,
    ProblemCode.CANDIDATE_TOKEN_REVOKED,
    ProblemCode.CANDIDATE_TOKEN_EXPIRED,
    ProblemCode.CANDIDATE_TOKEN_REFUSED,
    ProblemCode.SCOPE_MISSING,
    ProblemCode.DATABASE_UNAVAILABLE,
)
"""What every operation under `/v1` can answer."""

DESCRIPTION = """
Candor turns one interview answer into a report: Big Five traits from the words, perceived emotions
from voice and face, one fused view, and a place among other candidates. All of it are estimates, and
none is a verdict on a person.

Send `Authorization: Bearer <key>`. Errors are `application/problem+json` (RFC 9457); decide by `code`.
"""


def problems(*codes: ProblemCode) -> dict[int | str, dict[str, Any]]:
    """The `responses` of an operation that may answer `codes`, with one example each."""
    responses: dict[int | str, dict[str, Any]] = {}
    for code in (*codes, *ALWAYS):
        status, title = PROBLEMS[code]
        response = responses.setdefault(
            status,
            {
                "description": title,
                "content": {
                    MEDIA_TYPE: {
                        "schema": {"$ref": f"#/components/schemas/{PROBLEM_SCHEMA}"},
                        "examples": {},
                    }
                },
            },
        )
        examples = response["content"][MEDIA_TYPE]["examples"]
        examples[code] = {"summary": title, "value": _example(code)}
        if len(examples) > 1:
            response["description"] = "One of: " + ", ".join(f"`{name}`" for name in examples)
    return responses


def _example(code: ProblemCode) -> dict[str, Any]:
    status, title = PROBLEMS[code]
    return ProblemDetails(
        type=problem_type(code),
        title=title,
        status=status,
        detail="One sentence that says what to do next.",
        code=code,
        request_id="req_01kajb3z6v8m2q4n7x9r5t1w3y",
    ).model_dump()


def upload_body() -> dict[str, Any]:
    """The request body of an upload, which the route reads itself, piece by piece."""
    form = AssessmentForm.model_json_schema(ref_template="#/components/schemas/{model}")
    form.pop("$defs", None)
    media = {
        "video": "Moving pictures with sound, in any usual container.",
        "audio": "Sound, in any usual container.",
        "document": "PDF, Word (.docx) or plain text.",
    }
    form["properties"] |= {
        name: {"type": "string", "contentMediaType": "application/octet-stream", "description": text}
        for name, text in media.items()
    }
    form["properties"]["text"] = {"type": "string", "description": "A typed answer; excludes `document`."}
    form["anyOf"] = [{"required": [name]} for name in (*media, "text")]
    form["examples"] = [
        {
            "candidate": "applicant-4711",
            "question": "q_01kajb3z6v8m2q4n7x9r5t1w40",
            "purpose": "self_practice",
            "tags": ["spring"],
            "text": "Last year I was asked to take over a project that nobody had documented.",
        }
    ]
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": form}}}}


def install_openapi(app: FastAPI) -> None:
    """Make `app.openapi()` describe errors as what they are: problems, not FastAPI's own shape."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        openapi_version="3.1.0",
        summary="From one interview answer to a report.",
        description=DESCRIPTION.strip(),
        routes=app.routes,
    )
    schemas = document["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    problem = ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
    purpose = AssessmentForm.model_json_schema()["$defs"]["Purpose"]
    schemas.update(problem.pop("$defs"))
    schemas[PROBLEM_SCHEMA] = {**problem, "title": PROBLEM_SCHEMA}
    schemas.setdefault("Purpose", purpose)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            _describe_problems_only(operation)
            if method == "post" and path.startswith("/v1/"):
                _describe_idempotency(operation)
    return document


def _describe_idempotency(operation: dict[str, Any]) -> None:
    """What every POST takes and answers on account of `Idempotency-Key`."""
    operation.setdefault("parameters", []).append(
        {
            "name": HEADER,
            "in": "header",
            "description": "A new random string per request, the same one when it is sent again.",
            "schema": {"type": "string", "pattern": KEY_PATTERN, "minLength": 1, "maxLength": 255},
            "example": "7d2f0c1e-5b1c-4f5e-9d57-0d7c3b7c2a10",
        }
    )
    codes = (
        ProblemCode.IDEMPOTENCY_KEY_INVALID,
        ProblemCode.IDEMPOTENCY_KEY_IN_USE,
        ProblemCode.IDEMPOTENCY_KEY_REUSED,
    )
    for status, response in problems(*codes).items():
        _add_examples(operation["responses"], str(status), response)
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            response.setdefault("headers", {})[REPLAYED] = {
                "description": "`true`: this was answered before, and nothing was done again.",
                "schema": {"type": "string", "enum": ["true"]},
            }


def _add_examples(responses: dict[str, Any], status: str, response: dict[str, Any]) -> None:
    """Put the problems of `response` beside those that the operation lists for `status` already."""
    known = responses.setdefault(status, response)
    examples = known["content"][MEDIA_TYPE]["examples"]
    examples |= response["content"][MEDIA_TYPE]["examples"]
    if len(examples) > 1:
        known["description"] = "One of: " + ", ".join(f"`{name}`" for name in examples)


def _describe_problems_only(operation: dict[str, Any]) -> None:
    """FastAPI lists a 422 of its own for every operation with parameters; ours replace it."""
    for status, response in list(operation["responses"].items()):
        content = response.get("content", {})
        if any("HTTPValidationError" in str(media.get("schema")) for media in content.values()):
            operation["responses"] |= {
                str(key): value
                for key, value in problems(ProblemCode.VALIDATION_FAILED).items()
                if str(key) == status
            }
