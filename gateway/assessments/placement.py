"""Find an answer's place: its question, and the interview that it belongs to."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.assessments.schemas import AssessmentForm
from gateway.errors import RefusedError
from gateway.http.fields import Purpose
from gateway.interviews.questions import require_open
from gateway.problem_codes import ProblemCode
from services.common.db.models import (
    Candidate,
    Interview,
    InterviewQuestion,
)
from services.common.db.states import InterviewState


def inherit_from_interview(session: Session, form: AssessmentForm) -> AssessmentForm:
    """Return `form` with the purpose and the tags of its interview, where it names one.

    Raises:
        RefusedError: `unknown_question` or `question_archived`; `unknown_interview`, or `interview_mismatch`
            where candidate, question or purpose are not the interview's.
    """
    if form.interview is None:
        require_open(session, [form.question])
        return form
    # shared, so that nobody begins to erase it before this answer is in
    interview = session.scalars(
        select(Interview)
        .where(Interview.id == form.interview, Interview.state == InterviewState.OPEN)
        .with_for_update(read=True)
    ).first()
    if interview is None:
        raise RefusedError(ProblemCode.UNKNOWN_INTERVIEW, "Choose one of the interviews at /v1/interviews.")
    _require_match(session, form, interview)
    tags = list(dict.fromkeys([*interview.tags, *form.tags]))
    return form.model_copy(update={"purpose": Purpose(interview.purpose), "tags": tags})


def _require_match(session: Session, form: AssessmentForm, interview: Interview) -> None:
    candidate = session.get_one(Candidate, interview.candidate_id)
    if candidate.external_id != form.candidate:
        raise _mismatch("It is another candidate's; send the candidate that the interview names.")
    asked = select(InterviewQuestion.position).where(
        InterviewQuestion.interview_id == interview.id, InterviewQuestion.question_id == form.question
    )
    if session.scalar(asked) is None:
        raise _mismatch("It does not ask this question; send one of the interview's.")
    if "purpose" in form.model_fields_set and form.purpose != interview.purpose:
        raise _mismatch(f"It has the purpose `{interview.purpose}`; send that, or none.")


def _mismatch(detail: str) -> RefusedError:
    return RefusedError(ProblemCode.INTERVIEW_MISMATCH, detail)
