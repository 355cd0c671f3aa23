"""Interviews: several answers of one candidate."""

from collections.abc import Sequence

from candor_client.flow import Flow, Request, Stream, given, path_of
from candor_client.models import Interview, InterviewList, InterviewReport, InterviewStatus, Purpose
from candor_client.operation import Group, TransportT_co, iteration, operation

PATH = "/v1/interviews"


class Interviews(Group[TransportT_co]):
    """Several questions to one candidate; hand in each answer with `assessments.create(interview=…)`."""

    @operation("createInterview")
    def create(
        self,
        *,
        candidate: str,
        questions: Sequence[str],
        title: str | None = None,
        purpose: Purpose | str = Purpose.SELF_PRACTICE,
        tags: Sequence[str] = (),
    ) -> Flow[Interview]:
        """Put `questions` of the bank to `candidate`, in this order."""
        body = given(title=title) | {
            "candidate": candidate,
            "questions": list(questions),
            "purpose": str(purpose),
            "tags": list(tags),
        }
        return self._core.fetch(Interview, Request("POST", PATH, json=body))

    @iteration("listInterviews")
    def list(
        self,
        *,
        candidate: str | None = None,
        status: InterviewStatus | str | None = None,
        page_size: int = 100,
        starting_after: str | None = None,
    ) -> Stream[Interview]:
        """List every interview, newest first; of one `candidate` or in one `status` only, if given."""
        params = {"candidate": candidate, "status": status, "limit": page_size}
        params["starting_after"] = starting_after
        yield from self._core.pages(InterviewList, PATH, params)

    @operation("getInterview")
    def get(self, interview_id: str) -> Flow[Interview]:
        """Get the status of the whole, and per question of the answer that counts."""
        return self._core.fetch(Interview, Request("GET", path_of(f"{PATH}/{{}}", interview_id)))

    @operation("getInterviewReport")
    def report(self, interview_id: str) -> Flow[InterviewReport]:
        """Get all answers one by one and together, from the reports that are there now."""
        path = path_of(f"{PATH}/{{}}/report", interview_id)
        return self._core.fetch(InterviewReport, Request("GET", path))

    @operation("deleteInterview")
    def delete(self, interview_id: str) -> Flow[None]:
        """Erase it with all its answers."""
        return self._core.discard(Request("DELETE", path_of(f"{PATH}/{{}}", interview_id)))
