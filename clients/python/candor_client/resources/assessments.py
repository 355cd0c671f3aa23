"""Answers on their way to a report, and the reports."""

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime
from typing import Unpack

from candor_client.filters import AnswerFilters, Statuses, as_params
from candor_client.flow import Flow, Request, Stream, given, path_of
from candor_client.media import MediaSource, UploadProgress, open_media
from candor_client.models import AcceptedAssessment, Assessment, AssessmentList, Purpose
from candor_client.operation import Group, TransportT_co, iteration, operation
from candor_client.waiting import ProgressCallback, Wait

PATH = "/v1/assessments"


class Assessments(Group[TransportT_co]):
    """One answer each: one or more of video, audio, document and text, and one report."""

    @operation("createAssessment")
    def create(
        self,
        *,
        candidate: str,
        question: str,
        text: str | None = None,
        video: MediaSource | None = None,
        audio: MediaSource | None = None,
        document: MediaSource | None = None,
        upload: Sequence[str] = (),
        interview: str | None = None,
        purpose: Purpose | str | None = None,
        tags: Sequence[str] = (),
        consent: str | None = None,
        consent_version: str | None = None,
        consented_at: datetime | None = None,
        progress: UploadProgress | None = None,
        idempotency_key: str | None = None,
    ) -> Flow[AcceptedAssessment]:
        """Hand in one answer. Files are read while they are sent, so that memory stays flat.

        Args:
            candidate: the platform's own identifier of the person; a new one creates the candidate.
            question: identifier of a question of the bank.
            text: a typed answer.
            video: moving pictures with sound.
            audio: sound.
            document: PDF, Word or plain text; excludes `text`.
            upload: identifiers of complete uploads (`uploads.send`), in place of files or beside them.
            interview: the interview that it belongs to.
            purpose: why the answer is analysed; the interview's, or else `self_practice`, by default.
            tags: cohorts to compare with, besides the question's.
            consent: the consent that it rests on; the latest in force by default.
            consent_version: which words the candidate agreed to, instead of `consent`.
            consented_at: when, with an offset from UTC; goes with `consent_version`.
            progress: told how much of the files was sent.
            idempotency_key: a key of your own, to hand in the same answer once across restarts.

        Raises:
            InvalidRequestError, TooLargeError, UnsupportedMediaError: see `code`.
            PermissionDeniedError: the law of the tenant's place forbids this analysis.
        """
        form = given(
            candidate=candidate,
            question=question,
            interview=interview,
            purpose=purpose,
            tags=list(tags),
            upload=list(upload),
            consent=consent,
            consent_version=consent_version,
            consented_at=None if consented_at is None else consented_at.isoformat(),
            text=text,
        )
        with ExitStack() as files:
            media = open_media(
                {"video": video, "audio": audio, "document": document}, files=files, progress=progress
            )
            request = Request(
                "POST",
                PATH,
                form=form,
                files=media.parts,
                repeatable=media.rewindable,
                headers={"Idempotency-Key": idempotency_key} if idempotency_key else {},
            )
            return (yield from self._core.fetch(AcceptedAssessment, request))

    @iteration("listAssessments")
    def list(
        self,
        *,
        status: Statuses = (),
        expand: Sequence[str] = (),
        page_size: int = 100,
        starting_after: str | None = None,
        **filters: Unpack[AnswerFilters],
    ) -> Stream[Assessment]:
        """List every answer, newest first.

        Args:
            status: in these states only.
            expand: `report` sends reports along.
            page_size: how many to ask for at once, 1 to 100.
            starting_after: go on after this identifier.
            filters: which answers.
        """
        params = {"status": [str(each) for each in status], "expand": [*expand], "limit": page_size}
        params |= {"starting_after": starting_after, **as_params(filters)}
        yield from self._core.pages(AssessmentList, PATH, params)

    @operation("getAssessment")
    def get(self, assessment_id: str, *, expand: Sequence[str] = ()) -> Flow[Assessment]:
        """Get how far one answer is; `expand=["report"]` sends its report along."""
        path = path_of(f"{PATH}/{{}}", assessment_id)
        return self._core.fetch(Assessment, Request("GET", path, params={"expand": [*expand]}))

    @operation("deleteAssessment")
    def delete(self, assessment_id: str) -> Flow[None]:
        """Stop the work and erase media, results and report."""
        return self._core.discard(Request("DELETE", path_of(f"{PATH}/{{}}", assessment_id)))

    @operation("followAssessment", "getAssessment")
    def wait(
        self,
        assessment_id: str,
        *,
        timeout_s: float | None = 600.0,
        poll_s: float = 2.0,
        progress: ProgressCallback | None = None,
    ) -> Flow[Assessment]:
        """Wait until nothing will change any more; check `status`, since an analysis may have failed.

        Follows the server-sent events, goes on from the last one when the connection breaks, and asks
        every `poll_s` seconds where they do not come through.

        Args:
            assessment_id: what to wait for.
            timeout_s: how long; null for as long as it takes.
            poll_s: time between two questions.
            progress: told about every change.

        Raises:
            WaitTimeoutError: the time was up; the analysis goes on.
        """
        deadline_s = None if timeout_s is None else self._core.clock() + timeout_s
        path = path_of(f"{PATH}/{{}}", assessment_id)
        return Wait(self._core, path, deadline_s=deadline_s, poll_s=poll_s, tell=progress).run()
