"""How messages point at media: by key and hash, never by content."""

from typing import Annotated, Literal

from pydantic import Field

from services.common.contracts.base import Contract
from services.common.contracts.labels import MediaKind

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class MediaRef(Contract):
    """One stored object. `content_type` is what the gateway sniffed, not what the client said."""

    schema_version: Literal[1] = 1
    kind: MediaKind
    key: str = Field(min_length=1, max_length=512)
    sha256: Sha256
    size_bytes: int = Field(ge=0)
    content_type: str
