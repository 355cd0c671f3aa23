"""The audit log: append-only, and chained by hashes, so that a change of the past shows.

Each entry's hash is SHA-256 over its own canonical content, which holds the hash before it. Nobody but
the tables' owner can change or remove an entry, and `verify` finds where the owner did. What a chain
alone cannot show is that its newest entries were cut off: keep the head that `verify` prints somewhere
else, and hand it to the next one.

No entry can be erased, so none may lead to a person: what concerns a candidate is named by a pseudonym,
and the row that says whose it is (`audit_subjects`) goes with the candidate.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from gateway.http.ids import Prefix, new_id
from services.common.db.models import (
    Assessment,
    AuditEventRow,
    AuditSubject,
    Candidate,
    Consent,
    Interview,
)
from services.common.db.session import tenant_session

GENESIS = "0" * 64
"""What stands for the hash before a tenant's first entry."""
OPERATOR, SYSTEM, CANDIDATE = "operator", "system", "candidate"
"""Actors that have no key: the administrator's commands, the delivery worker, a candidate's token."""
ERASED = "erased"
"""The subject of an entry about something that was gone already."""
_BATCH = 1000
_OWNER = {
    Prefix.CANDIDATE: (Candidate.id, Candidate.id),
    Prefix.ASSESSMENT: (Assessment.id, Assessment.candidate_id),
    Prefix.CONSENT: (Consent.id, Consent.candidate_id),
    Prefix.INTERVIEW: (Interview.id, Interview.candidate_id),
}
"""Of each kind of identifier that concerns a candidate: where it is, and whose."""
_PERSONAL = re.compile(rf"\b({'|'.join(_OWNER)})_")

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('candor.audit ' || :tenant, 0))")


@dataclass(frozen=True, slots=True)
class Head:
    """The newest entry of a tenant's chain: how many there are, and its hash."""

    sequence: int = 0
    hash: str = GENESIS

    def __str__(self) -> str:
        return f"{self.sequence}:{self.hash}"


@dataclass(frozen=True, slots=True)
class Verification:
    """What `verify` found.

    Attributes:
        head: the newest entry that follows from all before it.
        fault: the first thing that is wrong, in one sentence; null where nothing is.
    """

    head: Head
    fault: str | None = None


def record(
    session: Session,
    *,
    tenant_id: str,
    actor: str,
    action: str,
    subject: str,
    details: Mapping[str, object] | None = None,
) -> None:
    """Append an entry, which is there if and only if the caller's transaction commits.

    One tenant's entries take turns until then, so record late in the transaction.

    Args:
        session: of the tenant.
        tenant_id: whose log it is.
        actor: a key (`key_…`), `candidate`, `operator` or `system`.
        action: what was done, as `noun.verb`: `jurisdiction.changed`.
        subject: the identifier of what it was done to; a pseudonym stands for it where it concerns a
            candidate.
        details: what else matters: codes and counts, as strings, whole numbers and lists of them; never
            what a person said or is called, and no identifier that concerns a candidate.

    Raises:
        ValueError: `details` hold such an identifier.
    """
    if _PERSONAL.search(json.dumps(details or {})):
        raise ValueError("details of an audit entry must not name a candidate or what belongs to one")
    named = _pseudonym(session, tenant_id, subject) if _PERSONAL.search(subject) else subject
    session.execute(_LOCK, {"tenant": tenant_id})
    row = AuditEventRow(
        id=new_id(Prefix.AUDIT_EVENT),
        tenant_id=tenant_id,
        actor=actor,
        action=action,
        subject=named,
        details=dict(details or {}),
        created_at=session.execute(select(func.clock_timestamp())).scalar_one(),
    )
    chain(row, _head(session, tenant_id))
    session.add(row)
    session.flush()


def subjects_of(session: Session, rows: Iterable[AuditEventRow]) -> dict[str, str]:
    """Return the real subject behind each pseudonym in `rows`, as long as its candidate is not erased."""
    pseudonyms = {row.subject for row in rows}
    found = session.scalars(select(AuditSubject).where(AuditSubject.id.in_(pseudonyms)))
    return {row.id: row.subject for row in found}


