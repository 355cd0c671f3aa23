"""What fusion reads and writes in Postgres, one transaction per report."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from psycopg.errors import ForeignKeyViolation
from sqlalchemy import Engine, select, tuple_
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from services.common.contracts.results import ErrorCode, Report
from services.common.contracts.voice import VoiceSummary
from services.common.db.models import (
    Assessment,
    ModalityResultRow,
    ReportRow,
    ReportScore,
    Tenant,
    VoiceSummaryRow,
)
from services.common.db.session import tenant_session
from services.common.errors import CandorError, TemporaryError
from services.common.logging import get_logger
from services.common.voice_summary import mean_bytes

log = get_logger(__name__)

LIVE_STATE = "queued"
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
    jurisdiction: str


@contextmanager
def transaction(engine: Engine, tenant_id: str) -> Iterator["ReportTransaction"]:
    """One transaction on the rows of one tenant; commits when the block ends well.

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
        """The assessment, or null where it was erased, canceled or has expired."""
        row = self._session.execute(
            select(Assessment, Tenant.jurisdiction)
            .join(Tenant, Tenant.id == Assessment.tenant_id)
            .where(Assessment.id == assessment_id, Assessment.state == LIVE_STATE)
        ).one_or_none()
        if row is None:
            return None
        assessment, jurisdiction = row
        return Subject(
            assessment_id=assessment.id,
            tenant_id=assessment.tenant_id,
            candidate_id=assessment.candidate_id,
            question_id=assessment.question_id,
            purpose=assessment.purpose,
            jurisdiction=jurisdiction,
        )

    def stored(self, assessment_id: str) -> Report | None:
        """The report that an earlier run has written."""
        document = self._session.scalar(
            select(ReportRow.report).where(ReportRow.assessment_id == assessment_id)
        )
        return None if document is None else Report.model_validate(document)

    def cohort(self, subject: Subject, model_keys: Mapping[str, str]) -> dict[str, list[float]]:
        """Per score, the latest value of each other candidate who answered the same question.

        A candidate who practised ten times counts once, and never in the own cohort. Row-level
        security keeps the cohort inside the tenant.

        Args:
            subject: whose cohort it is.
            model_keys: per score, the key that the others' scores must share.
        """
        if not model_keys:
            return {}
        latest = (
            select(ReportScore.score, ReportScore.value)
            .ext(distinct_on(ReportScore.score, ReportScore.candidate_id))
            .where(
                ReportScore.question_id == subject.question_id,
                ReportScore.candidate_id != subject.candidate_id,
                tuple_(ReportScore.score, ReportScore.model_key).in_(list(model_keys.items())),
            )
            .order_by(ReportScore.score, ReportScore.candidate_id, ReportScore.created_at.desc())
        )
        cohort: dict[str, list[float]] = {}
        for score, value in self._session.execute(latest):
            cohort.setdefault(score, []).append(value)
        return cohort

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
        self._add_scores(report, subject, scores, model_keys)
        if voice is not None:
            self._add_voice(voice, subject)
        return report

    def _add_voice(self, voice: VoiceSummary, subject: Subject) -> None:
        """Keep the voice's mean. It comes from a process that parses strangers' media, so it is checked."""
        try:
            mean = mean_bytes(voice)
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
        self, report: Report, subject: Subject, scores: Mapping[str, float], model_keys: Mapping[str, str]
    ) -> None:
        self._session.add_all(
            ReportScore(
                assessment_id=subject.assessment_id,
                tenant_id=subject.tenant_id,
                question_id=subject.question_id,
                candidate_id=subject.candidate_id,
                score=name,
                value=value,
                model_key=model_keys[name],
                created_at=report.created_at,
            )
            for name, value in scores.items()
        )
        self._session.flush()
