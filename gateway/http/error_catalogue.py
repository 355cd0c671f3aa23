"""The catalogue of problems, generated from the codes: what each means, and which operations answer it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from gateway.http.errors import MEDIA_TYPE, PROBLEMS, ProblemCode

ADVICE: dict[int, str] = {
    400: "Mend how the request is written; sent again as it is, it fails again.",
    401: "Send valid credentials.",
    403: "Ask for what is missing; sending it again changes nothing.",
    404: "Check the identifier. What belongs to another tenant looks the same as what never was.",
    405: "Use a method that the `Allow` header names.",
    409: "Look at the present state first; the request does not fit it.",
    413: "Send less at once.",
    415: "Send a type that is accepted here.",
    422: "Correct the request; `errors` names the faults one by one where there are several.",
    429: "Wait for the seconds in `Retry-After`, then send it again.",
    500: "Tell the operator the `request_id`.",
    503: "Wait for the seconds in `Retry-After`, then send it again; with an `Idempotency-Key` that is safe.",
    507: "Tell the operator; waiting alone does not help.",
}


@dataclass(frozen=True)
class Entry:
    """One code of the catalogue."""

    code: str
    status: int
    title: str
    advice: str
    operations: list[str] = field(default_factory=list)

    @property
    def reason(self) -> str:
        """The standard phrase of the status."""
        return HTTPStatus(self.status).phrase


def catalogue(document: Mapping[str, Any]) -> list[Entry]:
    """Every code by status, with the operations of `document` that list it."""
    answered_by = defaultdict(list)
    for operation, code in _listed(document):
        answered_by[code].append(operation)
    return [
        Entry(
            code=code,
            status=status,
            title=title,
            advice=ADVICE.get(status, "Look at `detail`."),
            operations=sorted(answered_by[code]),
        )
        for code, (status, title) in sorted(PROBLEMS.items(), key=lambda item: (item[1][0], item[0]))
    ]


def _listed(document: Mapping[str, Any]) -> Iterator[tuple[str, ProblemCode]]:
    for methods in document["paths"].values():
        for operation in methods.values():
            for response in operation["responses"].values():
                for code in response.get("content", {}).get(MEDIA_TYPE, {}).get("examples", ()):
                    yield operation["operationId"], ProblemCode(code)
