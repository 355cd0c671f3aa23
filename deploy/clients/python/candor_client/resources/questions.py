"""The tenant's question bank."""

from candor_client.flow import Flow, Request, Stream
from candor_client.models import Question, QuestionList
from candor_client.operation import Group, TransportT_co, iteration, operation

PATH = "/v1/questions"


class Questions(Group[TransportT_co]):
    """Candidates are compared with others who answered the same question."""

    @iteration("listQuestions")
    def list(self, *, page_size: int = 100, starting_after: str | None = None) -> Stream[Question]:
        """Every question, oldest first."""
        params = {"limit": page_size, "starting_after": starting_after}
        yield from self._core.pages(QuestionList, PATH, params)

    @operation("createQuestion")
    def create(self, *, text: str) -> Flow[Question]:
        """Add a question. Needs the scope `admin`."""
        return self._core.fetch(Question, Request("POST", PATH, json={"text": text}))
