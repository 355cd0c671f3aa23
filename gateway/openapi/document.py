"""The OpenAPI document: which problems an operation can answer, and the form of an upload."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from gateway.assessments.schemas import AssessmentForm
from gateway.http.errors import ProblemDetails
from gateway.openapi.examples import add_examples
from gateway.openapi.layers import describe_layers
from gateway.openapi.problems import AUTHENTICATED, PROBLEM_SCHEMA, problems
from gateway.openapi.reader import describe_for_readers
from gateway.problem_codes import ProblemCode
from gateway.webhooks.openapi import describe_webhooks

__all__ = ["AUTHENTICATED", "install_openapi", "problems", "upload_body"]

DESCRIPTION = """
Candor turns one interview answer into a report: Big Five traits from the words, perceived emotions
from voice and face, one fused view, and a place among other candidates. All of it are estimates, and
none is a verdict on a person.

Send `Authorization: Bearer <key>`. Errors are `application/problem+json` (RFC 9457); decide by `code`,
and read about each at its `type`, or about all of them at `/errors`.
"""


def upload_body() -> dict[str, Any]:
    """Return the request body of an upload, which the route reads itself, piece by piece."""
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
    form["anyOf"] = [{"required": [name]} for name in (*media, "text", "upload")]
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
    for operations in document["paths"].values():
        for operation in operations.values():
            _describe_problems_only(operation)
    describe_layers(document)
    describe_webhooks(document)
    describe_for_readers(document)
    add_examples(document)
    return document


def _describe_problems_only(operation: dict[str, Any]) -> None:
    """Replace the 422 that FastAPI lists for every operation with parameters by ours."""
    for status, response in list(operation["responses"].items()):
        content = response.get("content", {})
        if any("HTTPValidationError" in str(media.get("schema")) for media in content.values()):
            operation["responses"] |= {
                str(key): value
                for key, value in problems(ProblemCode.VALIDATION_FAILED).items()
                if str(key) == status
            }
