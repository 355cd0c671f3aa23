"""API keys as the interface shows and takes them."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from gateway.http.fields import Moment, Printable, Scope

MAX_NAME_CHARS = 100
MAX_OVERLAP_S = 30 * 86_400
DEFAULT_OVERLAP_S = 86_400

KEY_EXAMPLE: dict[str, Any] = {
    "id": "key_01kajb3z6v8m2q4n7x9r5t1w3y",
    "name": "nightly export",
    "hint": "cnd_Zk3p",
    "scopes": ["reports:read"],
    "status": "active",
    "created_at": "2026-03-02T09:00:00Z",
    "expires_at": "2026-09-01T00:00:00Z",
    "revoked_at": None,
    "last_used_at": "2026-03-02T09:30:00Z",
    "replaced_by": None,
}
SECRET_EXAMPLE = {"key": "cnd_ZXhhbXBsZS1vbmx5LW5vdC1hLWtleQ"}


class KeyStatus(StrEnum):
    """Whether a key is good."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


KeyName = Annotated[Printable, Field(max_length=MAX_NAME_CHARS)]
Expiry = Annotated[
    Moment | None,
    Field(description="When the key ceases to be good, with a time zone; null for never."),
]


class ApiKeyView(BaseModel):
    """A key, without the key itself."""

    model_config = ConfigDict(title="ApiKey", json_schema_extra={"examples": [KEY_EXAMPLE]})

    id: str
    name: str
    hint: str | None = Field(description="How the key begins, to recognise it by.")
    scopes: list[Scope]
    status: KeyStatus
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None = Field(description="To the minute; null where it was never used.")
    replaced_by: str | None = Field(description="The key that a rotation put in its place: `key_…`.")


class OwnApiKey(ApiKeyView):
    """The key that asks, and whose it is."""

    model_config = ConfigDict(
        title="OwnApiKey",
        json_schema_extra={"examples": [{**KEY_EXAMPLE, "tenant_id": "ten_01kajb3z6v8m2q4n7x9r5t1w3z"}]},
    )

    tenant_id: str


class CreatedApiKey(ApiKeyView):
    """A new key. `key` is shown here and never again."""

    model_config = ConfigDict(
        title="CreatedApiKey", json_schema_extra={"examples": [{**KEY_EXAMPLE, **SECRET_EXAMPLE}]}
    )

    key: str


class ApiKeyList(BaseModel):
    """A page of keys, newest first."""

    data: list[ApiKeyView]
    has_more: bool


class NewApiKey(BaseModel):
    """A key to make."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "name": "nightly export",
                    "scopes": ["reports:read"],
                    "expires_at": "2036-09-01T00:00:00Z",
                }
            ]
        },
    )

    name: KeyName
    scopes: list[Scope] = Field(
        min_length=1, max_length=len(Scope), description="None that the asking key lacks."
    )
    expires_at: Expiry = None


class Rotation(BaseModel):
    """How one key takes over from another."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"overlap_s": DEFAULT_OVERLAP_S}]}
    )

    overlap_s: int = Field(
        default=DEFAULT_OVERLAP_S,
        ge=0,
        le=MAX_OVERLAP_S,
        description="How long the old key stays good, in seconds; 0 where it has leaked.",
    )
    expires_at: Expiry = Field(
        default=None, description="Of the new key; where it is left out, that of the old one."
    )
