"""What the interface shows of resumable uploads."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from gateway.http.fields import Printable
from services.common.contracts.labels import MediaKind

SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
UPLOAD_EXAMPLE: dict[str, Any] = {
    "id": "up_01kajb3z6v8m2q4n7x9r5t1w3y",
    "kind": "video",
    "status": "open",
    "size_bytes": 104857600,
    "offset": 8388608,
    "content_type": None,
    "sha256": None,
    "problem": None,
    "created_at": "2026-03-02T09:30:00Z",
    "expires_at": "2026-03-03T09:30:00Z",
}


class UploadStatus(StrEnum):
    """How far an upload is."""

    OPEN = "open"
    COMPLETE = "complete"
    FAILED = "failed"


class NewUpload(BaseModel):
    """Media that will be sent in pieces."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"kind": "video", "size_bytes": 104857600, "filename": "answer.mp4"}]
        },
    )

    kind: Literal[MediaKind.VIDEO, MediaKind.AUDIO, MediaKind.DOCUMENT]
    size_bytes: int = Field(gt=0, lt=2**53, description="Of the whole.")
    filename: Annotated[Printable, Field(max_length=255)] | None = None
    sha256: str | None = Field(
        default=None, pattern="^[0-9a-f]{64}$", description="Of the whole; compared when all is there."
    )


class UploadView(BaseModel):
    """One upload and how much of it has come."""

    model_config = ConfigDict(title="Upload", json_schema_extra={"examples": [UPLOAD_EXAMPLE]})

    id: str
    kind: MediaKind
    status: UploadStatus
    size_bytes: int
    offset: int = Field(description="Bytes that have come; the next piece begins here.")
    content_type: str | None = Field(description="What the bytes say, once all are there.")
    sha256: str | None = Field(description="Of the whole, once all is there.")
    problem: str | None = Field(description="Code of the problem that ended the upload.")
    created_at: datetime
    expires_at: datetime = Field(description="When it is erased, unless an answer has taken it.")
