"""Receipts of erasures: what went, counted, and nothing that leads back to whom."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from gateway.http.fields import Purpose
from gateway.http.ids import Prefix, new_id
from gateway.law.policy import Jurisdiction, decide
from gateway.rights.schemas import ErasureCause, ErasureView
from gateway.tenancy.tenants import jurisdiction_of
from services.common.db.models import Erasure
from services.common.db.session import now

KEPT = "Entries of the audit log, under a pseudonym that no longer leads to the person."


def add_receipt(
    session: Session, *, tenant_id: str, cause: ErasureCause, counts: Mapping[str, int]
) -> Erasure:
    """Store the receipt, in the transaction that erases."""
    receipt = write_receipt(
        cause, counts, finished_at=now(session), jurisdiction=jurisdiction_of(session, tenant_id)
    )
    row = Erasure(id=receipt["id"], tenant_id=tenant_id, cause=cause, receipt=receipt, hash=hash_of(receipt))
    session.add(row)
    session.flush()
    return row


def write_receipt(
    cause: ErasureCause, counts: Mapping[str, int], *, finished_at: datetime, jurisdiction: Jurisdiction
) -> dict[str, Any]:
    """Return a new receipt: JSON without anything that leads to a person.

    Args:
        cause: why it was erased.
        counts: how much of each kind went.
        finished_at: when.
        jurisdiction: whose law said within how many days.
    """
    return {
        "id": new_id(Prefix.ERASURE),
        "cause": str(cause),
        "erased": dict(counts),
        "kept": KEPT,
        "finished_at": finished_at.isoformat(),
        "deletion_within_days": _deadline(jurisdiction),
    }


def erasure_view(row: Erasure) -> ErasureView:
    """Return what the interface shows of a receipt."""
    return ErasureView(**row.receipt, sha256=row.hash)


def hash_of(receipt: Mapping[str, object]) -> str:
    """Return SHA-256, in hexadecimal, over the receipt as JSON with sorted keys and no spaces."""
    canonical = json.dumps(receipt, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def _deadline(jurisdiction: Jurisdiction) -> int | None:
    """Return the shortest deadline that any purpose sets, in days; null where none does."""
    days = [decide(jurisdiction, purpose).deletion_within_days for purpose in Purpose]
    return min((number for number in days if number is not None), default=None)
