"""Sealing of what is kept for a client, with a key that the database does not hold."""

import base64

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
USE = b"candor kept answers"
"""What the derived key is for, so that it is nobody else's (RFC 5869, section 3.2)."""


def seal(data: bytes, *, secret: bytes) -> bytes:
    """Encrypt `data`, so that it is readable only with `secret`: a Fernet token."""
    return _sealer(secret).encrypt(data)


def unseal(sealed: bytes, *, secret: bytes) -> bytes:
    """Decrypt what was sealed with the same `secret`.

    Raises:
        ValueError: it was sealed with another secret, or changed since.
    """
    try:
        return _sealer(secret).decrypt(sealed)
    except InvalidToken as fault:
        raise ValueError("not sealed with this secret") from fault


def _sealer(secret: bytes) -> Fernet:
    key = HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=USE).derive(secret)
    return Fernet(base64.urlsafe_b64encode(key))
