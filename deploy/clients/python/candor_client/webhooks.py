"""Checking that a webhook comes from Candor (Standard Webhooks: HMAC-SHA256 over id, time and body)."""

from collections.abc import Mapping, Sequence

from pydantic import AwareDatetime, ValidationError
from standardwebhooks import Webhook, WebhookVerificationError

from candor_client.base import Resource
from candor_client.errors import SignatureError

ID_HEADER = "webhook-id"


class WebhookEventData(Resource):
    """What the event is about: identifiers and a status, never scores."""

    id: str
    status: str


class WebhookPayload(Resource):
    """One event, as it is delivered. It may come more than once: remember `id`.

    Attributes:
        id: of the event, from the header `webhook-id`; the same at every attempt.
        type: such as `assessment.succeeded`.
        timestamp: when it happened.
        data: what it is about.
    """

    id: str = ""
    type: str
    timestamp: AwareDatetime
    data: WebhookEventData


def verify_webhook(
    body: bytes | str, headers: Mapping[str, str], secrets: str | Sequence[str]
) -> WebhookPayload:
    """The event in `body`, if one of `secrets` signed it within the last five minutes.

    Args:
        body: exactly as it was received.
        headers: of the request, in any case.
        secrets: `whsec_…`; several while one is being replaced.

    Raises:
        SignatureError: it is forged, altered, too old, or not Candor's. Answer 400.
    """
    lowered = {name.lower(): value for name, value in headers.items()}
    for secret in [secrets] if isinstance(secrets, str) else secrets:
        if _signed(body, lowered, secret):
            break
    else:
        raise SignatureError("no secret of ours signed this, or it was signed too long ago")
    try:
        payload = WebhookPayload.model_validate_json(body)
    except ValidationError as fault:
        raise SignatureError("the signature holds, but this is no event") from fault
    return payload.model_copy(update={"id": lowered[ID_HEADER]})


def _signed(body: bytes | str, headers: dict[str, str], secret: str) -> bool:
    try:
        Webhook(secret).verify(body, headers, json_parse=False)
    except (WebhookVerificationError, ValueError):
        return False  # the library splits and decodes what strangers send, hence the ValueError
    return True
