"""Tenants, their API keys, and whom a presented key or candidate token belongs to.

Tenants are made with the owner's or the administrator's connection; the gateway's suffices for keys.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Engine, Row, func, select, text, update
from sqlalchemy.orm import Session

from gateway.bank import DEFAULT_QUESTIONS
from gateway.ids import Prefix, new_id
from gateway.questions import add_question
from gateway.schemas import Scope
from gateway.settings import DEVELOPMENT_KEY_SECRET
from services.common.db.models import ApiKey, Tenant
from services.common.db.session import tenant_session

KEY_PREFIX = "cnd_"
TOKEN_PREFIX = "cndt_"  # noqa: S105 - how a token begins
KEY_BYTES = 32
HINT_CHARS = 4
EVERY_SCOPE: tuple[Scope, ...] = tuple(Scope)


class NewTenant(NamedTuple):
    """A tenant and its first key, which is shown here and never again."""

    tenant: str
    key: str


class NewKey(NamedTuple):
    """The identifier of a key, and the key itself, which is shown here and never again."""

    id: str
    key: str


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
    """HMAC-SHA256: a leaked table alone cannot even be searched for a guessed key."""
    return hmac.new(key_secret.encode(), key.encode("utf-8", errors="replace"), hashlib.sha256).hexdigest()


def create_tenant(
    engine: Engine,
    name: str,
    *,
    key_secret: str = DEVELOPMENT_KEY_SECRET,
    questions: Sequence[str] = DEFAULT_QUESTIONS,
) -> NewTenant:
    """Create a tenant with a question bank and one key that may do everything.

    Args:
        engine: connected as administrator or owner.
        name: how people call the tenant.
        key_secret: `GATEWAY_KEY_SECRET` of the gateway that will accept the key.
        questions: the first questions of its bank.
    """
    tenant_id = new_id(Prefix.TENANT)
    with tenant_session(engine, tenant_id) as session:
        session.add(Tenant(id=tenant_id, name=name))
        session.flush()
        for question in questions:
            add_question(session, tenant_id=tenant_id, text=question)
        created = add_key(session, tenant_id, name="first", scopes=EVERY_SCOPE, key_secret=key_secret)
    return NewTenant(tenant=tenant_id, key=created.key)


def create_key(
    engine: Engine,
    tenant_id: str,
    *,
    name: str,
    scopes: Sequence[Scope] = EVERY_SCOPE,
    key_secret: str = DEVELOPMENT_KEY_SECRET,
) -> NewKey:
    """Create one more key for a tenant.

    Raises:
        LookupError: there is no such tenant.
    """
    with tenant_session(engine, tenant_id) as session:
        if session.scalar(select(Tenant.id).where(Tenant.id == tenant_id)) is None:
            raise LookupError(f"there is no tenant {tenant_id}")
        return add_key(session, tenant_id, name=name, scopes=scopes, key_secret=key_secret)


def revoke_key(engine: Engine, tenant_id: str, key_id: str) -> None:
    """Make a key invalid from now on; a key that is revoked already keeps its date.

    Raises:
        LookupError: the tenant has no such key.
    """
    with tenant_session(engine, tenant_id) as session:
        if not mark_revoked(session, tenant_id, key_id):
            raise LookupError(f"tenant {tenant_id} has no key {key_id}")


def mark_revoked(session: Session, tenant_id: str, key_id: str) -> bool:
    """Make a key invalid from now on; false where the tenant has no such key."""
    own = (ApiKey.id == key_id, ApiKey.tenant_id == tenant_id)
    found = session.execute(
        update(ApiKey)
        .where(*own)
        .values(revoked_at=func.coalesce(ApiKey.revoked_at, func.now()))
        .returning(ApiKey.id)
    )
    return found.one_or_none() is not None


def find_holder(engine: Engine, presented: str, *, key_secret: str) -> KeyHolder | None:
    """Whom a key or a candidate token belongs to, in whichever tenant; null where it is unknown.

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


def add_key(
    session: Session,
    tenant_id: str,
    *,
    name: str,
    scopes: Sequence[str],
    key_secret: str,
    expires_at: datetime | None = None,
) -> NewKey:
    """Store a new key of the session's tenant. Who may ask for it is the caller's business.

    Args:
        session: of the tenant.
        tenant_id: whose key.
        name: what people call it.
        scopes: what it may do.
        key_secret: `GATEWAY_KEY_SECRET` of the gateway that will accept the key.
        expires_at: when it ceases to be good, null for never.
    """
    key = KEY_PREFIX + secrets.token_urlsafe(KEY_BYTES)
    row = ApiKey(
        id=new_id(Prefix.API_KEY),
        tenant_id=tenant_id,
        name=name,
        key_hash=hash_key(key, key_secret=key_secret),
        hint=key[: len(KEY_PREFIX) + HINT_CHARS],
        scopes=[str(scope) for scope in scopes],
        expires_at=expires_at,
    )
    session.add(row)
    session.flush()
    return NewKey(id=row.id, key=key)
