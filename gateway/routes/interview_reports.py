"""What the answers of an interview come to, together."""

from fastapi import APIRouter

from gateway.assessments.report_access import require_readable
from gateway.dependencies import ReaderOrCandidate, TheServices
from gateway.http.fields import Purpose
from gateway.interviews.reports import interview_report
from gateway.openapi.document import AUTHENTICATED, problems
from gateway.problem_codes import ProblemCode
from gateway.routes.interviews import PATH, InterviewId, open_interview
from services.common.contracts.interview import InterviewReport
from services.common.db.session import tenant_session

router = APIRouter(prefix=f"{PATH}/{{interview_id}}/report", tags=["interviews"])


@router.get(
    "",
    operation_id="getInterviewReport",
    summary="All answers of an interview, one by one and together",
    responses=problems(
        *AUTHENTICATED,
        ProblemCode.INTERVIEW_NOT_FOUND,
        ProblemCode.REPORT_READABLE_BY_CANDIDATE_ONLY,
    ),
)
def get_interview_report(
    services: TheServices, caller: ReaderOrCandidate, interview_id: InterviewId
) -> InterviewReport:
    """From the reports that are there now, so ask again as answers come in; `status` says what is missing.

    Each score of the whole is a mean of the answers, weighted by words or seconds, with an interval that
    says how much they differ. Others are compared with question by question only.
    """
    stored = open_interview(services, caller, interview_id)
    with tenant_session(services.engine, caller.tenant_id) as session:
        require_readable(session, caller, Purpose(stored.row.purpose))
        return interview_report(session, stored)
