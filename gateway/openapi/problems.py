"""How operations list the problems that they can answer."""

from typing import Any

from gateway.http.errors import MEDIA_TYPE, ProblemDetails, problem_type
from gateway.problem_codes import ProblemCode

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


def problems(
    *codes: ProblemCode, always: tuple[ProblemCode, ...] = ALWAYS
) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of an operation that may answer `codes`, with one example each."""
    responses: dict[int | str, dict[str, Any]] = {}
    for code in (*codes, *always):
        response = responses.setdefault(
            code.status,
            {
                "description": code.title_text,
                "content": {
                    MEDIA_TYPE: {
                        "schema": {"$ref": f"#/components/schemas/{PROBLEM_SCHEMA}"},
                        "examples": {},
                    }
                },
            },
        )
        examples = response["content"][MEDIA_TYPE]["examples"]
        examples[code] = {"summary": code.title_text, "value": _example(code)}
        if len(examples) > 1:
            response["description"] = "One of: " + ", ".join(f"`{name}`" for name in examples)
    return responses


def _example(code: ProblemCode) -> dict[str, Any]:
    return ProblemDetails(
        type=problem_type(code),
        title=code.title_text,
        status=code.status,
        detail="One sentence that says what to do next.",
        code=code,
        request_id="req_01kajb3z6v8m2q4n7x9r5t1w3y",
    ).model_dump()
