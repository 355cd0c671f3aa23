"""What may be done with a tenant's API keys. No key gives what it does not have."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.errors import FieldFault, RefusedError
from gateway.http.ids import Prefix, is_id
from gateway.problem_codes import ProblemCode
from gateway.tenancy import audit
from gateway.tenancy.api_keys import NewKey, add_key, mark_revoked
from gateway.tenancy.authentication import KeyHolder
from gateway.tenancy.key_schemas import KeyStatus, NewApiKey, Rotation
from services.common.db.models import ApiKey


def find(session: Session, key_id: str, *, lock: bool = False) -> ApiKey:
    """Find a key of the session's tenant.

    Raises:
        RefusedError: `api_key_not_found`.
    """
    statement = select(ApiKey).where(ApiKey.id == key_id)
    if lock:
        statement = statement.with_for_update()
    row = session.scalars(statement).one_or_none() if is_id(key_id, Prefix.API_KEY) else None
    if row is None:
        raise RefusedError(ProblemCode.API_KEY_NOT_FOUND, "Choose one of the keys at /v1/api_keys.")
    return row


def status_of(row: ApiKey, *, at: datetime) -> KeyStatus:
    """Return whether the key is good at a moment."""
    if row.revoked_at is not None:
        return KeyStatus.REVOKED
    expired = row.expires_at is not None and row.expires_at <= at
    return KeyStatus.EXPIRED if expired else KeyStatus.ACTIVE


def create(session: Session, caller: KeyHolder, wanted: NewApiKey, *, key_secret: str) -> tuple[ApiKey, str]:
    """Create a key; return its row and the key itself.

    Raises:
        RefusedError: `grant_exceeds_own` or `validation_failed`.
    """
    _require_grantable(caller, scopes=wanted.scopes, expires_at=wanted.expires_at)
    scopes = sorted(set(wanted.scopes))
    made = add_key(
        session,
        caller.tenant_id,
        name=wanted.name,
        scopes=scopes,
        key_secret=key_secret,
        expires_at=wanted.expires_at,
    )
    _record(session, caller, "api_key.created", made.id, {"scopes": [str(scope) for scope in scopes]})
    return _with_secret(session, made)


def rotate(
    session: Session, caller: KeyHolder, key_id: str, how: Rotation, *, key_secret: str
) -> tuple[ApiKey, str]:
    """Create a key with the name and scopes of an old one, which stays good for a while.

    Raises:
        RefusedError: `api_key_not_found`, `api_key_not_active`, `grant_exceeds_own` or `validation_failed`.
    """
    old, now = find(session, key_id, lock=True), datetime.now(UTC)
    if not is_rotatable(old, at=now):
        raise RefusedError(
            ProblemCode.API_KEY_NOT_ACTIVE,
            "Only a key that is good and not rotated yet can be; make a new one.",
        )
    expires_at = how.expires_at if "expires_at" in how.model_fields_set else old.expires_at
    _require_grantable(caller, scopes=old.scopes, expires_at=expires_at)
    made = add_key(
        session,
        caller.tenant_id,
        name=old.name,
        scopes=old.scopes,
        key_secret=key_secret,
        expires_at=expires_at,
    )
    replace_key(old, by=made.id, ends=now + timedelta(seconds=how.overlap_s))
    _record(session, caller, "api_key.rotated", old.id, {"replaced_by": made.id, "overlap_s": how.overlap_s})
    return _with_secret(session, made)


def is_rotatable(row: ApiKey, *, at: datetime) -> bool:
    """Return true for a key that is good and has not been replaced by another one."""
    return row.replaced_by is None and status_of(row, at=at) is KeyStatus.ACTIVE


def replace_key(old: ApiKey, *, by: str, ends: datetime) -> None:
    """Let a key be good until `ends`, or until its own end where that comes first."""
    old.replaced_by = by
    old.expires_at = ends if old.expires_at is None else min(ends, old.expires_at)


def revoke(session: Session, caller: KeyHolder, key_id: str) -> None:
    """Make a key invalid from now on; a second time changes nothing.

    Raises:
        RefusedError: `api_key_not_found`.
    """
    was_revoked = find(session, key_id, lock=True).revoked_at is not None
    if not was_revoked:
        mark_revoked(session, caller.tenant_id, key_id)
        _record(session, caller, "api_key.revoked", key_id, {})


def _require_grantable(caller: KeyHolder, *, scopes: Iterable[str], expires_at: datetime | None) -> None:
    beyond = sorted(set(map(str, scopes)) - caller.scopes)
    if beyond:
        raise RefusedError(
            ProblemCode.GRANT_EXCEEDS_OWN,
            f"This key lacks {', '.join(beyond)} itself; ask with a key that has it.",
        )
    if caller.expires_at is not None and (expires_at is None or expires_at > caller.expires_at):
        raise RefusedError(
            ProblemCode.GRANT_EXCEEDS_OWN,
            f"This key expires at {caller.expires_at.isoformat()}; choose an `expires_at` that is not later.",
        )
    if expires_at is not None and expires_at <= datetime.now(UTC):
        fault = FieldFault(field="expires_at", detail="Must lie in the future.")
        raise RefusedError(
            ProblemCode.VALIDATION_FAILED, "Correct the fields listed in `errors`.", faults=[fault]
        )


def _record(
    session: Session, caller: KeyHolder, action: str, key_id: str, details: dict[str, object]
) -> None:
    audit.record(
        session,
        tenant_id=caller.tenant_id,
        actor=caller.actor,
        action=action,
        subject=key_id,
        details=details,
    )


def _with_secret(session: Session, made: NewKey) -> tuple[ApiKey, str]:
    row = session.get_one(ApiKey, made.id)
    session.refresh(row)
    return row, made.key
