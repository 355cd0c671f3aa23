"""Signing secrets: shown once, stored nowhere, made again from a salt whenever something is signed."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

from standardwebhooks import Webhook

SECRET_PREFIX = "whsec_"  # noqa: S105 - the scheme's prefix, no secret
SALT_BYTES = 32
_PURPOSE = b"candor webhook signing v1"


def new_salt() -> str:
    """Make a random salt, in hexadecimal."""
    return secrets.token_hex(SALT_BYTES)


def secret_of(salt: str, *, key_secret: str) -> str:
    """Return the signing secret behind `salt`: `whsec_` and 32 bytes in base64.

    HMAC-SHA256 of the salt, keyed with a key that is derived from `GATEWAY_KEY_SECRET` for this purpose
    alone (the extract and expand of RFC 5869 in one step each). A leaked table holds no secret, and
    another `GATEWAY_KEY_SECRET` means other secrets.
    """
    purpose_key = hmac.digest(key_secret.encode(), _PURPOSE, hashlib.sha256)
    derived = hmac.digest(purpose_key, bytes.fromhex(salt), hashlib.sha256)
    return SECRET_PREFIX + base64.b64encode(derived).decode("ascii")


def signature_header(signing_secrets: Sequence[str], *, webhook_id: str, timestamp: int, body: str) -> str:
    """Return the value of `webhook-signature`: one `v1,…` per secret, with spaces between."""
    moment = datetime.fromtimestamp(timestamp, UTC)
    return " ".join(Webhook(secret).sign(webhook_id, moment, body) for secret in signing_secrets)
