"""Schemas of consents."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from gateway.http.fields import ConsentedAt, ConsentVersion, ExternalId, Purpose

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

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
