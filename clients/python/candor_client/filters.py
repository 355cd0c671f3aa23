"""Which answers: the filters that lists, reports and exports share. Together they narrow."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict

from candor_client.models import AssessmentStatus, Purpose


class AnswerFilters(TypedDict, total=False):
    """What is left out does not narrow."""

    candidate: str
    """The platform's own identifier of the person, or `cand_…`."""
    question: str
    interview: str
    purpose: Purpose | str
    tag: str
    created_from: datetime
    """Handed in then or later, with a time zone."""
    created_before: datetime
    """Handed in earlier."""


Statuses = Sequence[AssessmentStatus | str]


def as_params(filters: Mapping[str, Any]) -> dict[str, Any]:
    """Return `filters` as query parameters.

    Raises:
        ValueError: a time has no time zone, so nobody knows when it is.
    """
    return {name: _as_param(value) for name, value in filters.items()}


def _as_param(value: Any) -> Any:
    if not isinstance(value, datetime):
        return value
    if value.tzinfo is None:
        raise ValueError(f"{value} has no time zone")
    return value.isoformat()
