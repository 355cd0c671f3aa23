"""Identifiers: a prefix that says what it is, then 128 bits that sort by time of creation (ULID)."""

import re
import secrets
import time
from enum import StrEnum
from functools import cache

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: no letter that is read as a digit, and byte order is value order."""
CHARS = 26
RANDOM_BITS = 80


class Prefix(StrEnum):
    TENANT = "ten"
    API_KEY = "key"
    CANDIDATE = "cand"
    QUESTION = "q"
    ASSESSMENT = "asm"
    UPLOAD = "up"
    INTERVIEW = "int"
    REQUEST = "req"
    AUDIT_EVENT = "aud"
    AUDIT_SUBJECT = "sub"
    CONSENT = "cons"
    ERASURE = "era"
    CANDIDATE_TOKEN = "tok"  # noqa: S105 - the prefix of an identifier
    WEBHOOK_ENDPOINT = "whe"
    EVENT = "evt"
    WEBHOOK_DELIVERY = "whd"


def new_id(prefix: Prefix) -> str:
    """Make an identifier: 48 bits of milliseconds since 1970, 80 random bits, in 26 characters."""
    value = (time.time_ns() // 1_000_000) << RANDOM_BITS | secrets.randbits(RANDOM_BITS)
    digits = (ALPHABET[value >> 5 * place & 31] for place in reversed(range(CHARS)))
    return f"{prefix}_{''.join(digits)}"


def id_pattern(prefix: Prefix) -> str:
    """Return the regular expression of identifiers with `prefix`."""
    return f"^{prefix}_[{ALPHABET}]{{{CHARS}}}$"


def is_id(text: str, prefix: Prefix) -> bool:
    """Tell whether `text` can be one of our identifiers at all; what cannot be never reaches the database."""
    return _compiled(prefix).fullmatch(text) is not None


@cache
def _compiled(prefix: Prefix) -> re.Pattern[str]:
    return re.compile(id_pattern(prefix))
