"""Candidates as the interface shows and takes them."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from gateway.http.fields import ExternalId

CANDIDATE_EXAMPLE: dict[str, Any] = {
    "id": "cand_01kajb3z6v8m2q4n7x9r5t1w3z",
    "external_id": "applicant-4711",
    "created_at": "2026-03-02T09:30:00Z",
}


class CandidateView(BaseModel):
    """A person, by the platform's own identifier."""

    model_config = ConfigDict(title="Candidate", json_schema_extra={"examples": [CANDIDATE_EXAMPLE]})

    id: str
    external_id: str = Field(description="The platform's own identifier; no name or e-mail is needed.")
    created_at: datetime


class CandidateList(BaseModel):
    """A page of candidates, newest first."""

    data: list[CandidateView]
    has_more: bool


class NewCandidate(BaseModel):
    """A candidate to register; handing in an answer does it as well."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"external_id": "applicant-4711"}]}
    )

    external_id: ExternalId
