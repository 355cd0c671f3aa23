"""Idempotency keys in Postgres: who runs, what was answered, for 24 hours.

Only hashes of keys are stored, and answers are sealed with the key itself: some of them show a secret
once, which must not lie readable in a table afterwards.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, delete, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from gateway.http.ids import Prefix
from gateway.http.sealing import seal, unseal
from services.common.db.models_requests import IdempotencyKey
from services.common.db.session import tenant_session

KEPT_HOURS = 24
LEASE_S = 60.0
"""How long a request that says nothing of itself counts as running."""


@dataclass(frozen=True, slots=True)
class KeptResponse:
    """What a client was told."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def is_repeatable(self) -> bool:
        """Return true for 2xx: something was done, so that the same key gets this answer again."""
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Claim:
    """One attempt to answer under a key.

    Attributes:
        attempt: random; whoever takes the key over writes another one, and this attempt has lost.
        secret: seals the answer.
    """

    tenant_id: str
    key_hash: str
    secret: bytes = field(repr=False)
    attempt: str = field(default_factory=lambda: secrets.token_hex(8))


@dataclass(frozen=True, slots=True)
class Found:
    """A key that is taken: by an answer, or, while `answer` is null, by a request that still runs."""

    fingerprint: str | None
    answer: KeptResponse | None


def new_claim(tenant_id: str, key: str, *, key_secret: str, sender: str = "tenant") -> Claim:
    """Make a claim on the client's `key`; the table never sees the key itself."""
    secret = hmac.digest(key_secret.encode(), f"answer\0{tenant_id}\0{sender}\0{key}".encode(), "sha256")
    return Claim(tenant_id=tenant_id, key_hash=hashlib.sha256(secret).hexdigest(), secret=secret)


def take(engine: Engine, claim: Claim, *, fingerprint: str | None) -> Found | None:
    """Take the key, null if it is ours now. A key whose holder fell silent or whose day is over is free."""
    values = {
        "attempt": claim.attempt,
        "fingerprint": fingerprint,
        "locked_until": _lease(),
        "created_at": func.now(),
        "status": None,
        "headers": None,
        "answer": None,
        "assessment_id": None,
        "candidate_id": None,
    }
    statement = insert(IdempotencyKey).values(tenant_id=claim.tenant_id, key_hash=claim.key_hash, **values)
    free = or_(
        IdempotencyKey.answer.is_(None) & (IdempotencyKey.locked_until < func.now()),
        IdempotencyKey.created_at < func.now() - _hours(KEPT_HOURS),
    )
    taking = statement.on_conflict_do_update(
        index_elements=["tenant_id", "key_hash"], set_=values, where=free
    ).returning(IdempotencyKey.attempt)
    with tenant_session(engine, claim.tenant_id) as session:
        if session.execute(taking).scalar_one_or_none() == claim.attempt:
            return None
        row = session.get(IdempotencyKey, (claim.tenant_id, claim.key_hash))
        return Found(fingerprint=None, answer=None) if row is None else _found(row, claim)


def _found(row: IdempotencyKey, claim: Claim) -> Found:
    if row.answer is None or row.status is None:
        return Found(fingerprint=row.fingerprint, answer=None)
    body = unseal(row.answer, secret=claim.secret)
    return Found(
        fingerprint=row.fingerprint,
        answer=KeptResponse(status=row.status, headers=dict(row.headers or {}), body=body),
    )


def extend(engine: Engine, claim: Claim) -> None:
    """Say that the request still runs."""
    with tenant_session(engine, claim.tenant_id) as session:
        session.execute(update(IdempotencyKey).where(*_ours(claim)).values(locked_until=_lease()))


def keep(session: Session, claim: Claim, answer: KeptResponse, *, fingerprint: str) -> bool:
    """Store the answer; false where another request holds the key by now, and this one must not count."""
    about = _subject(answer.body)
    statement = (
        update(IdempotencyKey)
        .where(*_ours(claim))
        .values(
            status=answer.status,
            headers=answer.headers,
            answer=seal(answer.body, secret=claim.secret),
            fingerprint=fingerprint,
            assessment_id=about.get("assessment_id"),
            candidate_id=about.get("candidate_id"),
        )
        .returning(IdempotencyKey.attempt)
    )
    return session.execute(statement).scalar_one_or_none() is not None


def release(engine: Engine, claim: Claim) -> None:
    """Give the key back: nothing came of this request, so the next one may try."""
    with tenant_session(engine, claim.tenant_id) as session:
        session.execute(delete(IdempotencyKey).where(*_ours(claim), IdempotencyKey.answer.is_(None)))


def sweep(engine: Engine, *, most: int) -> int:
    """Erase keys older than a day, of any tenant; how many they were."""
    with Session(engine) as session, session.begin():
        gone = session.execute(select(func.candor_sweep_idempotency_keys(most)))
        return int(gone.scalar_one())


def _subject(body: bytes) -> dict[str, str]:
    """Return whom a response is about, so that it goes with them when they are erased."""
    try:
        document = json.loads(body)
    except ValueError:
        return {}
    if not isinstance(document, Mapping):
        return {}
    named = {"assessment_id": Prefix.ASSESSMENT, "candidate_id": Prefix.CANDIDATE}
    return {
        column: found
        for column, prefix in named.items()
        if (found := _named(document, column, prefix)) is not None
    }


def _named(document: Mapping[str, Any], column: str, prefix: Prefix) -> str | None:
    for value in (document.get(column), document.get("id")):
        if isinstance(value, str) and value.startswith(f"{prefix}_"):
            return value
    return None


def _ours(claim: Claim) -> tuple[Any, ...]:
    return (
        IdempotencyKey.tenant_id == claim.tenant_id,
        IdempotencyKey.key_hash == claim.key_hash,
        IdempotencyKey.attempt == claim.attempt,
    )


def _lease() -> Any:
    return func.now() + text(f"interval '{LEASE_S} seconds'")


def _hours(hours: int) -> Any:
    return text(f"interval '{hours} hours'")
