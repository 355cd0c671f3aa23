"""Whom a presented API key or candidate token belongs to, and what it may do."""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Engine, Row, text

from gateway.errors import RefusedError
from gateway.problem_codes import ProblemCode

TOKEN_PREFIX = "cndt_"  # noqa: S105 - how a token begins


class CandidateGrant(NamedTuple):
    """Whose practice results a candidate token opens: those handed in from `opens_from` on."""

    candidate_id: str
    opens_from: datetime


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """Whom a presented key or candidate token belongs to.

    Attributes:
        key_id: `key_…`, or `tok_…` of a candidate token.
        tenant_id: the tenant whose rows it may reach.
        scopes: what the key may do; a candidate token has none.
        expires_at: when it ceases to be good, null for never.
        revoked: somebody took it back.
        expired: `expires_at` has passed.
        candidate: set for a candidate token, null for a key.
    """

    key_id: str
    tenant_id: str
    scopes: frozenset[str]
    expires_at: datetime | None = None
    revoked: bool = False
    expired: bool = False
    candidate: CandidateGrant | None = None

    @property
    def actor(self) -> str:
        """Who acts, as the audit log names them."""
        return self.key_id if self.candidate is None else "candidate"

    @property
    def is_good(self) -> bool:
        """Whether it still opens anything."""
        return not (self.revoked or self.expired)


def hash_key(key: str, *, key_secret: str) -> str:
    """Return the HMAC-SHA256 of a key: a leaked table alone cannot even be searched for a guessed key."""
    return hmac.new(key_secret.encode(), key.encode("utf-8", errors="replace"), hashlib.sha256).hexdigest()


def find_holder(engine: Engine, presented: str, *, key_secret: str) -> KeyHolder | None:
    """Find whom a key or a candidate token belongs to, in whichever tenant; null where it is unknown.

    What is revoked or expired is found too, and marked so. The use of a good key is noted, at most
    once a minute.
    """
    hashed = {"hash": hash_key(presented, key_secret=key_secret)}
    with engine.begin() as connection:
        if presented.startswith(TOKEN_PREFIX):
            token = connection.execute(_FIND_TOKEN, hashed).one_or_none()
            return None if token is None else _of_token(token)
        key = connection.execute(_FIND_KEY, hashed).one_or_none()
        return None if key is None else _of_key(key)


_FIND_KEY = text(
    "SELECT key_id, tenant_id, scopes, expires_at, revoked, expired FROM candor_authenticate(:hash)"
)


_FIND_TOKEN = text(
    "SELECT token_id, tenant_id, candidate_id, created_at, expires_at, revoked, expired "
    "FROM candor_authenticate_candidate(:hash)"
)


def _of_key(row: Row[Any]) -> KeyHolder:
    return KeyHolder(
        key_id=row.key_id,
        tenant_id=row.tenant_id,
        scopes=frozenset(row.scopes),
        expires_at=row.expires_at,
        revoked=row.revoked,
        expired=row.expired,
    )


def _of_token(row: Row[Any]) -> KeyHolder:
    return KeyHolder(
        key_id=row.token_id,
        tenant_id=row.tenant_id,
        scopes=frozenset(),
        expires_at=row.expires_at,
        revoked=row.revoked,
        expired=row.expired,
        candidate=CandidateGrant(candidate_id=row.candidate_id, opens_from=row.created_at),
    )


def require_scopes(holder: KeyHolder, scopes: Iterable[str]) -> None:
    """Raise `scope_missing` unless the key has all of `scopes`."""
    missing = set(scopes) - holder.scopes
    if missing:
        raise RefusedError(
            ProblemCode.SCOPE_MISSING, f"Ask for a key with the scope {', '.join(sorted(missing))}."
        )
