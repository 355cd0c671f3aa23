"""The people who answer, by the platform's own identifiers."""

from datetime import datetime
from typing import Any

from candor_client.filters import as_params
from candor_client.flow import Flow, Request, Stream, given, path_of
from candor_client.models import Candidate, CandidateList, Erasure, KeptVoiceSummary, RaceEthnicity, Sex
from candor_client.operation import Group, TransportT_co, iteration, operation

PATH = "/v1/candidates"


class Candidates(Group[TransportT_co]):
    """No name and no e-mail address is needed."""

    @iteration("listCandidates")
    def list(
        self,
        *,
        external_id: str | None = None,
        created_from: datetime | None = None,
        created_before: datetime | None = None,
        page_size: int = 100,
        starting_after: str | None = None,
    ) -> Stream[Candidate]:
        """List every candidate, newest first.

        Args:
            external_id: the one of exactly this identifier.
            created_from: new then or later, with a time zone.
            created_before: new before that.
            page_size: how many to ask for at once, 1 to 100.
            starting_after: go on after this identifier.
        """
        times = as_params({"created_from": created_from, "created_before": created_before})
        params = {"external_id": external_id, "limit": page_size, "starting_after": starting_after}
        yield from self._core.pages(CandidateList, PATH, params | times)

    @operation("createCandidate")
    def create(self, *, external_id: str) -> Flow[Candidate]:
        """Register somebody, or find them again. Handing in an answer needs no registration."""
        return self._core.fetch(Candidate, Request("POST", PATH, json={"external_id": external_id}))

    @operation("getCandidate")
    def get(self, candidate: str) -> Flow[Candidate]:
        """Get one person, by the platform's own identifier or ours."""
        return self._core.fetch(Candidate, Request("GET", path_of(f"{PATH}/{{}}", candidate)))

    @operation("deleteCandidate")
    def delete(self, candidate: str) -> Flow[Erasure]:
        """Erase a person with everything that was handed in or made of it; keep the receipt's `id`."""
        return self._core.fetch(Erasure, Request("DELETE", path_of(f"{PATH}/{{}}", candidate)))

    @operation("revokeCandidateTokens")
    def revoke_tokens(self, candidate: str) -> Flow[None]:
        """Take back every token that came with an answer so far."""
        return self._core.discard(Request("DELETE", path_of(f"{PATH}/{{}}/tokens", candidate)))

    @operation("getVoiceSummary")
    def get_voice_summary(self, candidate: str) -> Flow[KeptVoiceSummary]:
        """Get how much is kept of a person's voice and since when; never the vectors."""
        path = path_of(f"{PATH}/{{}}/voice-summary", candidate)
        return self._core.fetch(KeptVoiceSummary, Request("GET", path))

    @operation("deleteVoiceSummary")
    def delete_voice_summary(self, candidate: str) -> Flow[None]:
        """Erase what is kept of a person's voice. Answers and reports stay."""
        return self._core.discard(Request("DELETE", path_of(f"{PATH}/{{}}/voice-summary", candidate)))

    @operation("exportCandidate")
    def export(self, candidate: str, *, include_media: bool = False) -> Flow[dict[str, Any]]:
        """Get everything that is kept of a person, explained; for them to have. Needs the scope `admin`."""
        params = {"include_media": include_media or None}
        request = Request("GET", path_of(f"{PATH}/{{}}/access_export", candidate), params=params)
        answer = yield from self._core.send(request)
        exported: dict[str, Any] = answer.json()
        return exported

    @operation("keepDemographics")
    def keep_demographics(
        self,
        candidate: str,
        *,
        sex: Sex | str | None = None,
        race_ethnicity: RaceEthnicity | str | None = None,
    ) -> Flow[None]:
        """Keep what a person says of themselves, for impact ratios alone; what is left out is not kept."""
        body = given(sex=sex, race_ethnicity=race_ethnicity)
        return self._core.discard(Request("PUT", path_of(f"{PATH}/{{}}/demographics", candidate), json=body))

    @operation("deleteDemographics")
    def delete_demographics(self, candidate: str) -> Flow[None]:
        """Erase what a person said of themselves."""
        return self._core.discard(Request("DELETE", path_of(f"{PATH}/{{}}/demographics", candidate)))
