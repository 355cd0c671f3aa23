"""The people who answer, by the platform's own identifiers."""

from candor_client.flow import Flow, Request, path_of
from candor_client.models import KeptVoiceSummary
from candor_client.operation import Group, TransportT_co, operation

PATH = "/v1/candidates"


class Candidates(Group[TransportT_co]):
    """No name and no e-mail address is needed."""

    @operation("getVoiceSummary")
    def get_voice_summary(self, candidate: str) -> Flow[KeptVoiceSummary]:
        """How much is kept of a person's voice and since when; never the vectors."""
        path = path_of(f"{PATH}/{{}}/voice-summary", candidate)
        return self._core.fetch(KeptVoiceSummary, Request("GET", path))

    @operation("deleteVoiceSummary")
    def delete_voice_summary(self, candidate: str) -> Flow[None]:
        """Erase what is kept of a person's voice. Answers and reports stay."""
        return self._core.discard(Request("DELETE", path_of(f"{PATH}/{{}}/voice-summary", candidate)))
