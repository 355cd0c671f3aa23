"""The tenant's question bank."""

from candor_client.flow import Flow, Request, Stream, given, path_of
from candor_client.models import Question, QuestionList
from candor_client.operation import Group, TransportT_co, iteration, operation

PATH = "/v1/questions"


class Questions(Group[TransportT_co]):
    """Candidates are compared with others who answered the same question."""

    @iteration("listQuestions")
    def list(
        self, *, archived: bool = False, page_size: int = 100, starting_after: str | None = None
    ) -> Stream[Question]:
        """List every question, oldest first; the archived ones instead of the others, if asked for."""
        params = {"limit": page_size, "starting_after": starting_after, "archived": archived or None}
        yield from self._core.pages(QuestionList, PATH, params)

    @operation("createQuestion")
    def create(self, *, text: str) -> Flow[Question]:
        """Add a question. Needs the scope `admin`, like `update`."""
        return self._core.fetch(Question, Request("POST", PATH, json={"text": text}))

    @operation("getQuestion")
    def get(self, question_id: str) -> Flow[Question]:
        """Get one question, archived or not."""
        return self._core.fetch(Question, Request("GET", path_of(f"{PATH}/{{}}", question_id)))

    @operation("changeQuestion")
    def update(
        self, question_id: str, *, text: str | None = None, archived: bool | None = None
    ) -> Flow[Question]:
        """Reword a question that nobody has answered, or put it into the archive or back."""
        request = Request(
            "PATCH", path_of(f"{PATH}/{{}}", question_id), json=given(text=text, archived=archived)
        )
        return self._core.fetch(Question, request)
