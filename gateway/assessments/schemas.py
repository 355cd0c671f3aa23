"""What the interface shows. Kept apart from the tables, so that either can change alone."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    model_validator,
)

from gateway.http.fields import MAX_TAGS, ConsentedAt, ConsentVersion, ExternalId, Printable, Purpose, Tag
from services.common.contracts.labels import AssessmentStatus, MediaKind, Modality, ModalityStatus
from services.common.contracts.results import ErrorCode, Report

MAX_UPLOADS = 4


class AssessmentForm(BaseModel):
    """The form fields next to the media of `POST /v1/assessments`."""

    model_config = ConfigDict(extra="forbid")

    candidate: ExternalId = Field(
        description="The platform's own identifier of the person; a new one creates the candidate."
    )
    question: Annotated[Printable, Field(max_length=64)] = Field(
        description="Identifier of a question of the bank."
    )
    interview: Annotated[Printable, Field(max_length=64)] | None = Field(
        default=None,
        description=(
            "The interview that this answer belongs to: the same candidate's, with this question and this "
            "purpose. Its tags come on top. Answering a question again replaces the earlier answer there."
        ),
    )
    purpose: Purpose = Field(
        default=Purpose.SELF_PRACTICE, description="The interview's own by default, where there is one."
    )
    tags: list[Tag] = Field(
        default=[],
        max_length=MAX_TAGS,
        description="Cohorts to compare with, besides the question's. `role:nurse` names a post.",
    )
    upload: list[Annotated[Printable, Field(max_length=64)]] = Field(
        default=[],
        max_length=MAX_UPLOADS,
        description="Identifiers of complete uploads, in place of parts or beside them.",
    )
    consent: Annotated[Printable, Field(max_length=64)] | None = Field(
        default=None,
        description="Identifier of the consent that the answer rests on; the latest in force by default.",
    )
    consent_version: ConsentVersion | None = Field(
        default=None, description="Which words the candidate agreed to, instead of `consent`."
    )
    consented_at: ConsentedAt | None = Field(
        default=None, description="When the candidate agreed to `consent_version`, with the offset from UTC."
    )

    @model_validator(mode="after")
    def _one_consent(self) -> "AssessmentForm":
        if (self.consent_version is None) != (self.consented_at is None):
            raise ValueError("send consent_version and consented_at together")
        if self.consent is not None and self.consent_version is not None:
            raise ValueError("send either consent, or consent_version and consented_at")
        return self


class MediaView(BaseModel):
    """One stored part of the answer. `content_type` is what the bytes say, not what the client said."""

    kind: MediaKind
    content_type: str
    size_bytes: int
    sha256: str


class ModalityView(BaseModel):
    """State of one analysis."""

    status: ModalityStatus
    progress: float = Field(ge=0, le=1, description="Share of the work that is done.")
    error_code: ErrorCode | None = None
    reason: str | None = Field(default=None, description="One sentence that says what to do next.")


ASSESSMENT_EXAMPLE: dict[str, Any] = {
    "id": "asm_01kajb3z6v8m2q4n7x9r5t1w3y",
    "status": "processing",
    "candidate": "applicant-4711",
    "candidate_id": "cand_01kajb3z6v8m2q4n7x9r5t1w3z",
    "question": "q_01kajb3z6v8m2q4n7x9r5t1w40",
    "interview": None,
    "purpose": "self_practice",
    "tags": ["spring"],
    "media": [
        {
            "kind": "video",
            "content_type": "video/mp4",
            "size_bytes": 1048576,
            "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        }
    ],
    "modalities": {
        "text": {
            "status": "skipped",
            "progress": 1.0,
            "error_code": "transcription_unavailable",
            "reason": None,
        },
        "audio": {"status": "succeeded", "progress": 1.0, "error_code": None, "reason": None},
        "video": {"status": "running", "progress": 0.4, "error_code": None, "reason": None},
    },
    "consent": "cons_01kajb3z6v8m2q4n7x9r5t1w41",
    "media_erased_at": None,
    "created_at": "2026-03-02T09:30:00Z",
}


class AssessmentView(BaseModel):
    """One answer and how far its analysis is."""

    model_config = ConfigDict(json_schema_extra={"examples": [ASSESSMENT_EXAMPLE]}, title="Assessment")

    id: str
    status: AssessmentStatus
    candidate: str = Field(description="The platform's own identifier of the person.")
    candidate_id: str
    question: str
    interview: str | None = None
    purpose: Purpose
    tags: list[str]
    media: list[MediaView]
    modalities: dict[Modality, ModalityView]
    consent: str | None = Field(default=None, description="The consent that the answer rests on.")
    media_erased_at: datetime | None = Field(
        default=None, description="When the media was erased because its retention had ended."
    )
    created_at: datetime
    report: Report | None = Field(
        default=None, description="With `expand=report`: the report, once it is there and yours to read."
    )
    report_withheld: str | None = Field(
        default=None,
        description="With `expand=report`: why it is not yours to read: `report_readable_by_candidate_only`.",
    )


class AcceptedAssessment(AssessmentView):
    """An answer that was just handed in, with what opens it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{**ASSESSMENT_EXAMPLE, "candidate_token": "cndt_ZXhhbXBsZS1vbmx5LW5vdC1hLXRva2Vu"}]
        },
        title="AcceptedAssessment",
    )

    candidate_token: str | None = Field(
        description=(
            "Hand it to the candidate: it opens this answer, its events and its report, and the practice "
            "answers that follow. Shown here and never again; null where the answer is not for practice."
        )
    )


class AssessmentList(BaseModel):
    """A page of assessments, newest first."""

    data: list[AssessmentView]
    has_more: bool = Field(description="Whether there are more in the direction that was asked for.")


class ReportList(BaseModel):
    """A page of reports, those of the newest answers first."""

    data: list[Report]
    has_more: bool
