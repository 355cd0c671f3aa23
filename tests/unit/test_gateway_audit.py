"""The chain of the audit log: each entry follows from the one before it, and what was done to one shows."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy.orm import Session

from gateway.tenancy import audit
from gateway.tenancy.audit import GENESIS, Head, Verification
from services.common.db.models import AuditEventRow


def entry(number: int, before: Head) -> AuditEventRow:
    row = AuditEventRow(
        id=f"aud_{number}",
        tenant_id="ten_a",
        actor="key_x",
        action="consent.recorded",
        subject=f"sub_{number}",
        details={"why": "größer", "parts": ["video", "text"]},
        created_at=datetime(2026, 1, number, tzinfo=UTC),
    )
    audit.chain(row, before)
    return row


def log(entries: int = 4) -> list[AuditEventRow]:
    head, rows = Head(), []
    for number in range(1, entries + 1):
        rows.append(entry(number, head))
        head = Head(rows[-1].sequence, rows[-1].hash)
    return rows


def test_chain_holds_when_nobody_touched_it() -> None:
    rows = log()
    assert audit.follow(rows) == Verification(Head(4, rows[-1].hash))
    assert (rows[0].sequence, rows[0].previous_hash) == (1, GENESIS)
    assert audit.follow([]) == Verification(Head(0, GENESIS))


def test_hash_is_over_canonical_json_when_an_entry_is_written() -> None:
    """The hashes of a real log are kept elsewhere: what they are over must never change."""
    assert entry(1, Head()).hash == "686b7e71eb7cd1ac634c4d9fa8480c9e61325943cd4329c2cc7771d8448e49fc"


@pytest.mark.parametrize("field", ["id", "tenant_id", "actor", "action", "subject", "details", "created_at"])
def test_entry_shows_as_changed_when_one_of_its_fields_is_another(field: str) -> None:
    rows = log()
    others = {"details": {}, "created_at": datetime(2026, 2, 1, tzinfo=UTC)}
    setattr(rows[1], field, others.get(field, "another"))
    found = audit.follow(rows)
    assert found.head == Head(1, rows[0].hash)
    assert found.fault is not None
    assert found.fault.startswith("Entry 2")
    assert found.fault.endswith("was changed after it was written.")


def replaced(rows: list[AuditEventRow]) -> list[AuditEventRow]:
    """The second entry says something else, and has the hash of what it says."""
    rows[1].actor = "key_y"
    rows[1].hash = audit.hash_of(rows[1])
    return rows


def begun_elsewhere(rows: list[AuditEventRow]) -> list[AuditEventRow]:
    rows[0].previous_hash = "a" * 64
    rows[0].hash = audit.hash_of(rows[0])
    return rows


@pytest.mark.parametrize(
    ("tamper", "fault"),
    [
        (replaced, "Entry 3 (aud_3) does not follow from the one before it."),
        (begun_elsewhere, "Entry 1 (aud_1) does not follow from the one before it."),
        (lambda rows: rows[:1] + rows[3:], "Entries 2 to 3 are missing."),
        (lambda rows: rows[1:], "Entries 1 to 1 are missing."),
    ],
    ids=["replaced", "begun elsewhere", "cut out", "beginning cut off"],
)
def test_chain_breaks_when_an_entry_does_not_follow(
    tamper: Callable[[list[AuditEventRow]], list[AuditEventRow]], fault: str
) -> None:
    assert audit.follow(tamper(log())).fault == fault


def test_cut_end_shows_only_when_the_head_was_noted() -> None:
    rows = log()
    head = audit.follow(rows).head
    assert audit.follow(rows[:2]).fault is None
    assert audit.follow(rows[:2], known=head).fault == "Entries 3 to 4 are missing at the end."
    assert audit.follow(rows, known=head).fault is None
    assert audit.follow(log(6), known=head).fault is None


def test_log_that_was_written_again_shows_when_a_head_of_the_old_one_was_noted() -> None:
    assert audit.follow(log(), known=Head(2, "a" * 64)).fault == "Entry 2 is not the one noted before."


def test_entry_is_refused_when_its_details_name_a_candidate() -> None:
    for identifier in ("cand_1", "asm_1", "cons_1", "int_1"):
        with pytest.raises(ValueError, match="must not name"):
            audit.record(
                Session(),
                tenant_id="ten_a",
                actor=audit.SYSTEM,
                action="answers.erased",
                subject="era_1",
                details={"of": [identifier]},
            )