def _pseudonym(session: Session, tenant_id: str, subject: str) -> str:
    """Return the pseudonym of a subject, always the same one; a new one is stored."""
    identifier, owner = _OWNER[Prefix(subject.partition("_")[0])]
    candidate_id = session.scalar(select(owner).where(identifier == subject))
    if candidate_id is None:
        return ERASED
    statement = insert(AuditSubject).values(
        id=new_id(Prefix.AUDIT_SUBJECT), tenant_id=tenant_id, candidate_id=candidate_id, subject=subject
    )
    session.execute(statement.on_conflict_do_nothing(index_elements=["tenant_id", "subject"]))
    return session.execute(select(AuditSubject.id).where(AuditSubject.subject == subject)).scalar_one()


def chain(row: AuditEventRow, before: Head) -> Head:
    """Make an entry the one that follows `before`; returns the new head."""
    row.sequence, row.previous_hash = before.sequence + 1, before.hash
    row.hash = hash_of(row)
    return Head(row.sequence, row.hash)


def hash_of(row: AuditEventRow) -> str:
    """Return SHA-256, in hexadecimal, over the entry as sorted JSON; the hash before is part of it."""
    content = {
        "id": row.id,
        "tenant_id": row.tenant_id,
        "sequence": row.sequence,
        "actor": row.actor,
        "action": row.action,
        "subject": row.subject,
        "details": row.details,
        "created_at": _canonical_time(row.created_at),
        "previous_hash": row.previous_hash,
    }
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def verify(engine: Engine, tenant_id: str, *, known: Head | None = None) -> Verification:
    """Follow a tenant's chain from its first entry to its newest.

    Args:
        engine: of any role that may read the log.
        tenant_id: whose log it is.
        known: a head that was noted before and must still be in the chain.
    """
    with tenant_session(engine, tenant_id) as session:
        rows = session.scalars(
            select(AuditEventRow)
            .where(AuditEventRow.tenant_id == tenant_id)
            .order_by(AuditEventRow.sequence)
            .execution_options(yield_per=_BATCH)
        )
        return follow(_released(session, rows), known=known)


def _released(session: Session, rows: Iterable[AuditEventRow]) -> Iterator[AuditEventRow]:
    """Pass rows on one by one, so that a long log never lies in memory as a whole."""
    for row in rows:
        session.expunge(row)
        yield row


def follow(rows: Iterable[AuditEventRow], *, known: Head | None = None) -> Verification:
    """Follow a chain, entry by entry.

    Args:
        rows: in the order of their sequence.
        known: as in `verify`.
    """
    head = Head()
    for row in rows:
        fault = _fault_of(row, head, known)
        if fault is not None:
            return Verification(head, fault)
        head = Head(row.sequence, row.hash)
    if known is not None and known.sequence > head.sequence:
        return Verification(head, f"Entries {head.sequence + 1} to {known.sequence} are missing at the end.")
    return Verification(head)


def _fault_of(row: AuditEventRow, before: Head, known: Head | None) -> str | None:
    if row.sequence != before.sequence + 1:
        return f"Entries {before.sequence + 1} to {row.sequence - 1} are missing."
    if row.previous_hash != before.hash:
        return f"Entry {row.sequence} ({row.id}) does not follow from the one before it."
    if row.hash != hash_of(row):
        return f"Entry {row.sequence} ({row.id}) was changed after it was written."
    if known is not None and row.sequence == known.sequence and row.hash != known.hash:
        return f"Entry {row.sequence} is not the one noted before."
    return None


def _head(session: Session, tenant_id: str) -> Head:
    newest = session.execute(
        select(AuditEventRow.sequence, AuditEventRow.hash)
        .where(AuditEventRow.tenant_id == tenant_id)
        .order_by(AuditEventRow.sequence.desc())
        .limit(1)
    ).one_or_none()
    return Head() if newest is None else Head(newest.sequence, newest.hash)


def _canonical_time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
