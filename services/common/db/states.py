"""The states that are stored of assessments and interviews, and the only way from one to the next.

What a client sees is derived from the state, the report and the workers' progress
(`gateway.assessments.views.visible_status`).
"""

from enum import StrEnum

from sqlalchemy import Update, update

from services.common.db.models import Assessment


class AssessmentState(StrEnum):
    """What has been decided about an assessment; whether it has a report is another table's business."""

    QUEUED = "queued"
    CANCELED = "canceled"
    EXPIRED = "expired"


class InterviewState(StrEnum):
    """Whether an interview takes answers, or is being erased."""

    OPEN = "open"
    ERASING = "erasing"


TRANSITIONS: dict[AssessmentState, frozenset[AssessmentState]] = {
    AssessmentState.QUEUED: frozenset({AssessmentState.CANCELED, AssessmentState.EXPIRED}),
    AssessmentState.EXPIRED: frozenset({AssessmentState.CANCELED}),
    AssessmentState.CANCELED: frozenset(),
}
"""Nothing comes back into the queue; what has expired can still be erased, which cancels it first."""


def transition(to: AssessmentState) -> Update:
    """Return the statement that moves assessments to `to` and takes them out of recovery.

    Narrow it with `.where(…)`. Rows whose state does not lead to `to` stay as they are.
    """
    before = sorted(state for state, following in TRANSITIONS.items() if to in following)
    return update(Assessment).where(Assessment.state.in_(before)).values(state=to, check_at=None)
