"""The frame around every task of an analysis service: lease, attempts, retries and kept results."""

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import Any, Generic

from celery import Task
from redis.exceptions import LockNotOwnedError, RedisError
from redis.lock import Lock

from services.common.contracts.labels import Modality, ModalityStatus
from services.common.contracts.results import ErrorCode, ModalityResult
from services.common.contracts.tasks import AnalyzeTask, Transcription
from services.common.errors import InputError, TemporaryError
from services.common.logging import get_logger
from services.common.media.files import MediaFile, Progress, scale_progress
from services.common.serving.client import open_predictor
from services.common.serving.predictor import Predictor
from services.common.settings import CommonSettings
from services.common.storage import ObjectStore, open_store
from services.common.work.ledger import TRANSCRIPT, ModalityProgress, Step, WorkLedger, open_ledger
from services.common.work.outcomes import (
    TRANSCRIPT_SHARE,
    ResultT,
    analyze_or_explain,
    make_failed_result,
    make_failed_transcription,
    make_skipped_result,
    transcribe_or_explain,
)

log = get_logger(__name__)

Analyze = Callable[[MediaFile, Predictor, Progress, AnalyzeTask], ModalityResult]
"""Analyses media; the task tells what else was sent along, such as the voice's enrolment."""
AnalyzeSpoken = Callable[[Transcription, Predictor, Progress], ModalityResult]
"""Analyses the words of a spoken answer."""
Transcribe = Callable[[MediaFile, Progress], Transcription]
"""Turns speech into words."""

PROGRESS_EVERY_S = 0.3
MAX_RETRIES = 5
RETRY_GRACE_S = 30.0
"""How long after its due time a retry may start before the work counts as lost."""


ERASED = "The answer was erased while it was analysed."


class StepRuntime(ABC, Generic[ResultT]):
    """The resources of one worker process for one kind of task; each is opened on first use.

    Attributes:
        step: the step of an analysis that it does.
        modality: the modality whose progress it reports.
    """

    def __init__(self, settings: CommonSettings, *, step: Step, modality: Modality) -> None:
        self._settings = settings
        self.step = step
        self.modality = modality

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

    @abstractmethod
    def find_earlier(self, task: AnalyzeTask) -> ResultT | None:
        """Return the result of an earlier delivery of the same work; None if there is none."""

    @abstractmethod
    def work(self, task: AnalyzeTask, progress: Progress) -> ResultT:
        """Run the work. A permanent fault becomes a failed result.

        Raises:
            TemporaryError: it may work later.
        """

    @abstractmethod
    def make_failure(self, code: ErrorCode, reason: str) -> ResultT:
        """Return the failed result for `code` and `reason`."""

    @abstractmethod
    def keep_result(self, task: AnalyzeTask, result: ResultT) -> None:
        """Keep the result for later deliveries of the same work."""

    def run(self, celery_task: "Task[Any, Any]", payload: dict[str, Any]) -> ResultT:
        """Return the result for one message: the kept one, that of the work, or a failed one.

        Raises:
            celery.exceptions.Retry: another worker holds the lease, or a temporary fault.
        """
        task = AnalyzeTask.model_validate(payload)
        earlier = self.find_earlier(task)
        if earlier is not None:
            return earlier
        lease_s = self._settings.lease_s
        lease = self.ledger.take_lease(task.assessment_id, self.step, lease_s=lease_s)
        if lease is None:
            raise celery_task.retry(countdown=lease_s / 2, max_retries=None)
        try:
            with _keep_renewed(lease, every_s=lease_s / 3):
                result = self._attempt(celery_task, task)
                self.keep_result(task, result)
        finally:
            with suppress(LockNotOwnedError):  # it expired, and may be another worker's
                lease.release()
        return result

    def _attempt(self, celery_task: "Task[Any, Any]", task: AnalyzeTask) -> ResultT:
        """Run the work, unless the assessment was erased or its media has ended too many workers."""
        if self.ledger.is_erased(task.assessment_id):
            return self._make_erased()
        attempts = self.ledger.count_attempt(task.assessment_id, self.step)
        if attempts > self._settings.max_attempts:
            log.error("worker_lost", assessment_id=task.assessment_id, step=self.step)
            return self.make_failure(
                ErrorCode.WORKER_LOST,
                f"The media ended the analysis {attempts - 1} times; convert it to another format and retry.",
            )
        progress = self._make_progress(task.assessment_id)
        try:
            progress(0.0)
            result = self.work(task, progress)
        except InputError as fault:
            result = self.make_failure(fault.code, fault.reason)
        except TemporaryError as fault:
            self.ledger.clear_attempts(task.assessment_id, self.step)
            if self.ledger.is_erased(task.assessment_id):
                return self._make_erased()
            result = self._retry_or_fail(celery_task, task.assessment_id, fault)
        self.ledger.clear_attempts(task.assessment_id, self.step)
        return self._make_erased() if self.ledger.is_erased(task.assessment_id) else result

    def _make_erased(self) -> ResultT:
        """Return a result without content. The chord still counts it, and fusion finds nothing to report."""
        return self.make_failure(ErrorCode.ERASED, ERASED)

    def _retry_or_fail(
        self, celery_task: "Task[Any, Any]", assessment_id: str, fault: TemporaryError
    ) -> ResultT:
        """Retry with exponential back-off (1, 2, 4 … s).

        After the last retry, record what was out of reach.
        """
        tries = celery_task.request.retries or 0
        if tries < MAX_RETRIES:
            log.warning("retry", step=self.step, code=fault.code, tries=tries, detail=fault.reason)
            self.ledger.announce_retry(assessment_id, self.step, wait_s=2**tries + RETRY_GRACE_S)
            raise celery_task.retry(countdown=2**tries, max_retries=None) from fault
        return self.make_failure(fault.code, f"{fault.reason} It was tried {tries + 1} times.")

    def _make_progress(self, assessment_id: str) -> Progress:
        """Return a progress callback that writes a few times a second; a write that fails is only logged.

        It raises `InputError` once the assessment was erased, which stops the work.
        """
        last = -PROGRESS_EVERY_S

        def progress(share: float) -> None:
            nonlocal last
            now = time.monotonic()
            if now - last < PROGRESS_EVERY_S:
                return
            last = now
            state = ModalityProgress(status=ModalityStatus.RUNNING, share=min(max(share, 0.0), 1.0))
            try:
                is_known = self.ledger.report_progress(assessment_id, self.modality, state)
                if not is_known and self.ledger.is_erased(assessment_id):
                    raise InputError(ErrorCode.ERASED, ERASED)
            except RedisError as fault:
                log.warning("progress_not_stored", detail=str(fault))

        return progress


