"""Tenants and their API keys. Run with the owner's or the administrator's connection, never the gateway's."""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Engine, func, select, text, update
from sqlalchemy.orm import Session

from gateway.bank import DEFAULT_QUESTIONS
from gateway.ids import Prefix, new_id
from gateway.repository import add_question
from gateway.schemas import Scope
from gateway.settings import DEVELOPMENT_KEY_SECRET
from services.common.db.models import ApiKey, Tenant
from services.common.db.session import tenant_session

KEY_PREFIX = "cnd_"
KEY_BYTES = 32
EVERY_SCOPE: tuple[Scope, ...] = tuple(Scope)


class NewTenant(NamedTuple):
    """A tenant and its first key, which is shown here and never again."""

    tenant: str
    key: str


class NewKey(NamedTuple):
    """The identifier of a key, and the key itself, which is shown here and never again."""

    id: str
    key: str


class KeyHolder(NamedTuple):
    """Whom a presented key belongs to."""

    key_id: str
    tenant_id: str
    scopes: frozenset[str]
    revoked: bool


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
        created = _add_key(session, tenant_id, name="first", scopes=EVERY_SCOPE, key_secret=key_secret)
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
        return _add_key(session, tenant_id, name=name, scopes=scopes, key_secret=key_secret)


def revoke_key(engine: Engine, tenant_id: str, key_id: str) -> None:
    """Make a key invalid from now on; a key that is revoked already keeps its date.

    Raises:
        LookupError: the tenant has no such key.
    """
    with tenant_session(engine, tenant_id) as session:
        own = (ApiKey.id == key_id, ApiKey.tenant_id == tenant_id)
        found = session.execute(
            update(ApiKey)
            .where(*own)
            .values(revoked_at=func.coalesce(ApiKey.revoked_at, func.now()))
            .returning(ApiKey.id)
        )
        if found.one_or_none() is None:
            raise LookupError(f"tenant {tenant_id} has no key {key_id}")


def find_holder(engine: Engine, key: str, *, key_secret: str) -> KeyHolder | None:
    """Whom `key` belongs to, in whichever tenant; revoked keys are found too, and marked so."""
    with engine.begin() as connection:
        row = connection.execute(
            text("SELECT key_id, tenant_id, scopes, revoked_at FROM candor_authenticate(:hash)"),
            {"hash": hash_key(key, key_secret=key_secret)},
        ).one_or_none()
    if row is None:
        return None
    return KeyHolder(row.key_id, row.tenant_id, frozenset(row.scopes), row.revoked_at is not None)


def _add_key(
    session: Session, tenant_id: str, *, name: str, scopes: Sequence[Scope], key_secret: str
) -> NewKey:
    key = KEY_PREFIX + secrets.token_urlsafe(KEY_BYTES)
    row = ApiKey(
        id=new_id(Prefix.API_KEY),
        tenant_id=tenant_id,
        name=name,
        key_hash=hash_key(key, key_secret=key_secret),
        scopes=[str(scope) for scope in scopes],
    )
    session.add(row)
    session.flush()
    return NewKey(id=row.id, key=key)
