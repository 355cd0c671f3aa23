"""Checking that a webhook comes from Candor (Standard Webhooks: HMAC-SHA256 over id, time and body)."""

import json
from collections.abc import Mapping, Sequence

from standardwebhooks import Webhook, WebhookVerificationError

from candor_client.errors import SignatureError
from candor_client.models import Event

ID_HEADER = "webhook-id"


def verify_webhook(body: bytes | str, headers: Mapping[str, str], secrets: str | Sequence[str]) -> Event:
    """Return the event in `body`, if one of `secrets` signed it within the last five minutes.

    The same event may come more than once, also much later: remember its `id`.

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
        return Event.model_validate({**json.loads(body), "id": lowered[ID_HEADER]})
    except (TypeError, ValueError) as fault:
        raise SignatureError("the signature holds, but this is no event") from fault


def _signed(body: bytes | str, headers: dict[str, str], secret: str) -> bool:
    try:
        Webhook(secret).verify(body, headers, json_parse=False)
    except (WebhookVerificationError, ValueError):
        return False  # the library splits and decodes what strangers send, hence the ValueError
    return True
