"""What an erasure and a retention take, in which order, and what stays as a receipt."""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from redis.exceptions import ConnectionError as RedisDownError
from sqlalchemy.dialects import postgresql

from gateway.errors import RefusedError
from gateway.law.policy import Jurisdiction
from gateway.problem_codes import ProblemCode
from gateway.rights.erasure import CanceledAnswer, erase_outside, media_counts
from gateway.rights.personal_data import PersonalTable, personal_among
from gateway.rights.receipts import KEPT, erasure_view, hash_of, write_receipt
from gateway.rights.retention import days_kept, older, until_done
from gateway.rights.schemas import ErasureCause
from services.common.contracts.labels import MediaKind
from services.common.contracts.media import MediaRef
from services.common.contracts.results import ErrorCode
from services.common.db.models import Assessment, Base, Erasure, Tenant
from services.common.errors import TemporaryError

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Outside:
    """An object store and a ledger that note what they are told, and fail where they are told to."""

    def __init__(self, *, failing: dict[str, Exception] | None = None) -> None:
        self.done: list[str] = []
        self._failing = failing or {}

    def delete(self, key: str) -> None:
        self._do(key)

    def erase(self, assessment_id: str) -> None:
        self._do(assessment_id)

    def _do(self, what: str) -> None:
        if what in self._failing:
            raise self._failing[what]
        self.done.append(what)


def answer(number: int, *kinds: MediaKind) -> CanceledAnswer:
    media = [
        MediaRef(kind=kind, key=f"{number}/{kind}", sha256="0" * 64, size_bytes=7, content_type="x/y")
        for kind in kinds
    ]
    return CanceledAnswer(f"asm_{number}", media)


ANSWERS = [answer(1, MediaKind.VIDEO, MediaKind.TEXT), answer(2), answer(3, MediaKind.AUDIO)]


def test_every_object_and_all_live_state_go_when_answers_are_erased() -> None:
    outside = Outside()
    erase_outside(ANSWERS, store=outside, ledger=outside)
    assert outside.done == ["1/video", "1/text", "asm_1", "asm_2", "3/audio", "asm_3"]


def test_media_are_counted_by_object_and_by_byte() -> None:
    assert media_counts(ANSWERS) == {"media_objects": 3, "media_bytes": 21}
    assert media_counts([]) == {"media_objects": 0, "media_bytes": 0}


def test_erasure_stops_with_a_problem_when_the_ledger_is_down() -> None:
    outside = Outside(failing={"asm_2": RedisDownError()})
    with pytest.raises(RefusedError) as caught:
        erase_outside(ANSWERS, store=outside, ledger=outside)
    assert caught.value.code == ProblemCode.SERVICE_UNAVAILABLE
    assert "3/audio" not in outside.done


def test_erasure_stops_when_the_store_is_down() -> None:
    outside = Outside(failing={"1/text": TemporaryError(ErrorCode.STORAGE_UNAVAILABLE, "gone")})
    with pytest.raises(TemporaryError):
        erase_outside(ANSWERS, store=outside, ledger=outside)
    assert outside.done == ["1/video"]


def receipt(jurisdiction: Jurisdiction = Jurisdiction.OTHER) -> dict[str, object]:
    return write_receipt(
        ErasureCause.REQUEST, {"reports": 2, "media_bytes": 14}, finished_at=NOW, jurisdiction=jurisdiction
    )


@pytest.mark.parametrize(
    ("jurisdiction", "days"),
    [
        (Jurisdiction.EU, 30),
        (Jurisdiction.US_IL, 30),
        (Jurisdiction.US_NY, None),
        (Jurisdiction.OTHER, None),
        (Jurisdiction.UNSPECIFIED, None),
    ],
)
def test_receipt_names_the_shortest_time_that_the_law_sets(
    jurisdiction: Jurisdiction, days: int | None
) -> None:
    assert receipt(jurisdiction)["deletion_within_days"] == days


