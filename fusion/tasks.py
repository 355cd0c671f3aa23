"""The fusion worker: `python -m fusion.tasks` takes messages off the queue `fusion`."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from celery import Celery, Task
from redis.exceptions import RedisError
from sqlalchemy import Engine

from fusion.references import load_references
from fusion.reliability import ModelCards
from fusion.report import fuse, voice_summary
from fusion.repository import AssessmentGoneError, ReportTransaction, Subject, transaction
from fusion.settings import FusionSettings
from services.common.contracts.norms import ReferenceNorm
from services.common.contracts.results import ModalityResult, Report
from services.common.contracts.tasks import FUSION_COMBINE, QUEUE_OF_TASK, CombineTask
from services.common.contracts.voice import VoiceSummary
from services.common.db.session import create_engine_for
from services.common.errors import TemporaryError
from services.common.logging import configure_logging, get_logger
from services.common.settings import CommonSettings
from services.common.work.ledger import WorkLedger, open_ledger
from services.common.work.messaging import create_celery, run_worker

log = get_logger(__name__)


class FusionRuntime:
    """What one worker process holds: engine, ledger and model cards, each opened on first use."""

    def __init__(self, common: CommonSettings, settings: FusionSettings) -> None:
        self._common = common
        self._settings = settings
        self._cards = ModelCards(common.models_dir)

    @cached_property
    def engine(self) -> Engine:
        return create_engine_for(self._settings.database_url.get_secret_value(), pool_size=1)

    @cached_property
    def ledger(self) -> WorkLedger:
        url = self._common.redis_url.get_secret_value()
        return open_ledger(url, ttl_s=self._common.result_ttl_s, patient=True)

    @cached_property
    def references(self) -> Sequence[ReferenceNorm]:
        return load_references(self._settings.norms_dir)

    def run(
        self, celery_task: "Task[Any, Any]", results: Sequence[dict[str, Any]], payload: dict[str, Any]
    ) -> dict[str, Any] | None:
        """Answer one message: store the report once, tell those who follow.

        Returns:
            The assessment's id and status; null where the assessment is gone.

        Raises:
            celery.exceptions.Retry: the database is out of reach.
        """
        task = CombineTask.model_validate(payload)
        try:
            report = self.fuse(task, [ModalityResult.model_validate(result) for result in results])
        except TemporaryError as fault:
            pause_s = self._pause_s(celery_task.request.retries or 0)
            log.warning("retry", assessment_id=task.assessment_id, code=fault.code, pause_s=pause_s)
            raise celery_task.retry(
                exc=fault, countdown=pause_s, max_retries=self._settings.max_retries
            ) from fault
        if report is None:
            log.info("assessment_gone", assessment_id=task.assessment_id)
            return None
        self._announce(report)
        return {"assessment_id": report.assessment_id, "status": report.status}

    def fuse(self, task: CombineTask, results: Sequence[ModalityResult]) -> Report | None:
        """Combine, rank and store in one transaction; a second run returns the first one's report.

        Raises:
            TemporaryError: the database is out of reach.
        """
        voice = voice_summary(results) if task.keep_voice_summary else None
        try:
            with transaction(self.engine, task.tenant_id) as work:
                subject = work.subject(task.assessment_id)
                if subject is None:
                    return None
                return work.stored(task.assessment_id) or self._store(work, subject, task, results, voice)
        except AssessmentGoneError:
            return None

    def _store(
        self,
        work: ReportTransaction,
        subject: Subject,
        task: CombineTask,
        results: Sequence[ModalityResult],
        voice: VoiceSummary | None,
    ) -> Report:
        report, combination = fuse(
            results,
            assessment_id=subject.assessment_id,
            purpose=subject.purpose,
            policy=subject.notices,
            refused=task.refused,
            settings=self._settings,
            cards=self._cards,
            references=self.references,
            read_others=lambda found: work.others(subject, found.scores, found.model_keys),
            created_at=datetime.now(UTC),
        )
        return work.add(
            report, subject, scores=combination.scores, model_keys=combination.model_keys, voice=voice
        )

    def _announce(self, report: Report) -> None:
        """Publish after the commit. A second run publishes again: the first may have died in between."""
        try:
            self.ledger.publish_event(report.assessment_id, "report", {"status": report.status})
        except RedisError as fault:
            log.warning("report_not_announced", assessment_id=report.assessment_id, detail=str(fault))

    def _pause_s(self, tries: int) -> float:
        """Return the seconds of an exponential back-off with jitter, so that many waiting reports do not
        return at once.
        """
        longest = min(self._settings.retry_cap_s, self._settings.retry_base_s * 2.0**tries)
        return longest * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing


def create_worker(common: CommonSettings, settings: FusionSettings) -> Celery:
    """Create the Celery application with the one task of this service."""
    runtime = FusionRuntime(common, settings)
    app = create_celery(common)

    def combine(
        self: "Task[Any, Any]", results: list[dict[str, Any]], *, payload: dict[str, Any]
    ) -> dict[str, Any] | None:
        return runtime.run(self, results, payload)

    # Nobody asks for what it returns, and Celery's copy would outlive an erasure.
    app.task(name=FUSION_COMBINE, bind=True, ignore_result=True)(combine)
    return app


def main() -> None:
    """Run the worker until it is told to stop."""
    common = CommonSettings()
    configure_logging(level=common.log_level, json=common.log_json)
    run_worker(create_worker(common, FusionSettings()), common, queue=QUEUE_OF_TASK[FUSION_COMBINE])


if __name__ == "__main__":
    main()
