"""From rows and the live ledger to what a client sees."""

from collections.abc import Callable, Mapping

from gateway.assessments.repository import StoredAssessment
from gateway.assessments.schemas import AssessmentView, MediaView, ModalityView
from gateway.http.fields import Purpose
from services.common.contracts.labels import AssessmentStatus, Modality, ModalityStatus
from services.common.contracts.results import ErrorCode, Notice, Report
from services.common.db.models import Assessment
from services.common.work.ledger import ModalityProgress

Progress = Mapping[Modality, ModalityProgress]
ProgressOf = Callable[[str], Progress]
"""Reads the live progress of an assessment by its identifier; empty where the ledger is out of reach."""


def visible_status(stored: StoredAssessment, progress: Progress) -> AssessmentStatus:
    """Return the report's status, else what the gateway decided, else what the workers are doing."""
    if stored.report_status is not None:
        return AssessmentStatus(stored.report_status)
    state = AssessmentStatus(stored.row.state)
    started = any(live.status is not ModalityStatus.QUEUED for live in progress.values())
    return AssessmentStatus.PROCESSING if state is AssessmentStatus.QUEUED and started else state


def has_ended(view: AssessmentView) -> bool:
    """Tell whether nothing will change any more."""
    return view.status not in (AssessmentStatus.QUEUED, AssessmentStatus.PROCESSING)


def view_of(stored: StoredAssessment, progress_of: ProgressOf) -> AssessmentView:
    """Return the view of an answer; live progress is read only while there is no report."""
    return assessment_view(stored, {} if stored.report_status else progress_of(stored.row.id))


def assessment_view(stored: StoredAssessment, progress: Progress) -> AssessmentView:
    """Return what the interface shows of an assessment.

    Args:
        stored: what Postgres holds.
        progress: what the ledger holds; empty if it is out of reach or the report is stored.
    """
    row = stored.row
    return AssessmentView(
        id=row.id,
        status=visible_status(stored, progress),
        candidate=stored.external_id,
        candidate_id=row.candidate_id,
        question=row.question_id,
        interview=row.interview_id,
        purpose=Purpose(row.purpose),
        tags=row.tags,
        media=[
            MediaView(
                kind=part.kind,
                content_type=part.content_type,
                size_bytes=part.size_bytes,
                sha256=part.sha256,
            )
            for part in stored.media
        ],
        modalities=_modalities(stored, progress),
        consent=row.consent_id,
        media_erased_at=row.media_erased_at,
        created_at=row.created_at,
    )


def with_retention(report: Report, row: Assessment) -> Report:
    """Return `report` with a notice where the media that it was made from is erased."""
    if row.media_erased_at is None:
        return report
    notice = Notice(
        code="media_erased",
        detail=f"What was handed in was erased on {row.media_erased_at:%Y-%m-%d}: its retention had ended.",
    )
    return report.model_copy(update={"warnings": [*report.warnings, notice]})


def _modalities(stored: StoredAssessment, progress: Progress) -> dict[Modality, ModalityView]:
    if stored.report_status is not None:
        return {
            modality: ModalityView(
                status=ModalityStatus(result.status),
                progress=1.0,
                error_code=ErrorCode(result.error_code) if result.error_code else None,
                reason=result.reason,
            )
            for modality in Modality
            for result in stored.results
            if result.modality == modality
        }
    waiting = ModalityProgress(status=ModalityStatus.QUEUED)
    not_permitted = ModalityProgress(
        status=ModalityStatus.SKIPPED, share=1.0, error_code=ErrorCode.EMOTION_INFERENCE_NOT_PERMITTED
    )
    live = {
        modality: not_permitted if modality in stored.row.refused else progress.get(modality, waiting)
        for modality in Modality
    }
    return {
        modality: ModalityView(status=state.status, progress=state.share, error_code=state.error_code)
        for modality, state in live.items()
    }
