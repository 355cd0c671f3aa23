"""The shell around every analysis task: lease, attempts, retries and faults that become results."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from celery import Celery, Task
from redis.exceptions import RedisError

from services.common.contracts.labels import Modality, ModalityStatus
from services.common.contracts.results import ErrorCode, ModalityResult
from services.common.contracts.tasks import ANALYZE_TASK, QUEUE_OF_TASK, AnalyzeTask
from services.common.errors import InputError, TemporaryError
from services.common.ledger import Lease, ModalityProgress, WorkLedger, open_ledger
from services.common.logging import configure_logging, get_logger
from services.common.media import MediaFile, Progress
from services.common.messaging import create_celery, run_worker
from services.common.serving.client import Predictor, check_model_server, open_predictor
from services.common.settings import CommonSettings
from services.common.storage import ObjectStore, open_store

log = get_logger(__name__)

Analyze = Callable[[MediaFile, Predictor, Progress, AnalyzeTask], ModalityResult]
"""Analyses media; the task tells what else was sent along, such as the voice's enrolment."""

PROGRESS_EVERY_S = 0.3
MAX_RETRIES = 5
RETRY_GRACE_S = 30.0
"""How long after its due time a retry may start before the work counts as lost."""


def failed(modality: Modality, code: ErrorCode, reason: str) -> ModalityResult:
    """The result of an analysis that could not be made."""
    return ModalityResult(modality=modality, status=ModalityStatus.FAILED, error_code=code, reason=reason)


def nothing_to_analyze(modality: Modality) -> ModalityResult:
    """The result where the answer holds nothing for this modality."""
    if modality is Modality.TEXT:
        code = ErrorCode.TRANSCRIPTION_UNAVAILABLE
        reason = "Spoken answers are not transcribed on this installation; add the text to have it analysed."
    else:
        code = ErrorCode.NOT_PROVIDED
        reason = f"The answer holds no {modality}."
    return ModalityResult(modality=modality, status=ModalityStatus.SKIPPED, error_code=code, reason=reason)


def analyze_or_explain(modality: Modality, analyze: Callable[[], ModalityResult]) -> ModalityResult:
    """Run an analysis; a permanent fault, foreseen or not, becomes a failed result.

    Raises:
        TemporaryError: the same call may work later.
    """
    started = time.perf_counter()
    try:
        result = analyze()
    except InputError as fault:
        result = failed(modality, fault.code, fault.reason)
    except MemoryError:
        result = failed(modality, ErrorCode.MEDIA_UNSUPPORTED, "The media needs more memory than is allowed.")
    except TemporaryError:
        raise
    except Exception:
        log.exception("analysis_failed", modality=modality)
        result = failed(
            modality, ErrorCode.INTERNAL, "The analysis failed; the operator finds why in the log."
        )
    return result.model_copy(update={"elapsed_s": time.perf_counter() - started})


