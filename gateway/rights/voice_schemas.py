"""Schemas of what is kept of a person's voice."""

from datetime import datetime
from typing import Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
)


class EncoderView(BaseModel):
    """A model whose embeddings of a person's voice are kept. Those of different versions never mix."""

    name: str
    version: int
    answers: int = Field(ge=1)


VOICE_SUMMARY_EXAMPLE: dict[str, Any] = {
    "candidate": "applicant-4711",
    "candidate_id": "cand_01kajb3z6v8m2q4n7x9r5t1w3z",
    "answers": 3,
    "clips": 41.5,
    "encoders": [{"name": "voice_encoder", "version": 1, "answers": 3}],
    "first_kept_at": "2026-03-02T09:31:00Z",
    "last_kept_at": "2026-03-09T18:05:00Z",
}


class VoiceSummaryView(BaseModel):
    """What is kept of a person's voice: how much and since when, not the vectors themselves."""

    model_config = ConfigDict(
        title="KeptVoiceSummary", json_schema_extra={"examples": [VOICE_SUMMARY_EXAMPLE]}
    )

    candidate: str = Field(description="The platform's own identifier of the person.")
    candidate_id: str
    answers: int = Field(ge=0, description="Answers of which a mean voice is kept.")
    clips: float = Field(ge=0, description="Speech behind them, in windows of the encoder.")
    encoders: list[EncoderView]
    first_kept_at: datetime | None
    last_kept_at: datetime | None
