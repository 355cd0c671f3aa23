"""The `webhooks` of the OpenAPI document: what arrives at an endpoint, and what to answer."""

from typing import Any

from gateway.webhooks.events import EventType
from gateway.webhooks.schemas import ASSESSMENT_ID, EVENT_ID, PAYLOAD_EXAMPLE, WebhookPayload

TIMESTAMP_EXAMPLE = "1772443870"
HEADERS: dict[str, tuple[str, str, str]] = {
    "webhook-id": (
        "Identifier of the event, the same for every attempt and replay: what came before may be dropped.",
        r"^evt_[0-9a-z]{26}$",
        EVENT_ID,
    ),
    "webhook-timestamp": (
        "When this attempt was made, in seconds since 1970; refuse what is minutes old.",
        "^[0-9]+$",
        TIMESTAMP_EXAMPLE,
    ),
    "webhook-signature": (
        "HMAC-SHA256 over `{webhook-id}.{webhook-timestamp}.{body}`; several while a secret is rotated.",
        r"^v1,[A-Za-z0-9+/]{43}=( v1,[A-Za-z0-9+/]{43}=)*$",
        "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
    ),
}
ABOUT: dict[EventType, tuple[str, str]] = {
    EventType.ASSESSMENT_SUCCEEDED: ("The report is ready, with every channel.", ASSESSMENT_ID),
    EventType.ASSESSMENT_PARTIALLY_SUCCEEDED: ("The report is ready, some channels failed.", ASSESSMENT_ID),
    EventType.ASSESSMENT_FAILED: ("Every channel failed; the report says why.", ASSESSMENT_ID),
    EventType.ASSESSMENT_CANCELED: ("The work was stopped before there was a report.", ASSESSMENT_ID),
    EventType.ASSESSMENT_EXPIRED: ("The work was given up; hand the answer in again.", ASSESSMENT_ID),
    EventType.CANDIDATE_ERASED: (
        "A person was erased everywhere; `id` names the erasure, since nothing else is left.",
        "era_01kajb3z6v8m2q4n7x9r5t1w44",
    ),
    EventType.CONSENT_WITHDRAWN: (
        "A person withdrew their consent; erase what was copied.",
        "cons_01kajb3z6v8m2q4n7x9r5t1w45",
    ),
    EventType.WEBHOOK_TEST: ("Somebody asked for a test.", "whe_01kajb3z6v8m2q4n7x9r5t1w41"),
}
ANSWERS = {
    "2XX": "Taken. Answer within 15 seconds and work later; the body is not read.",
    "3XX": "Counts as a failure: redirects are not followed.",
    "410": "Send nothing there any more: the endpoint is disabled.",
    "429": "Tried again after `Retry-After`, or a minute; until then nothing else is sent there.",
    "default": "Tried again, ten times in three days; then the event waits for a replay.",
}


def describe_webhooks(document: dict[str, Any]) -> None:
    """Add to `document` one webhook per type of event."""
    schema = WebhookPayload.model_json_schema(ref_template="#/components/schemas/{model}")
    document["components"]["schemas"].update(schema.pop("$defs"))
    document["components"]["schemas"][WebhookPayload.__name__] = schema
    document["webhooks"] = {type_.value: {"post": _operation(type_)} for type_ in EventType}


def _operation(type_: EventType) -> dict[str, Any]:
    description, subject = ABOUT[type_]
    example = {
        **PAYLOAD_EXAMPLE,
        "type": type_.value,
        "data": {"id": subject, "status": type_.value.rpartition(".")[2]},
    }
    name = "".join(part.capitalize() for part in type_.value.replace(".", "_").split("_"))
    return {
        "operationId": f"on{name}",
        "tags": ["webhooks"],
        "summary": type_.value,
        "description": description,
        "security": [],
        "parameters": [
            {
                "name": header,
                "in": "header",
                "required": True,
                "description": text,
                "schema": {"type": "string", "pattern": pattern},
                "example": shown,
            }
            for header, (text, pattern, shown) in HEADERS.items()
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": f"#/components/schemas/{WebhookPayload.__name__}"},
                    "examples": {type_.value: {"value": example}},
                }
            },
        },
        "responses": {status: {"description": text} for status, text in ANSWERS.items()},
    }
