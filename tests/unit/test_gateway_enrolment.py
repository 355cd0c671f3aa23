"""Which earlier voices are sent along with an answer. The database is SQLite, with the columns that count."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import create_engine, insert, text
from sqlalchemy.orm import Session

from gateway.assessments.enrolment import enrolment
from services.common.contracts.labels import AssessmentStatus
from services.common.contracts.model_ref import ModelRef
from services.common.contracts.voice import VoiceSummary
from services.common.db.models import Assessment, VoiceSummaryRow
from services.common.statistics.voice_summary import MAX_SUMMARIES, create_summary, encode_mean

START = datetime(2026, 1, 1, tzinfo=UTC)
ASSESSMENTS = "CREATE TABLE assessments (id TEXT, created_at TEXT, state TEXT)"
VOICE_SUMMARIES = (
    "CREATE TABLE voice_summaries (assessment_id TEXT, tenant_id TEXT, candidate_id TEXT, model_name TEXT,"
    " model_version INTEGER, clips REAL, mean BLOB, created_at TEXT)"
)


class Voices:
    """What is kept of a person's answers, in the order in which `keep` is called."""

    def __init__(self, session: Session) -> None:
        self._session, self._number = session, 0

    def keep(
        self,
        value: float,
        *,
        clips: float = 1.0,
        version: int = 1,
        name: str = "voice_encoder",
        candidate: str = "cand_a",
        state: str = "queued",
    ) -> None:
        row = self.answer()
        self._session.execute(
            insert(Assessment.__table__).values(id=row.id, created_at=row.created_at, state=state)
        )
        self._session.execute(
            insert(VoiceSummaryRow.__table__).values(
                assessment_id=row.id,
                tenant_id="ten_a",
                candidate_id=candidate,
                model_name=name,
                model_version=version,
                clips=clips,
                mean=encode_mean([value]),
                created_at=row.created_at,
            )
        )

    def answer(self) -> Assessment:
        """The next answer of the person."""
        self._number += 1
        return Assessment(
            id=f"asm_{self._number:03}",
            candidate_id="cand_a",
            created_at=START + timedelta(minutes=self._number),
        )

    def enrolment(self) -> VoiceSummary | None:
        return enrolment(self._session, self.answer())


@pytest.fixture
def voices() -> Iterator[Voices]:
    engine = create_engine("sqlite://")
    with Session(engine) as session:
        session.execute(text(ASSESSMENTS))
        session.execute(text(VOICE_SUMMARIES))
        yield Voices(session)
    engine.dispose()


def summary(value: float, *, clips: float, version: int = 1) -> VoiceSummary:
    return create_summary([value], clips=clips, model=ModelRef(name="voice_encoder", version=version))


def test_there_is_none_when_nothing_is_kept(voices: Voices) -> None:
    assert voices.enrolment() is None


def test_earlier_voices_are_merged_by_their_clips(voices: Voices) -> None:
    voices.keep(1.0, clips=3.0)
    voices.keep(5.0, clips=1.0)
    assert voices.enrolment() == summary(2.0, clips=4.0)


@pytest.mark.parametrize("other", [{"version": 2}, {"name": "another"}], ids=str)
def test_voices_of_another_encoder_take_no_place_when_the_latest_one_decides(
    voices: Voices, other: dict[str, object]
) -> None:
    voices.keep(1.0)
    for _ in range(MAX_SUMMARIES):
        voices.keep(9.0, **other)
    voices.keep(3.0)
    assert voices.enrolment() == summary(2.0, clips=2.0)


def test_only_the_latest_voices_count_when_there_are_many(voices: Voices) -> None:
    voices.keep(100.0)
    for _ in range(MAX_SUMMARIES):
        voices.keep(1.0)
    assert voices.enrolment() == summary(1.0, clips=float(MAX_SUMMARIES))


def test_other_peoples_later_and_canceled_answers_are_left_out(voices: Voices) -> None:
    voices.keep(9.0, candidate="cand_b")
    voices.keep(9.0, state=AssessmentStatus.CANCELED)
    early = voices.answer()
    voices.keep(9.0)
    assert enrolment(voices._session, early) is None
