"""Reads and writes of the gateway's own tables, inside a session that belongs to one tenant."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Select, func, select, text, update
from sqlalchemy.orm import Session

from gateway.assessments.schemas import AssessmentForm
from gateway.http.ids import Prefix, new_id
from gateway.law.policy import Admission
from gateway.webhooks.events import EventType, emit
from services.common.contracts.media import MediaRef
from services.common.db.models import Assessment, Candidate, ModalityResultRow, ReportRow
from services.common.db.states import AssessmentState, transition


@dataclass(frozen=True, slots=True)
class StoredModality:
    """One row of `modality_results`, without the scores."""

    modality: str
    status: str
    error_code: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class StoredAssessment:
    """An assessment with what is known of its report.

    Attributes:
        report_status: status of the report, null while there is none.
        results: outcome per modality, once there is a report.
    """

    row: Assessment
    external_id: str
    report_status: str | None
    results: list[StoredModality] = field(default_factory=list)

    @property
    def media(self) -> list[MediaRef]:
        return [MediaRef.model_validate(part) for part in self.row.media]


def add_assessment(
    session: Session, *, tenant_id: str, candidate_id: str, form: AssessmentForm, admission: Admission
) -> StoredAssessment:
    """Store an answer as far as it was admitted."""
    row = Assessment(
        id=new_id(Prefix.ASSESSMENT),
        tenant_id=tenant_id,
        candidate_id=candidate_id,
        question_id=form.question,
        interview_id=form.interview,
        purpose=form.purpose,
        tags=list(form.tags),
        media=[part.model_dump(mode="json") for part in admission.media],
        consent_id=admission.consent_id,
        refused=list(admission.refused),
        notices=[notice.model_dump() for notice in admission.notices],
    )
    session.add(row)
    session.flush()
    session.refresh(row)
    return StoredAssessment(row=row, external_id=form.candidate, report_status=None)


def find_assessment(session: Session, assessment_id: str) -> StoredAssessment | None:
    """Find one assessment of the tenant."""
    found = load_answers(session, stored_answers(Assessment.id == assessment_id))
    return found[0] if found else None


def stored_answers(*conditions: ColumnElement[bool]) -> Select[Assessment, str, str]:
    """Select assessments with their candidate's external identifier and their report's status."""
    return (
        select(Assessment, Candidate.external_id, ReportRow.status)
        .join(Candidate, Candidate.id == Assessment.candidate_id)
        .outerjoin(ReportRow, ReportRow.assessment_id == Assessment.id)
        .where(*conditions)
    )


def load_answers(session: Session, statement: Select[Assessment, str, str]) -> list[StoredAssessment]:
    """Load what `statement`, made by `stored_answers`, finds, with the outcome of each modality."""
    rows = session.execute(statement).all()
    results = _results(session, [row.id for row, _, status in rows if status is not None])
    return [
        StoredAssessment(
            row=row, external_id=external_id, report_status=status, results=results.get(row.id, [])
        )
        for row, external_id, status in rows
    ]


def _results(session: Session, assessment_ids: Sequence[str]) -> dict[str, list[StoredModality]]:
    if not assessment_ids:
        return {}
    statement = select(
        ModalityResultRow.assessment_id,
        ModalityResultRow.modality,
        ModalityResultRow.status,
        ModalityResultRow.error_code,
        ModalityResultRow.result["reason"].astext,
    ).where(ModalityResultRow.assessment_id.in_(assessment_ids))
    found: dict[str, list[StoredModality]] = {}
    for assessment_id, *values in session.execute(statement):
        found.setdefault(assessment_id, []).append(StoredModality(*values))
    return found


def find_report(session: Session, assessment_id: str) -> dict[str, object] | None:
    """Find the stored report document."""
    return session.scalar(select(ReportRow.report).where(ReportRow.assessment_id == assessment_id))


def cancel(session: Session, assessment_id: str) -> list[MediaRef] | None:
    """Take an assessment out of all further work; returns its media, null where there is none."""
    row = session.get(Assessment, assessment_id, with_for_update=True)
    if row is None:
        return None
    if row.state == AssessmentState.QUEUED and not _is_reported(session, assessment_id):
        emit(session, tenant_id=row.tenant_id, type=EventType.ASSESSMENT_CANCELED, subject_id=assessment_id)
    session.execute(transition(AssessmentState.CANCELED).where(Assessment.id == assessment_id))
    return [MediaRef.model_validate(part) for part in row.media]


def expire(session: Session, assessment_id: str) -> None:
    """Give up work that never came to a report."""
    tenant_id = session.scalar(
        transition(AssessmentState.EXPIRED)
        .where(Assessment.id == assessment_id)
        .returning(Assessment.tenant_id)
    )
    if tenant_id is not None:
        emit(session, tenant_id=tenant_id, type=EventType.ASSESSMENT_EXPIRED, subject_id=assessment_id)


def _is_reported(session: Session, assessment_id: str) -> bool:
    found = session.scalar(select(ReportRow.assessment_id).where(ReportRow.assessment_id == assessment_id))
    return found is not None


def erase(session: Session, assessment_id: str) -> None:
    """Remove the row; results, report and scores go with it, and the norms are as without it."""
    row = session.get(Assessment, assessment_id)
    if row is not None:
        session.delete(row)


def mark_dispatched(session: Session, assessment_id: str, *, recheck_after_s: float) -> None:
    """Note that the chord was sent once more."""
    session.execute(
        update(Assessment)
        .where(Assessment.id == assessment_id)
        .values(
            dispatched_at=func.now(),
            dispatches=Assessment.dispatches + 1,
            check_at=func.now() + func.make_interval(0, 0, 0, 0, 0, 0, recheck_after_s),
        )
    )


def claim_unreported(session: Session, *, most: int, lease_s: float) -> list[tuple[str, str]]:
    """Claim assessments of any tenant that are due for a look, as (assessment, tenant).

    Nobody else gets them for `lease_s`, so that two recoveries at once share the work.
    """
    rows = session.execute(
        text(
            "SELECT assessment_id, tenant_id "
            "FROM candor_claim_unreported(:most, make_interval(secs => :lease_s))"
        ),
        {"most": most, "lease_s": lease_s},
    )
    return [(row.assessment_id, row.tenant_id) for row in rows]
