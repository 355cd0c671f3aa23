"""What the interface shows of endpoints, events and deliveries."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from gateway.http.fields import Printable
from gateway.webhooks.events import EventType

MAX_URL_CHARS = 2000
MAX_DESCRIPTION_CHARS = 200
MAX_OVERLAP_S = 7 * 86_400
ENDPOINT_ID = "whe_01kajb3z6v8m2q4n7x9r5t1w41"
EVENT_ID = "evt_01kajb3z6v8m2q4n7x9r5t1w42"
ASSESSMENT_ID = "asm_01kajb3z6v8m2q4n7x9r5t1w3y"


class EndpointStatus(StrEnum):
    ENABLED = "enabled"
    DISABLED = "disabled"


class DisabledReason(StrEnum):
    """Why nothing is sent to an endpoint."""

    PAUSED = "paused"
    GONE = "gone"
    FAILING = "failing"


class DeliveryStatus(StrEnum):
    """`pending` is on its way or waits for the next attempt; `failed` needs a replay."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class AttemptError(StrEnum):
    """Why an attempt failed. The receiver's answer is not kept."""

    HTTP_STATUS = "http_status"
    REDIRECT = "redirect"
    TARGET_REFUSED = "target_refused"
    NAME_UNRESOLVED = "name_unresolved"
    CONNECTION_FAILED = "connection_failed"
    TLS_FAILED = "tls_failed"
    TIMEOUT = "timeout"
    BAD_RESPONSE = "bad_response"


