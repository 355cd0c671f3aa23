"""What the analyses found."""

from typing import Unpack

from candor_client.filters import AnswerFilters, as_params
from candor_client.flow import Flow, Request, Stream, path_of
from candor_client.models import Report, ReportList
from candor_client.operation import Group, TransportT_co, iteration, operation


class Reports(Group[TransportT_co]):
    """All of it are estimates, none is a verdict on a person."""

    @operation("getReport")
    def get(self, assessment_id: str) -> Flow[Report]:
        """Get the report of one answer.

        Raises:
            NotFoundError: `report_not_ready`: wait; `report_unavailable`: there will be none.
            PermissionDeniedError: `report_readable_by_candidate_only`: ask with the candidate's token.
        """
        path = path_of("/v1/assessments/{}/report", assessment_id)
        return self._core.fetch(Report, Request("GET", path))

    @iteration("listReports")
    def list(
        self, *, page_size: int = 100, starting_after: str | None = None, **filters: Unpack[AnswerFilters]
    ) -> Stream[Report]:
        """List every report that this key may read, those of the newest answers first.

        Args:
            page_size: how many to ask for at once, 1 to 100.
            starting_after: go on after the report of this assessment.
            filters: which answers.
        """
        params = {"limit": page_size, "starting_after": starting_after, **as_params(filters)}
        yield from self._core.pages(ReportList, "/v1/reports", params, key="assessment_id")
