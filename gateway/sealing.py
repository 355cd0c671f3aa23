"""Sealing of what is kept for a client, with a key that the database does not hold.

SHAKE256 of a secret and a fresh nonce gives the pad, HMAC-SHA256 over nonce and sealed bytes the proof
(encrypt, then authenticate). Each secret seals few messages, and no pad is ever used twice.
"""

import hashlib
import hmac
import secrets

NONCE_BYTES = 16
TAG_BYTES = 32


def seal(data: bytes, *, secret: bytes) -> bytes:
    """`data`, readable only with `secret`: nonce, tag, and as many bytes as `data` has."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    hidden = _apply_pad(data, secret=secret, nonce=nonce)
    return nonce + _tag(nonce + hidden, secret=secret) + hidden


def unseal(sealed: bytes, *, secret: bytes) -> bytes:
    """What was sealed with the same `secret`.

    Raises:
        ValueError: it was sealed with another secret, or changed since.
    """
    nonce, tag = sealed[:NONCE_BYTES], sealed[NONCE_BYTES : NONCE_BYTES + TAG_BYTES]
    hidden = sealed[NONCE_BYTES + TAG_BYTES :]
    if not hmac.compare_digest(tag, _tag(nonce + hidden, secret=secret)):
        raise ValueError("not sealed with this secret")
    return _apply_pad(hidden, secret=secret, nonce=nonce)


def _apply_pad(data: bytes, *, secret: bytes, nonce: bytes) -> bytes:
    pad = hashlib.shake_256(_derive(secret, b"pad") + nonce).digest(len(data))
    return (int.from_bytes(data) ^ int.from_bytes(pad)).to_bytes(len(data))


def _tag(data: bytes, *, secret: bytes) -> bytes:
    return hmac.digest(_derive(secret, b"tag"), data, "sha256")


def _derive(secret: bytes, use: bytes) -> bytes:
    return hmac.digest(secret, use, "sha256")
