"""Receipts of erasures: what went, counted, and nothing that leads back to whom."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import ColumnElement, Table, func, or_, select, text
from sqlalchemy.orm import Session

from gateway.governance_schemas import ErasureCause, ErasureView
from gateway.ids import Prefix, new_id
from gateway.policy import Jurisdiction, decide
from gateway.schemas import Purpose
from gateway.tenants import find_tenant
from services.common.db.models import Assessment, Base, Candidate, Erasure

KEPT = "Entries of the audit log, under a pseudonym that no longer leads to the person."


def personal_tables(session: Session) -> Iterator[Table]:
    """Every table whose rows belong to a candidate or to an answer, and that this role may read.

    Taken from the schema, so that a table that comes later is not forgotten.
    """
    for table in Base.metadata.sorted_tables:
        is_personal = "candidate_id" in table.c or "assessment_id" in table.c
        if not is_personal and table is not Candidate.__table__:
            continue
        may_read = text("SELECT has_table_privilege(:name, 'SELECT')")
        if session.execute(may_read, {"name": table.name}).scalar_one():
            yield table


def rows_of(
    table: Table, *, candidate_id: str | None = None, assessment_ids: Sequence[str] = ()
) -> ColumnElement[bool] | None:
    """The condition that picks a candidate's rows, or those of some answers; null where it has neither.

    A row that names a candidate and an answer is picked by either.
    """
    if candidate_id is None:
        key = Assessment.__table__.c.id if table is Assessment.__table__ else table.c.get("assessment_id")
        return None if key is None else key.in_(assessment_ids)
    if table is Candidate.__table__:
        return table.c.id == candidate_id
    own = [table.c.candidate_id == candidate_id] if "candidate_id" in table.c else []
    if "assessment_id" in table.c:
        answers = select(Assessment.id).where(Assessment.candidate_id == candidate_id)
        own.append(table.c.assessment_id.in_(answers))
    return or_(*own)


def count_rows(
    session: Session, *, candidate_id: str | None = None, assessment_ids: Sequence[str] = ()
) -> dict[str, int]:
    """Rows by table, of one candidate or of some answers; tables without any are left out."""
    counts = {}
    for table in personal_tables(session):
        condition = rows_of(table, candidate_id=candidate_id, assessment_ids=assessment_ids)
        if condition is None:
            continue
        number = session.execute(select(func.count()).select_from(table).where(condition)).scalar_one()
        if number:
            counts[table.name] = number
    return counts


def add_receipt(
    session: Session, *, tenant_id: str, cause: ErasureCause, counts: Mapping[str, int]
) -> Erasure:
    """Store the receipt, in the transaction that erases."""
    finished_at = session.execute(select(func.now())).scalar_one()
    receipt = {
        "id": new_id(Prefix.ERASURE),
        "cause": str(cause),
        "erased": dict(counts),
        "kept": KEPT,
        "finished_at": finished_at.isoformat(),
        "deletion_within_days": _deadline(Jurisdiction(find_tenant(session, tenant_id).jurisdiction)),
    }
    row = Erasure(id=receipt["id"], tenant_id=tenant_id, cause=cause, receipt=receipt, hash=hash_of(receipt))
    session.add(row)
    session.flush()
    return row


def erasure_view(row: Erasure) -> ErasureView:
    """What the interface shows of a receipt."""
    return ErasureView(**row.receipt, sha256=row.hash)


def hash_of(receipt: Mapping[str, object]) -> str:
    """SHA-256, in hexadecimal, over the receipt as JSON with sorted keys and no spaces."""
    canonical = json.dumps(receipt, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def _deadline(jurisdiction: Jurisdiction) -> int | None:
    """The shortest that any purpose sets."""
    days = [decide(jurisdiction, purpose).deletion_within_days for purpose in Purpose]
    return min((number for number in days if number is not None), default=None)
