"""`expand=report`: reports within the answers they belong to, as far as the caller may read them."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

from fastapi import Query
from sqlalchemy.orm import Session

from gateway.assessments.report_access import readable_purposes
from gateway.assessments.schemas import AssessmentView
from gateway.assessments.search import reports_of
from gateway.http.fields import Scope
from gateway.problem_codes import ProblemCode
from gateway.tenancy.authentication import KeyHolder, require_scopes
from services.common.contracts.results import Report


class Expansion(StrEnum):
    """What may be sent along."""

    REPORT = "report"


Expand = Annotated[
    list[Expansion],
    Query(description="`report` sends reports along; a key needs `reports:read` for that."),
]


def expand(
    session: Session, caller: KeyHolder, views: Sequence[AssessmentView], wanted: Sequence[Expansion]
) -> None:
    """Put into `views` what is wanted; where the law keeps a report from the caller, say so instead.

    Raises:
        RefusedError: `scope_missing`.
    """
    if Expansion.REPORT not in wanted:
        return
    if caller.candidate is None:
        require_scopes(caller, [Scope.REPORTS_READ])
    purposes = readable_purposes(session, caller)
    readable = [view for view in views if view.purpose in purposes]
    documents = reports_of(session, [view.id for view in readable])
    for view in readable:
        if view.id in documents:
            view.report = Report.model_validate(documents[view.id])
    for view in views:
        if view.purpose not in purposes:
            view.report_withheld = str(ProblemCode.REPORT_READABLE_BY_CANDIDATE_ONLY)
