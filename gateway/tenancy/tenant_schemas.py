"""Schemas of a tenant's own settings."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from gateway.http.fields import Purpose
from gateway.law.policy import Jurisdiction, Reader
from services.common.contracts.labels import Modality
from services.common.contracts.results import Notice

MAX_DAYS = 36_500

Days = Annotated[int, Field(ge=1, le=MAX_DAYS)]


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
