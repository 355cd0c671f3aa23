"""The mean voice of a person's earlier answers: sent along with the next one, shown, erased.

Fusion keeps one summary per answer (`voice_summaries`); deleting the answer deletes it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from redis.exceptions import RedisError
from sqlalchemy import Engine, delete, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from gateway.assessments.dispatch import PREFERRED, Work
from gateway.assessments.repository import StoredAssessment
from gateway.errors import RefusedError
from gateway.problem_codes import ProblemCode
from services.common.contracts.labels import Modality
from services.common.contracts.model_ref import ModelRef
from services.common.contracts.voice import VoiceSummary
from services.common.db.models import Assessment, VoiceSummaryRow
from services.common.db.session import tenant_session
from services.common.db.states import AssessmentState
from services.common.logging import get_logger
from services.common.statistics.voice_summary import MAX_SUMMARIES, load_summary, merge_summaries

log = get_logger(__name__)


class Forgetful(Protocol):
    """What erasing a voice asks of the work ledger."""

    def erase_results(self, assessment_id: str) -> None: ...


@dataclass(frozen=True, slots=True)
class KeptVoice:
    """What is kept of one answer's voice, without the vector."""

    assessment_id: str
    model: ModelRef
    clips: float
    created_at: datetime


def work_of(engine: Engine, stored: StoredAssessment, *, voice_enrolment: bool) -> Work:
    """Return what is sent to the workers for an accepted answer.

    Args:
        engine: connected as `candor_gateway`.
        stored: the answer.
        voice_enrolment: whether earlier answers of the person may be used, and this one's voice kept.
            Where the database does not answer, the analysis goes without.
    """
    row = stored.row
    spoken = any(part.kind in PREFERRED[Modality.AUDIO] for part in stored.media)
    return Work(
        assessment_id=row.id,
        tenant_id=row.tenant_id,
        media=stored.media,
        enrolment=_read_enrolment(engine, row) if voice_enrolment and spoken else None,
        keep_voice_summary=voice_enrolment,
        refused=[Modality(modality) for modality in row.refused],
    )


def _read_enrolment(engine: Engine, row: Assessment) -> VoiceSummary | None:
    try:
        with tenant_session(engine, row.tenant_id) as session:
            return enrolment(session, row)
    except SQLAlchemyError as fault:
        log.warning("enrolment_not_read", assessment_id=row.id, detail=str(fault))
        return None


def enrolment(session: Session, row: Assessment) -> VoiceSummary | None:
    """Return the merged voice of the person's answers before `row`; null where nothing is kept.

    Only those of the encoder that wrote the latest one count: that is the version being served,
    after an upgrade as after its withdrawal. Answers that are being erased do not count.
    """
    earlier = (
        select(VoiceSummaryRow)
        .join(Assessment, Assessment.id == VoiceSummaryRow.assessment_id)
        .where(
            VoiceSummaryRow.candidate_id == row.candidate_id,
            VoiceSummaryRow.assessment_id != row.id,
            Assessment.created_at < row.created_at,
            Assessment.state != AssessmentState.CANCELED,
        )
        .order_by(VoiceSummaryRow.created_at.desc(), VoiceSummaryRow.assessment_id.desc())
    )
    latest = session.scalars(earlier.limit(1)).first()
    if latest is None:
        return None
    same_encoder = earlier.where(
        VoiceSummaryRow.model_name == latest.model_name,
        VoiceSummaryRow.model_version == latest.model_version,
    )
    rows = session.scalars(same_encoder.limit(MAX_SUMMARIES))
    return merge_summaries([load_summary(kept.mean, clips=kept.clips, model=_model(kept)) for kept in rows])


def kept_voices(session: Session, candidate_id: str) -> Sequence[KeptVoice]:
    """List what is kept of a person's voice, latest first."""
    rows = session.scalars(
        select(VoiceSummaryRow)
        .where(VoiceSummaryRow.candidate_id == candidate_id)
        .order_by(VoiceSummaryRow.created_at.desc(), VoiceSummaryRow.assessment_id.desc())
    )
    return [
        KeptVoice(
            assessment_id=row.assessment_id, model=_model(row), clips=row.clips, created_at=row.created_at
        )
        for row in rows
    ]


def erase_voices(session: Session, candidate_id: str, *, ledger: Forgetful) -> None:
    """Erase every summary of a person, in the ledger's kept results first; the reports stay.

    Raises:
        RefusedError: `service_unavailable`, the ledger is out of reach and the rows are still there.
    """
    try:
        for kept in kept_voices(session, candidate_id):
            ledger.erase_results(kept.assessment_id)
    except RedisError as fault:
        log.warning("ledger_unreachable", detail=str(fault))
        raise RefusedError(
            ProblemCode.SERVICE_UNAVAILABLE, "Kept results could not be erased yet; send the request again."
        ) from fault
    session.execute(delete(VoiceSummaryRow).where(VoiceSummaryRow.candidate_id == candidate_id))


def _model(row: VoiceSummaryRow) -> ModelRef:
    return ModelRef(name=row.model_name, version=row.model_version)