Url = Annotated[Printable, Field(max_length=MAX_URL_CHARS)]
Description = Annotated[str, Field(max_length=MAX_DESCRIPTION_CHARS, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
EventTypes = Annotated[list[EventType], Field(max_length=len(EventType))]

URL_EXAMPLE = "https://hooks.example.com/candor"
ENDPOINT_EXAMPLE: dict[str, Any] = {
    "id": ENDPOINT_ID,
    "url": URL_EXAMPLE,
    "description": "Applicant tracking, production",
    "event_types": ["assessment.succeeded", "assessment.failed"],
    "status": "enabled",
    "disabled_reason": None,
    "disabled_at": None,
    "failing_since": None,
    "previous_secret_until": None,
    "created_at": "2026-03-02T09:00:00Z",
}
SECRET_EXAMPLE = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw0123456789A="  # noqa: S105 - an example


class NewWebhookEndpoint(BaseModel):
    """Where to send events."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "url": URL_EXAMPLE,
                    "description": "Applicant tracking, production",
                    "event_types": ["assessment.succeeded", "assessment.failed"],
                }
            ]
        },
    )

    url: Url = Field(description="`https://`, a public address. Redirects are not followed.")
    description: Description = ""
    event_types: EventTypes = Field(default=[], description="What to send; empty means everything.")


class WebhookEndpointChange(BaseModel):
    """What to change; fields that are left out stay."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"event_types": []}, {"status": "enabled"}]}
    )

    url: Url | None = None
    description: Description | None = None
    event_types: EventTypes | None = None
    status: EndpointStatus | None = Field(
        default=None,
        description="`disabled` gives up what is on its way; `enabled` begins with the next event.",
    )


class WebhookEndpointView(BaseModel):
    """An endpoint; its secret is never shown again."""

    model_config = ConfigDict(title="WebhookEndpoint", json_schema_extra={"examples": [ENDPOINT_EXAMPLE]})

    id: str
    url: str
    description: str
    event_types: list[EventType] = Field(description="What is sent; empty means everything.")
    status: EndpointStatus
    disabled_reason: DisabledReason | None = Field(
        default=None,
        description="`paused` by the tenant, `gone` after a 410, `failing` after days without success.",
    )
    disabled_at: datetime | None = None
    failing_since: datetime | None = Field(
        default=None, description="When the failures began that go on until now."
    )
    previous_secret_until: datetime | None = Field(
        default=None, description="Until then everything is signed with the former secret too."
    )
    created_at: datetime


class WebhookEndpointWithSecret(WebhookEndpointView):
    """An endpoint with its new secret, which is shown here and never again."""

    model_config = ConfigDict(
        title="WebhookEndpointWithSecret",
        json_schema_extra={"examples": [{**ENDPOINT_EXAMPLE, "secret": SECRET_EXAMPLE}]},
    )

    secret: str = Field(description="Verifies `webhook-signature`, by Standard Webhooks.")


class WebhookEndpointList(BaseModel):
    """A page of endpoints, newest first."""

    data: list[WebhookEndpointView]
    has_more: bool = Field(description="Whether there are more in the direction that was asked for.")


class SecretRotation(BaseModel):
    """How long the former secret stays good."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"overlap_s": 86_400}]})

    overlap_s: int = Field(
        default=86_400,
        ge=0,
        le=MAX_OVERLAP_S,
        description="Seconds in which both secrets sign; 0 where the former one has leaked.",
    )


class EventData(BaseModel):
    """What the event is about. Ask the interface for more; scores and names are never sent."""

    id: str = Field(description="The assessment; for other types, what their name says.")
    status: str = Field(description="The last part of the type.")


PAYLOAD_EXAMPLE: dict[str, Any] = {
    "type": "assessment.succeeded",
    "timestamp": "2026-03-02T09:31:07.120415Z",
    "data": {"id": ASSESSMENT_ID, "status": "succeeded"},
}


class WebhookPayload(BaseModel):
    """The body of a webhook."""

    model_config = ConfigDict(json_schema_extra={"examples": [PAYLOAD_EXAMPLE]})

    type: EventType
    timestamp: datetime = Field(description="When it happened, which may be long before it arrives.")
    data: EventData


class EventView(WebhookPayload):
    """Something that happened. `id` is the `webhook-id` of every message that tells of it."""

    model_config = ConfigDict(
        title="Event", json_schema_extra={"examples": [{"id": EVENT_ID, **PAYLOAD_EXAMPLE}]}
    )

    id: str


class EventList(BaseModel):
    """A page of events, newest first."""

    data: list[EventView]
    has_more: bool = Field(description="Whether there are more in the direction that was asked for.")


class AttemptView(BaseModel):
    """One attempt."""

    number: int = Field(ge=1)
    attempted_at: datetime
    duration_ms: int = Field(ge=0)
    status_code: int | None = Field(
        default=None, description="What the receiver answered; null where it did not."
    )
    error: AttemptError | None = None


DELIVERY_EXAMPLE: dict[str, Any] = {
    "id": "whd_01kajb3z6v8m2q4n7x9r5t1w43",
    "event_id": EVENT_ID,
    "endpoint_id": ENDPOINT_ID,
    "status": "pending",
    "attempts": [
        {
            "number": 1,
            "attempted_at": "2026-03-02T09:31:07.9Z",
            "duration_ms": 212,
            "status_code": 500,
            "error": "http_status",
        }
    ],
    "next_attempt_at": "2026-03-02T09:31:13.2Z",
    "created_at": "2026-03-02T09:31:07.120415Z",
    "settled_at": None,
}


class DeliveryView(BaseModel):
    """One event on its way to one endpoint. A replay is a delivery of its own."""

    model_config = ConfigDict(title="WebhookDelivery", json_schema_extra={"examples": [DELIVERY_EXAMPLE]})

    id: str
    event_id: str
    endpoint_id: str
    status: DeliveryStatus
    attempts: list[AttemptView]
    next_attempt_at: datetime | None = None
    created_at: datetime
    settled_at: datetime | None = None


class DeliveryList(BaseModel):
    """A page of deliveries, newest first."""

    data: list[DeliveryView]
    has_more: bool = Field(description="Whether there are more in the direction that was asked for.")


class Replay(BaseModel):
    """Where to send an event again."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"endpoint_id": ENDPOINT_ID}, {}]}
    )

    endpoint_id: str | None = Field(
        default=None, description="One endpoint; without it, every enabled one that wants the type."
    )


class ReplayView(BaseModel):
    """The deliveries that a replay began."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"data": [{**DELIVERY_EXAMPLE, "attempts": []}]}]}
    )

    data: list[DeliveryView]
