"""The catalogue of problems, generated from the codes: what each means, and which operations answer it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from gateway.http.errors import MEDIA_TYPE
from gateway.problem_codes import ProblemCode


class Entry(NamedTuple):
    """One code of the catalogue, and the operations that answer it."""

    code: ProblemCode
    operations: list[str]

    @property
    def status(self) -> int:
        return self.code.status

    @property
    def reason(self) -> str:
        """The standard phrase of the status."""
        return HTTPStatus(self.code.status).phrase


def catalogue(document: Mapping[str, Any]) -> list[Entry]:
    """Return every code by status, with the operations of `document` that list it."""
    answered_by = defaultdict(list)
    for operation, code in _listed(document):
        answered_by[code].append(operation)
    by_status = sorted(ProblemCode, key=lambda code: (code.status, code))
    return [Entry(code, sorted(answered_by[code])) for code in by_status]


def _listed(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for methods in document["paths"].values():
        for operation in methods.values():
            for response in operation["responses"].values():
                for code in response.get("content", {}).get(MEDIA_TYPE, {}).get("examples", ()):
                    yield operation["operationId"], code