class AnalysisRuntime:
    """What one worker process holds: ledger, object store and predictor, each opened on first use."""

    def __init__(self, settings: CommonSettings, *, modality: Modality, analyze: Analyze) -> None:
        self._settings = settings
        self._modality = modality
        self._analyze = analyze

    @cached_property
    def ledger(self) -> WorkLedger:
        url = self._settings.redis_url.get_secret_value()
        return open_ledger(url, ttl_s=self._settings.result_ttl_s, patient=True)

    @cached_property
    def store(self) -> ObjectStore:
        return open_store(self._settings.storage_url)

    @cached_property
    def predictor(self) -> Predictor:
        return open_predictor(self._settings)

    def run(self, celery_task: "Task[Any, Any]", payload: dict[str, Any]) -> dict[str, Any]:
        """Answer one message: from the cache, by analysis, or with the reason why not.

        Raises:
            celery.exceptions.Retry: another worker holds the lease, or a temporary fault.
        """
        task = AnalyzeTask.model_validate(payload)
        earlier = self.ledger.cached_result(task.assessment_id, self._modality)
        if earlier is not None:
            return earlier.model_dump(mode="json")
        lease_s = self._settings.lease_s
        lease = self.ledger.take_lease(task.assessment_id, self._modality, lease_s=lease_s)
        if lease is None:
            raise celery_task.retry(countdown=lease_s / 2, max_retries=None)
        try:
            with _renewed(lease):
                result = self._attempt(celery_task, task)
                self.ledger.keep_result(task.assessment_id, result)
        finally:
            lease.release()
        return result.model_dump(mode="json")

    def _attempt(self, celery_task: "Task[Any, Any]", task: AnalyzeTask) -> ModalityResult:
        """Analyse, unless this work has already cost too many workers."""
        attempts = self.ledger.count_attempt(task.assessment_id, self._modality)
        if attempts > self._settings.max_attempts:
            log.error("worker_lost", assessment_id=task.assessment_id, modality=self._modality)
            return failed(
                self._modality,
                ErrorCode.WORKER_LOST,
                f"The media ended the analysis {attempts - 1} times; convert it to another format and retry.",
            )
        progress = self._throttled_progress(task.assessment_id)
        progress(0.0)
        try:
            result = analyze_or_explain(self._modality, lambda: self._analyze_stored(task, progress))
        except TemporaryError as fault:
            self.ledger.clear_attempts(task.assessment_id, self._modality)
            result = self._retry_or_fail(celery_task, task.assessment_id, fault)
        self.ledger.clear_attempts(task.assessment_id, self._modality)
        return result

    def _analyze_stored(self, task: AnalyzeTask, progress: Progress) -> ModalityResult:
        if task.media is None:
            return nothing_to_analyze(self._modality)
        with self.store.open_local(task.media.key) as path:
            media = MediaFile(path=path, kind=task.media.kind, content_type=task.media.content_type)
            return self._analyze(media, self.predictor, progress, task)

    def _retry_or_fail(
        self, celery_task: "Task[Any, Any]", assessment_id: str, fault: TemporaryError
    ) -> ModalityResult:
        """Retry with exponential back-off (1, 2, 4 … s); afterwards record what was out of reach."""
        tries = celery_task.request.retries or 0
        if tries < MAX_RETRIES:
            log.warning("retry", modality=self._modality, code=fault.code, tries=tries, detail=fault.reason)
            self.ledger.wait(assessment_id, self._modality, wait_s=2**tries + RETRY_GRACE_S)
            raise celery_task.retry(countdown=2**tries, max_retries=None) from fault
        return failed(self._modality, fault.code, f"{fault.reason} It was tried {tries + 1} times.")

    def _throttled_progress(self, assessment_id: str) -> Progress:
        """A progress callback that writes a few times a second; losing one write loses nothing."""
        last = -PROGRESS_EVERY_S

        def progress(share: float) -> None:
            nonlocal last
            now = time.monotonic()
            if now - last < PROGRESS_EVERY_S:
                return
            last = now
            state = ModalityProgress(status=ModalityStatus.RUNNING, share=min(max(share, 0.0), 1.0))
            try:
                self.ledger.report_progress(assessment_id, self._modality, state)
            except RedisError as fault:
                log.warning("progress_not_stored", detail=str(fault))

        return progress


def create_analysis_worker(settings: CommonSettings, *, modality: Modality, analyze: Analyze) -> Celery:
    """The Celery application with the one task of an analysis service."""
    runtime = AnalysisRuntime(settings, modality=modality, analyze=analyze)
    app = create_celery(settings)

    def analyze_task(self: "Task[Any, Any]", *, payload: dict[str, Any]) -> dict[str, Any]:
        return runtime.run(self, payload)

    # A chord counts what its parts return without it; Celery's own copy would outlive an erasure.
    app.task(name=ANALYZE_TASK[modality], bind=True, ignore_result=True)(analyze_task)
    return app


def run_analysis_worker(modality: Modality, analyze: Analyze) -> None:
    """Run the worker of `modality` until it is told to stop."""
    settings = CommonSettings()
    configure_logging(level=settings.log_level, json=settings.log_json)
    app = create_analysis_worker(settings, modality=modality, analyze=analyze)
    queue = QUEUE_OF_TASK[ANALYZE_TASK[modality]]
    run_worker(app, settings, queue=queue, check=lambda: check_model_server(settings))


@contextmanager
def _renewed(lease: Lease) -> Iterator[None]:
    """Renew the lease from a thread, so that a long analysis keeps it and a dead one loses it."""
    stop = threading.Event()

    def renew() -> None:
        while not stop.wait(lease.renew_every_s):
            try:
                lease.renew()
            except RedisError as fault:
                log.warning("lease_not_renewed", detail=str(fault))

    thread = threading.Thread(target=renew, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