class AnalysisRuntime(StepRuntime[ModalityResult]):
    """The runtime of `text.analyze`, `audio.analyze` and `video.analyze`."""

    def __init__(
        self,
        settings: CommonSettings,
        *,
        modality: Modality,
        analyze: Analyze,
        analyze_spoken: AnalyzeSpoken | None = None,
    ) -> None:
        super().__init__(settings, step=modality, modality=modality)
        self._analyze = analyze
        self._analyze_spoken = analyze_spoken

    def find_earlier(self, task: AnalyzeTask) -> ModalityResult | None:
        return self.ledger.read_result(task.assessment_id, self.modality)

    def work(self, task: AnalyzeTask, progress: Progress) -> ModalityResult:
        return analyze_or_explain(self.modality, lambda: self._work(task, progress))

    def make_failure(self, code: ErrorCode, reason: str) -> ModalityResult:
        return make_failed_result(self.modality, code, reason)

    def keep_result(self, task: AnalyzeTask, result: ModalityResult) -> None:
        self.ledger.keep_result(task.assessment_id, result)

    def _work(self, task: AnalyzeTask, progress: Progress) -> ModalityResult:
        if task.media is None:
            return make_skipped_result(self.modality)
        if task.spoken:
            return self._analyze_transcript(task, progress)
        with self.store.open_local(task.media.key) as path:
            media = MediaFile(path=path, kind=task.media.kind, content_type=task.media.content_type)
            return self._analyze(media, self.predictor, progress, task)

    def _analyze_transcript(self, task: AnalyzeTask, progress: Progress) -> ModalityResult:
        """Analyse the transcript, which the ledger holds so that no message carries it."""
        if self._analyze_spoken is None:
            return make_skipped_result(self.modality)
        words = self.ledger.read_transcription(task.assessment_id)
        if words is None:
            raise TemporaryError(ErrorCode.STORAGE_UNAVAILABLE, "The transcript is not where it should be.")
        return self._analyze_spoken(words, self.predictor, scale_progress(progress, TRANSCRIPT_SHARE, 1.0))


class TranscriptionRuntime(StepRuntime[Transcription]):
    """The runtime of `audio.transcribe`."""

    def __init__(self, settings: CommonSettings, *, transcribe: Transcribe) -> None:
        super().__init__(settings, step=TRANSCRIPT, modality=Modality.TEXT)
        self._transcribe = transcribe

    def find_earlier(self, task: AnalyzeTask) -> Transcription | None:
        return self.ledger.read_transcription(task.assessment_id)

    def work(self, task: AnalyzeTask, progress: Progress) -> Transcription:
        return transcribe_or_explain(lambda: self._work(task, progress))

    def make_failure(self, code: ErrorCode, reason: str) -> Transcription:
        return make_failed_transcription(code, reason)

    def keep_result(self, task: AnalyzeTask, result: Transcription) -> None:
        self.ledger.keep_transcription(task.assessment_id, result, share=TRANSCRIPT_SHARE)

    def _work(self, task: AnalyzeTask, progress: Progress) -> Transcription:
        if task.media is None:
            return make_failed_transcription(ErrorCode.NOT_PROVIDED, "The answer holds no speech.")
        with self.store.open_local(task.media.key) as path:
            media = MediaFile(path=path, kind=task.media.kind, content_type=task.media.content_type)
            return self._transcribe(media, scale_progress(progress, 0.0, TRANSCRIPT_SHARE))


@contextmanager
def _keep_renewed(lease: Lock, *, every_s: float) -> Iterator[None]:
    """Renew the lease from a thread while the block runs, so that only a dead worker loses it."""
    stop = threading.Event()

    def renew() -> None:
        while not stop.wait(every_s):
            try:
                lease.reacquire()
            except RedisError as fault:
                log.warning("lease_not_renewed", detail=str(fault))

    thread = threading.Thread(target=renew, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
