"""Reports, once they are there."""

from fastapi import APIRouter

from gateway.assessments import repository
from gateway.assessments.report_access import readable_purposes, require_readable
from gateway.assessments.schemas import ReportList
from gateway.assessments.search import WantedAnswers, find_reports
from gateway.assessments.views import has_ended, view_of, with_retention
from gateway.dependencies import AssessmentPage, ReaderOrCandidate, ReportReader, TheServices
from gateway.errors import RefusedError
from gateway.http.fields import Purpose
from gateway.openapi.document import AUTHENTICATED, problems
from gateway.problem_codes import ProblemCode
from gateway.routes.assessments import AssessmentId, open_assessment
from services.common.contracts.results import Report
from services.common.db.session import tenant_session

router = APIRouter(tags=["reports"])


@router.get(
    "/v1/reports",
    operation_id="listReports",
    summary="List reports, those of the newest answers first",
    responses=problems(*AUTHENTICATED, ProblemCode.VALIDATION_FAILED),
)
def list_reports(
    services: TheServices, caller: ReportReader, cursor: AssessmentPage, wanted: WantedAnswers
) -> ReportList:
    """Page on with the last `assessment_id` as `starting_after`. Filters speak of the answers.

    Reports that only the candidate may read are left out.
    """
    with tenant_session(services.engine, caller.tenant_id) as session:
        documents, has_more = find_reports(
            session, wanted, cursor, purposes=readable_purposes(session, caller)
        )
    return ReportList(data=[Report.model_validate(each) for each in documents], has_more=has_more)


@router.get(
    "/v1/assessments/{assessment_id}/report",
    operation_id="getReport",
    summary="The report of one answer",
    responses=problems(
        *AUTHENTICATED,
        ProblemCode.ASSESSMENT_NOT_FOUND,
        ProblemCode.REPORT_READABLE_BY_CANDIDATE_ONLY,
        ProblemCode.REPORT_NOT_READY,
        ProblemCode.REPORT_UNAVAILABLE,
    ),
)
def get_report(services: TheServices, caller: ReaderOrCandidate, assessment_id: AssessmentId) -> Report:
    """Estimates from words, voice and face, the fused view, and the place among other candidates."""
    stored = open_assessment(services, caller, assessment_id)
    with tenant_session(services.engine, caller.tenant_id) as session:
        require_readable(session, caller, Purpose(stored.row.purpose))
        document = repository.find_report(session, assessment_id)
    if document is not None:
        return with_retention(Report.model_validate(document), stored.row)
    view = view_of(stored, services.progress)
    if has_ended(view):
        raise RefusedError(
            ProblemCode.REPORT_UNAVAILABLE, f"The assessment is {view.status}; hand the answer in again."
        )
    raise RefusedError(
        ProblemCode.REPORT_NOT_READY,
        f"The assessment is {view.status}; follow its events, or ask again later.",
    )
