"""The error that the gateway's own code raises where a request cannot be granted.

Domain code knows no HTTP; `gateway.http.errors` makes a problem document of it.
"""

from collections.abc import Sequence
from typing import NamedTuple

from gateway.problem_codes import ProblemCode
from services.common.errors import CandorError


class FieldFault(NamedTuple):
    """One fault of a request: the form field, query parameter or JSON member, and what is wrong with it."""

    field: str
    detail: str


class RefusedError(CandorError):
    """A request cannot be granted as it is.

    Args:
        code: why, for machines.
        detail: why and what to do next, one sentence for a person.
        faults: the faults one by one, where there may be several.
    """

    def __init__(self, code: ProblemCode, detail: str, *, faults: Sequence[FieldFault] = ()) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.faults = list(faults)


def refuse_unknown(code: ProblemCode) -> RefusedError:
    """Return the refusal that is the same for what never was, is erased, or is another tenant's."""
    return RefusedError(code, "Check the identifier; it may have been erased, or be another tenant's.")
