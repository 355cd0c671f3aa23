"""What fusion reads and writes in Postgres, one transaction per report."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from psycopg.errors import ForeignKeyViolation
from sqlalchemy import Engine, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from fusion.benchmark import Others
from fusion.cohorts import add_answer, read_others
from services.common.contracts.norms import Cohort, list_cohorts
from services.common.contracts.results import ErrorCode, Notice, Report
from services.common.contracts.voice import VoiceSummary
from services.common.db.models import (
    Assessment,
    ModalityResultRow,
    ReportRow,
    VoiceSummaryRow,
)
from services.common.db.session import tenant_session
from services.common.db.states import AssessmentState
from services.common.errors import CandorError, TemporaryError
from services.common.logging import get_logger
from services.common.statistics.voice_summary import read_mean_bytes

log = get_logger(__name__)

"""The only state of an assessment that may still get a report; the others are canceled and expired."""


class AssessmentGoneError(CandorError):
    """The assessment was erased while its report was being written."""


@dataclass(frozen=True)
class Subject:
    """What fusion has to know about an assessment."""

    assessment_id: str
    tenant_id: str
    candidate_id: str
    question_id: str
    purpose: str
    answered_at: datetime
    tags: Sequence[str] = ()
    notices: Sequence[Notice] = ()

    @property
    def cohorts(self) -> list[Cohort]:
        """Whom the answer is compared with, those to the same question first."""
        return list_cohorts(question_id=self.question_id, tags=self.tags)


@contextmanager
def transaction(engine: Engine, tenant_id: str) -> Iterator["ReportTransaction"]:
    """Open one transaction on the rows of one tenant; it commits when the block ends well.

    Raises:
        TemporaryError: `storage_unavailable`, the database is out of reach.
        AssessmentGoneError: the assessment disappeared before the report was stored.
    """
    try:
        with tenant_session(engine, tenant_id) as session:
            yield ReportTransaction(session)
    except IntegrityError as fault:
        if isinstance(fault.orig, ForeignKeyViolation):
            raise AssessmentGoneError("the assessment was erased meanwhile") from fault
        raise
    except (OperationalError, InterfaceError, PoolTimeoutError) as fault:
        raise TemporaryError(ErrorCode.STORAGE_UNAVAILABLE, "The database is out of reach.") from fault


class ReportTransaction:
    """Reads and writes inside one transaction of one tenant."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def subject(self, assessment_id: str) -> Subject | None:
        """Return the assessment, or null where it was erased, canceled or has expired."""
        assessment = self._session.scalar(
            select(Assessment).where(
                Assessment.id == assessment_id, Assessment.state == AssessmentState.QUEUED
            )
        )
        if assessment is None:
            return None
        return Subject(
            assessment_id=assessment.id,
            tenant_id=assessment.tenant_id,
            candidate_id=assessment.candidate_id,
            question_id=assessment.question_id,
            purpose=assessment.purpose,
            answered_at=assessment.created_at,
            tags=tuple(assessment.tags),
            notices=[Notice.model_validate(notice) for notice in assessment.notices],
        )

    def stored(self, assessment_id: str) -> Report | None:
        """Return the report that an earlier run has written."""
        document = self._session.scalar(
            select(ReportRow.report).where(ReportRow.assessment_id == assessment_id)
        )
        return None if document is None else Report.model_validate(document)

    def others(self, subject: Subject, scores: Mapping[str, float], model_keys: Mapping[str, str]) -> Others:
        """Return what the other candidates scored, in each of the subject's cohorts; see `fusion.cohorts`.

        Args:
            subject: whose cohorts they are, and who is not counted in them.
            scores: the subject's, by name.
            model_keys: per score, the key that the others' scores must share.
        """
        if not scores:
            return Others()
        return read_others(
            self._session,
            candidate_id=subject.candidate_id,
            cohorts=subject.cohorts,
            scores=scores,
            model_keys=model_keys,
        )

    def add(
        self,
        report: Report,
        subject: Subject,
        *,
        scores: Mapping[str, float],
        model_keys: Mapping[str, str],
        voice: VoiceSummary | None = None,
    ) -> Report:
        """Store the report with its results and scores, unless there is one; returns the stored one.

        Args:
            report: without a voice summary, as its contract demands.
            subject: whose report it is.
            scores: what benchmarks compare, by name.
            model_keys: what each score may be compared with.
            voice: to keep for the person's next answers; null keeps nothing.
        """
        document = report.model_dump(mode="json")
        written = self._session.scalar(
            insert(ReportRow)
            .values(
                assessment_id=subject.assessment_id,
                tenant_id=subject.tenant_id,
                status=report.status,
                report=document,
                created_at=report.created_at,
            )
            .on_conflict_do_nothing(index_elements=[ReportRow.assessment_id])
            .returning(ReportRow.assessment_id)
        )
        if written is None:
            return self.stored(subject.assessment_id) or report
        self._add_results(report, subject)
        if voice is not None:
            self._add_voice(voice, subject)
        self._add_scores(subject, scores, model_keys)  # last: it locks the tenant's norms until the commit
        return report

    def _add_voice(self, voice: VoiceSummary, subject: Subject) -> None:
        """Keep the voice's mean. It comes from a process that parses strangers' media, so it is checked."""
        try:
            mean = read_mean_bytes(voice)
        except ValueError as fault:
            log.error("voice_summary_unusable", assessment_id=subject.assessment_id, detail=str(fault))
            return
        self._session.add(
            VoiceSummaryRow(
                assessment_id=subject.assessment_id,
                tenant_id=subject.tenant_id,
                candidate_id=subject.candidate_id,
                model_name=voice.model.name,
                model_version=voice.model.version,
                clips=voice.clips,
                mean=mean,
            )
        )
        self._session.flush()

    def _add_results(self, report: Report, subject: Subject) -> None:
        self._session.add_all(
            ModalityResultRow(
                assessment_id=subject.assessment_id,
                tenant_id=subject.tenant_id,
                modality=modality,
                status=result.status,
                error_code=result.error_code,
                result=result.model_dump(mode="json"),
            )
            for modality, result in report.modalities.items()
        )
        self._session.flush()

    def _add_scores(
        self, subject: Subject, scores: Mapping[str, float], model_keys: Mapping[str, str]
    ) -> None:
        add_answer(
            self._session,
            assessment_id=subject.assessment_id,
            tenant_id=subject.tenant_id,
            candidate_id=subject.candidate_id,
            answered_at=subject.answered_at,
            cohorts=subject.cohorts,
            scores=scores,
            model_keys=model_keys,
        )
