"""What the interface shows of governance: consents, the tenant's rules, erasures, demographics."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from gateway.policy import Jurisdiction, Reader
from gateway.schemas import ConsentedAt, ConsentVersion, ExternalId, Purpose
from services.common.contracts.labels import Modality
from services.common.contracts.results import Notice

MAX_DAYS = 36_500
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Days = Annotated[int, Field(ge=1, le=MAX_DAYS)]

CONSENT_EXAMPLE: dict[str, Any] = {
    "id": "cons_01kajb3z6v8m2q4n7x9r5t1w41",
    "candidate": "applicant-4711",
    "candidate_id": "cand_01kajb3z6v8m2q4n7x9r5t1w3z",
    "purpose": "self_practice",
    "version": "2026-03",
    "text_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "status": "given",
    "consented_at": "2026-03-02T09:20:00Z",
    "withdrawn_at": None,
    "created_at": "2026-03-02T09:21:00Z",
}


class NewConsent(BaseModel):
    """What a candidate was shown and agreed to."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    name: CONSENT_EXAMPLE[name]
                    for name in ("candidate", "purpose", "version", "text_sha256", "consented_at")
                }
            ]
        },
    )

    candidate: ExternalId = Field(
        description="The platform's own identifier of the person; a new one creates the candidate."
    )
    purpose: Purpose = Field(description="What it was given for; consent to one purpose covers no other.")
    version: ConsentVersion = Field(description="Which version of the words was shown.")
    text_sha256: Sha256 | None = Field(
        default=None, description="SHA-256 of the words that were shown, as proof of which they were."
    )
    consented_at: ConsentedAt = Field(description="When the candidate agreed, with the offset from UTC.")


class ConsentView(BaseModel):
    """A consent, and whether it still holds."""

    model_config = ConfigDict(title="Consent", json_schema_extra={"examples": [CONSENT_EXAMPLE]})

    id: str
    candidate: str = Field(description="The platform's own identifier of the person.")
    candidate_id: str
    purpose: Purpose
    version: str
    text_sha256: str | None = None
    status: Literal["given", "withdrawn"]
    consented_at: datetime
    withdrawn_at: datetime | None = None
    created_at: datetime


class ConsentList(BaseModel):
    """A page of consents, newest first."""

    data: list[ConsentView]
    has_more: bool


class Rule(BaseModel):
    """What one purpose may do under the tenant's jurisdiction."""

    purpose: Purpose
    channels: list[Modality] = Field(description="What may be analysed.")
    refused: dict[Modality, str] = Field(description="What may not, and the legal reason.")
    consent_required: bool
    report_readers: list[Reader]
    warnings: list[Notice] = Field(description="What every such report warns of.")
    deletion_within_days: int | None = Field(
        default=None,
        description="The longest that an erasure may take, in days, where the law sets a number.",
    )


RETENTION_EXAMPLE: dict[str, Any] = {"media_days": 30, "features_days": None, "report_days": None}
TENANT_EXAMPLE: dict[str, Any] = {
    "id": "ten_01kajb3z6v8m2q4n7x9r5t1w3a",
    "name": "Acme",
    "jurisdiction": "eu",
    "retention": RETENTION_EXAMPLE,
    "rules": [
        {
            "purpose": "self_practice",
            "channels": ["text", "audio", "video"],
            "refused": {},
            "consent_required": True,
            "report_readers": ["candidate"],
            "warnings": [],
            "deletion_within_days": 30,
        }
    ],
    "created_at": "2026-03-01T08:00:00Z",
}


class Retention(BaseModel):
    """Days that each kind of artefact is kept; null keeps it until it is erased."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [RETENTION_EXAMPLE]})

    media_days: Days | None = Field(default=None, description="Recordings, documents and typed answers.")
    features_days: Days | None = Field(
        default=None, description="Mean voices that later answers are compared with."
    )
    report_days: Days | None = Field(
        default=None, description="Reports and everything else of an answer; it is erased whole."
    )


class TenantView(BaseModel):
    """The tenant, whose law it is under, and what follows from that."""

    model_config = ConfigDict(title="Tenant", json_schema_extra={"examples": [TENANT_EXAMPLE]})

    id: str
    name: str
    jurisdiction: Jurisdiction
    retention: Retention
    rules: list[Rule]
    created_at: datetime


class TenantChange(BaseModel):
    """What to change of the tenant; what is left out stays."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"jurisdiction": "eu"}, {"retention": {"media_days": 7}}]},
    )

    jurisdiction: Jurisdiction | None = None
    retention: Retention | None = None


class ErasureCause(StrEnum):
    """Why something was erased."""

    REQUEST = "request"
    CONSENT_WITHDRAWN = "consent_withdrawn"


ERASURE_EXAMPLE: dict[str, Any] = {
    "id": "era_01kajb3z6v8m2q4n7x9r5t1w42",
    "cause": "request",
    "erased": {"assessments": 3, "media_objects": 4, "media_bytes": 1048576, "reports": 3, "candidates": 1},
    "kept": "Entries of the audit log, under a pseudonym that no longer leads to the person.",
    "finished_at": "2026-03-09T10:00:00Z",
    "deletion_within_days": 30,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
}


class ErasureView(BaseModel):
    """The receipt of an erasure. It says what went, not whose it was: keep its `id` with your own file."""

    model_config = ConfigDict(title="Erasure", json_schema_extra={"examples": [ERASURE_EXAMPLE]})

    id: str
    cause: ErasureCause
    erased: dict[str, int] = Field(description="How much went: rows by table, objects and bytes of media.")
    kept: str = Field(description="What stays, and why it leads to nobody.")
    finished_at: datetime
    deletion_within_days: int | None = Field(
        default=None,
        description="The longest that it was allowed to take, in days, where the law sets a number.",
    )
    sha256: str = Field(description="SHA-256 of the receipt without this member, as JSON with sorted keys.")
