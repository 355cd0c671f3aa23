"""Schemas of erasures and their receipts."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


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
