"""Make and revoke API keys. The gateway's own database role suffices for both."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session

from gateway.http.fields import Scope
from gateway.http.ids import Prefix, new_id
from gateway.settings import DEVELOPMENT_KEY_SECRET
from gateway.tenancy.authentication import hash_key
from services.common.db.models import ApiKey, Tenant
from services.common.db.session import tenant_session

KEY_PREFIX = "cnd_"
KEY_BYTES = 32
HINT_CHARS = 4
EVERY_SCOPE: tuple[Scope, ...] = tuple(Scope)


class NewKey(NamedTuple):
    """The identifier of a key, and the key itself, which is shown here and never again."""

    id: str
    key: str


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