def test_receipt_counts_what_went_and_proves_itself() -> None:
    made = receipt()
    row = Erasure(id=made["id"], tenant_id="ten_a", receipt=made, hash=hash_of(made))
    view = erasure_view(row)
    assert (view.cause, view.erased, view.kept) == ("request", {"reports": 2, "media_bytes": 14}, KEPT)
    canonical = json.dumps(dict(reversed(made.items())), sort_keys=True, separators=(",", ":"))
    assert view.sha256 == hashlib.sha256(canonical.encode()).hexdigest()
    assert hash_of({**made, "erased": {"reports": 1}}) != view.sha256
    assert receipt()["id"] != made["id"]


EVERY_COLUMN = {(table.name, column.name) for table in Base.metadata.sorted_tables for column in table.c}


def sql(condition: object) -> str:
    return str(condition.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}))


def personal() -> dict[str, PersonalTable]:
    return {found.name: found for found in personal_among(EVERY_COLUMN)}


def test_every_table_that_names_a_candidate_or_an_answer_is_personal() -> None:
    named = {table for table, column in EVERY_COLUMN if column in ("candidate_id", "assessment_id")}
    assert set(personal()) == named | {"candidates"}
    assert {"assessments", "consents", "events", "reports", "voice_summaries"} < named


def test_a_table_is_left_out_when_none_of_its_columns_may_be_read() -> None:
    readable = {("consents", "version"), ("questions", "text"), ("candidates", "id")}
    found = {table.name: [column.name for column in table.columns] for table in personal_among(readable)}
    assert found == {"candidates": ["id"], "consents": ["version"]}


def test_rows_of_a_candidate_are_found_by_name_and_by_answer() -> None:
    tables = personal()
    assert sql(tables["candidates"].of_candidate("cand_a")) == "candidates.id = 'cand_a'"
    assert sql(tables["consents"].of_candidate("cand_a")) == "consents.candidate_id = 'cand_a'"
    by_answer = sql(tables["reports"].of_candidate("cand_a"))
    assert by_answer.startswith("reports.assessment_id IN (SELECT assessments.id")
    assert "assessments.candidate_id = 'cand_a'" in by_answer
    either = sql(tables["events"].of_candidate("cand_a"))
    assert either.startswith("events.candidate_id = 'cand_a' OR events.assessment_id IN (SELECT")


def test_rows_of_answers_are_found_where_a_table_tells_them_apart() -> None:
    tables = personal()
    assert sql(tables["assessments"].of_answers(["asm_1", "asm_2"])) == "assessments.id IN ('asm_1', 'asm_2')"
    assert sql(tables["reports"].of_answers(["asm_1"])) == "reports.assessment_id IN ('asm_1')"
    assert tables["consents"].of_answers(["asm_1"]) is None


def test_every_personal_row_goes_with_its_candidate_or_its_answer() -> None:
    """An erasure deletes candidates and assessments; the schema takes everything else along."""
    for found in personal_among(EVERY_COLUMN):
        if found.name in ("candidates", "assessments"):
            continue
        goes_with = {
            key.elements[0].column.table.name
            for key in found.table.foreign_key_constraints
            if key.ondelete == "CASCADE"
        }
        assert goes_with & {"candidates", "assessments"}, found.name


def tenant(**days: int | None) -> Tenant:
    kept = {"report_days": None, "media_days": None, "features_days": None} | days
    return Tenant(id="ten_a", **kept)


def test_only_what_a_tenant_set_days_for_is_swept() -> None:
    assert days_kept(tenant()) == {}
    assert days_kept(tenant(media_days=30)) == {"media": 30}
    everything = days_kept(tenant(media_days=30, features_days=90, report_days=365))
    assert list(everything.items()) == [("answers", 365), ("media", 30), ("features", 90)]


def test_due_is_what_is_older_than_the_days() -> None:
    due = sql(older(Assessment.created_at, 30))
    assert due == "assessments.created_at < now() - make_interval(0, 0, 0, 30)"


def counting(*batches: int) -> Callable[[], int]:
    left = iter(batches)
    return lambda: next(left)


@pytest.mark.parametrize(("batches", "total"), [((0,), 0), ((3,), 3), ((5, 0), 5), ((5, 5, 2), 12)], ids=str)
def test_sweeping_goes_on_while_it_fills_a_batch(batches: tuple[int, ...], total: int) -> None:
    assert until_done(counting(*batches), batch=5) == total
