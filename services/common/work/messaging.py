"""The Celery application of all processes: JSON only, late acknowledgement, one queue per service."""

import ctypes
import signal
from collections.abc import Callable
from typing import Any

from celery import Celery, Signature, chain, chord, signals
from celery.backends.redis import RedisBackend, ResultConsumer

from services.common.contracts.tasks import (
    ANALYZE_TASK,
    AUDIO_TRANSCRIBE,
    FUSION_COMBINE,
    QUEUE_OF_TASK,
    AnalyzeTask,
    CombineTask,
)
from services.common.settings import CommonSettings
from services.common.work.ledger import open_ledger
from services.common.work.presence import Check, Presence, need_nothing


class NoSubscriptions(ResultConsumer):  # type: ignore[misc]
    """Switches off that Celery subscribes to each task's result in the process that sends it.

    Nobody waits there.
    """

    def consume_from(self, task_id: str) -> None:
        """Ignore the task; Celery calls this for each task of a chord when it is sent."""

    def cancel_for(self, task_id: str) -> None:
        """Ignore the task; Celery calls this when a result is garbage-collected."""


class ChordBackend(RedisBackend):  # type: ignore[misc]
    """The Redis result backend without subscriptions: chords count results, and nobody else reads them."""

    ResultConsumer = NoSubscriptions


PR_SET_PDEATHSIG = 1
"""`prctl` option: the signal a process gets when its parent dies (linux/prctl.h)."""


WARM_UP_WITHIN_S = 60.0
"""A process of the pool that is not up by then is killed and replaced. Celery says 4 s, too little on a busy
machine."""

PATIENT_RETRY = {"max_retries": 20, "interval_start": 0, "interval_step": 1, "interval_max": 1}
"""For workers: storing a result is retried for a while, since it cost much work."""

HASTY_RETRY = {"max_retries": 1, "interval_start": 0, "interval_step": 0.2, "interval_max": 0.2}
"""For requests: they do not wait for a broker that is down, since recovery sends the work later."""


def create_celery(settings: CommonSettings, *, patient: bool = True) -> Celery:
    """Create a Celery application on the shared broker.

    A message is acknowledged after its task ended, so that it is delivered again if its worker dies. Results
    are in Redis too, because the chord of an assessment counts them there.

    Args:
        settings: where Redis is, and the time limits.
        patient: retry for some 20 s while the broker is out of reach (a worker) instead of once (a request).
    """
    url = settings.redis_url.get_secret_value()
    backend = f"{ChordBackend.__module__}:{ChordBackend.__qualname__}+{url}"
    app = Celery("candor", broker=url, backend=backend, set_as_current=False)
    app.conf.update(
        accept_content=["json"],
        task_serializer="json",
        result_serializer="json",
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_acks_on_failure_or_timeout=True,
        task_track_started=False,
        task_time_limit=settings.task_time_limit_s,
        task_routes={name: {"queue": queue} for name, queue in QUEUE_OF_TASK.items()},
        worker_prefetch_multiplier=1,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        worker_proc_alive_timeout=WARM_UP_WITHIN_S,
        result_expires=settings.result_ttl_s,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            "visibility_timeout": settings.visibility_timeout_s,
            "socket_timeout": 10,
            "socket_connect_timeout": 3,
            "max_retries": 2,
            "interval_start": 0.1,
            "interval_max": 0.5,
        },
        task_publish_retry_policy=PATIENT_RETRY if patient else HASTY_RETRY,
        result_backend_transport_options={
            "visibility_timeout": settings.visibility_timeout_s,
            "retry_policy": PATIENT_RETRY if patient else HASTY_RETRY,
        },
        redis_socket_timeout=10,
        redis_socket_connect_timeout=3,
        redis_backend_health_check_interval=15,
        timezone="UTC",
    )
    # Without this, Celery takes `retry(max_retries=None)` for its own default, which is 3.
    app.Task.max_retries = None
    return app


def send_analyses(app: Celery, analyses: list[AnalyzeTask], combine: CombineTask) -> str | None:
    """Send the chord of one assessment: its analyses, then fusion with the list of their results.

    Returns:
        The group that counts the results; None if there is nothing to count.

    Raises:
        ValueError: there is nothing to analyse.
        kombu.exceptions.OperationalError: the broker is out of reach.
    """
    if not analyses:
        raise ValueError("an assessment needs at least one analysis")
    header = [_build_signature(app, task) for task in analyses]
    body = app.signature(FUSION_COMBINE, kwargs={"payload": combine.model_dump(mode="json")})
    counted = chord(header, app=app)(body).parent
    return None if counted is None else str(counted.id)


def _build_signature(app: Celery, task: AnalyzeTask) -> Signature:
    """Build the message of one analysis; spoken words are transcribed before they are analysed."""
    options: dict[str, Any] = {"kwargs": {"payload": task.model_dump(mode="json")}, "immutable": True}
    analysis = app.signature(ANALYZE_TASK[task.modality], **options)
    return chain(app.signature(AUDIO_TRANSCRIBE, **options), analysis, app=app) if task.spoken else analysis


def run_worker(
    app: Celery,
    settings: CommonSettings,
    *,
    queue: str,
    check: Check = need_nothing,
    warm_up: Callable[[], None] | None = None,
    concurrency: int = 1,
    extra: list[str] | None = None,
) -> None:
    """Run a prefork worker until it is told to stop.

    Args:
        app: from `create_celery`, with the worker's tasks.
        settings: where Redis is.
        queue: one queue, or several with commas between.
        check: tests what the worker needs; its result is announced every few seconds for readiness. Runs in
            the parent of the pool, so it must not leave threads behind that a fork could harm (gRPC's, for
            example).
        warm_up: loads what is slow to load. Runs in each process of the pool as it starts, before it takes
            a task, while the worker already announces itself. A fault is logged, and no more.
        concurrency: tasks at a time.
        extra: more arguments of Celery's `worker` command.
    """
    ledger = open_ledger(settings.redis_url.get_secret_value())
    presence = Presence(ledger, queue.split(","), check=check)
    signals.worker_ready.connect(lambda **_: presence.start(), weak=False)
    signals.worker_process_init.connect(_die_with_parent, weak=False)
    if warm_up is not None:
        signals.worker_process_init.connect(lambda **_: warm_up(), weak=False)
    arguments = ["worker", "--queues", queue, "--hostname", f"{queue}@%h", "--concurrency", str(concurrency)]
    arguments += ["--loglevel", "WARNING", "--without-gossip", "--without-mingle"]
    app.worker_main([*arguments, *(extra or [])])


def _die_with_parent(**_: Any) -> None:
    """End this child when its worker is killed: nobody would collect the result of its task."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
