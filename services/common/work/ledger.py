"""The work ledger: the live state of each assessment in Redis.

Postgres holds what must not be lost; the ledger holds what may be lost: the live state of each analysis,
the lease of the worker that runs it, how many workers it has cost, its finished result (so that a
second delivery of the same message costs nothing) and the events that clients follow. If Redis is
emptied, `is_known` turns false and the delivery worker sends the work again from Postgres.
"""

import hashlib
import json
from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Final, Literal, cast

from pydantic import Field
from redis import Redis
from redis.backoff import ExponentialBackoff
from redis.lock import Lock
from redis.retry import Retry

from services.common.contracts.base import Contract
from services.common.contracts.labels import Modality, ModalityStatus
from services.common.contracts.results import ErrorCode, ModalityResult, Probability
from services.common.contracts.tasks import ANALYZE_TASK, AUDIO_TRANSCRIBE, QUEUE_OF_TASK, Transcription
from services.common.work.purge import purge_group, purge_messages

EVENTS_KEPT = 500
TRANSCRIPT: Final = "transcript"
Step = Modality | Literal["transcript"]
"""One piece of work with a lease and a result: an analysis, or the transcript that the words wait for."""
STEPS: tuple[Step, ...] = (*Modality, TRANSCRIPT)
ENDED = (ModalityStatus.SUCCEEDED, ModalityStatus.FAILED, ModalityStatus.SKIPPED)


class Stall(StrEnum):
    """Why an assessment without a report makes no progress."""

    UNKNOWN = "unknown"
    """Redis has no record of it (any more), or it was never sent."""
    LOST = "lost"
    """The worker of an analysis went silent."""
    VANISHED = "vanished"
    """An analysis waits, but its queue is empty (a worker may just be about to start it)."""
    UNFUSED = "unfused"
    """Every analysis ended, but fusion has not stored the report (it may just be about to)."""


class ModalityProgress(Contract):
    """Live state of one analysis; `share` is the part of the work that is done."""

    status: ModalityStatus
    share: Probability = 0.0
    error_code: ErrorCode | None = None
    waits_for: str | None = Field(default=None, description="The task that a queued analysis starts with.")


def work_key(assessment_id: str) -> str:
    """Return the key of the hash modality → `ModalityProgress` as JSON."""
    return f"candor:work:{assessment_id}"


def events_key(assessment_id: str) -> str:
    """Return the key of the stream of events, with the fields `event` and `data` (JSON)."""
    return f"candor:events:{assessment_id}"


def _lease_key(assessment_id: str, step: Step) -> str:
    return f"candor:lease:{assessment_id}:{step}"


def _waiting_key(assessment_id: str, step: Step) -> str:
    return f"candor:waiting:{assessment_id}:{step}"


def _attempts_key(assessment_id: str, step: Step) -> str:
    return f"candor:attempts:{assessment_id}:{step}"


def _result_key(assessment_id: str, step: Step) -> str:
    return f"candor:result:{assessment_id}:{step}"


def _chords_key(assessment_id: str) -> str:
    return f"candor:chords:{assessment_id}"


def _erased_key(assessment_id: str) -> str:
    """Return the key that marks an erased assessment.

    It holds a hash, which does not reveal the identifier.
    """
    return f"candor:forgotten:{hashlib.sha256(assessment_id.encode()).hexdigest()}"


def _list_steps(modality: Modality) -> tuple[Step, ...]:
    """List the steps of an analysis; spoken words have two."""
    return (TRANSCRIPT, modality) if modality is Modality.TEXT else (modality,)


def _worker_key(queue: str) -> str:
    return f"candor:worker:{queue}"


_REPORT_PROGRESS = (
    # A worker that is still busy with an erased assessment must not create its keys again.
    "if redis.call('hexists', KEYS[1], ARGV[1]) == 0 then return 0 end "
    "redis.call('hset', KEYS[1], ARGV[1], ARGV[2]) redis.call('expire', KEYS[1], ARGV[4]) "
    "redis.call('xadd', KEYS[2], 'MAXLEN', '~', ARGV[5], '*', 'event', 'modality', 'data', ARGV[3]) "
    "redis.call('expire', KEYS[2], ARGV[4]) return 1"
)


class WorkLedger:
    """Reads and writes the live state.

    Args:
        redis: a client with `decode_responses=True`.
        ttl_s: how long finished state is kept.
    """

    def __init__(self, redis: "Redis", *, ttl_s: int = 86_400) -> None:
        self._redis = redis
        self._ttl_s = ttl_s
        self._report_progress = redis.register_script(_REPORT_PROGRESS)

    def record_queued(
        self, assessment_id: str, modalities: Iterable[Modality], *, spoken: bool = False
    ) -> None:
        """Record that work was sent. Results that exist already keep their state.

        Args:
            assessment_id: of the answer.
            modalities: the analyses that were sent.
            spoken: whether the words wait for a transcript first.
        """
        if self.is_erased(assessment_id):
            return
        first = ANALYZE_TASK | ({Modality.TEXT: AUDIO_TRANSCRIBE} if spoken else {})
        key = work_key(assessment_id)
        before = self.read_progress(assessment_id)
        with self._redis.pipeline() as pipe:
            for modality in modalities:
                if modality not in before or before[modality].status not in ENDED:
                    waiting = ModalityProgress(status=ModalityStatus.QUEUED, waits_for=first[modality])
                    pipe.hset(key, modality, waiting.model_dump_json())
            pipe.expire(key, self._ttl_s)
            pipe.execute()
        self.publish_event(assessment_id, "status", {"status": "queued"})

    def record_chord(self, assessment_id: str, group_id: str) -> None:
        """Record the chord that counts the results of this work, so that it can be erased too."""
        key = _chords_key(assessment_id)
        self._redis.sadd(key, group_id)
        self._redis.expire(key, self._ttl_s)

    def is_known(self, assessment_id: str) -> bool:
        """Return whether Redis has a record of this work."""
        return bool(self._redis.exists(work_key(assessment_id)))

    def read_progress(self, assessment_id: str) -> dict[Modality, ModalityProgress]:
        """Return the live state per modality; empty if nothing was sent or Redis lost it."""
        raw = cast(dict[str, str], self._redis.hgetall(work_key(assessment_id)))
        return {Modality(name): ModalityProgress.model_validate_json(value) for name, value in raw.items()}

    def find_lost(self, assessment_id: str) -> list[Modality]:
        """List the modalities marked as running without a worker that holds their lease or will retry."""
        return [
            modality
            for modality, state in self.read_progress(assessment_id).items()
            if state.status is ModalityStatus.RUNNING
            and not self._redis.exists(
                *(_lease_key(assessment_id, step) for step in _list_steps(modality)),
                *(_waiting_key(assessment_id, step) for step in _list_steps(modality)),
            )
        ]

    def find_stall(self, assessment_id: str) -> Stall | None:
        """Return why this assessment will not go on by itself; None while it may go on.

        Sending the whole chord again mends each stall: analyses that have ended return their kept
        results, and fusion stores one report however often it runs.
        """
        states = self.read_progress(assessment_id)
        if not states:
            return Stall.UNKNOWN
        if self.find_lost(assessment_id):
            return Stall.LOST
        if all(state.status in ENDED for state in states.values()):
            return Stall.UNFUSED
        waiting = [
            state.waits_for or ANALYZE_TASK[name]
            for name, state in states.items()
            if state.status is ModalityStatus.QUEUED
        ]
        if any(self._redis.llen(QUEUE_OF_TASK[task]) == 0 for task in waiting):
            return Stall.VANISHED
        return None

    def announce_retry(self, assessment_id: str, step: Step, *, wait_s: float) -> None:
        """Announce that a worker has put the work off and starts it again within `wait_s`."""
        self._redis.set(_waiting_key(assessment_id, step), "1", px=int(wait_s * 1000))

    def erase_results(self, assessment_id: str) -> None:
        """Erase the kept results alone; work that is delivered again would be done again."""
        self._redis.delete(*(_result_key(assessment_id, step) for step in STEPS))

    def erase(self, assessment_id: str) -> None:
        """Erase every trace of an assessment: state, results, messages.

        A worker that is busy with it finds out by `is_erased`, and its result is discarded.
        """
        self._redis.set(_erased_key(assessment_id), "1", ex=self._ttl_s)
        for group_id in cast("set[str]", self._redis.smembers(_chords_key(assessment_id))):
            purge_group(self._redis, group_id)
        purge_messages(self._redis, assessment_id, queues=sorted(set(QUEUE_OF_TASK.values())))
        keys = [work_key(assessment_id), events_key(assessment_id), _chords_key(assessment_id)]
        for step in STEPS:
            keys += [
                _lease_key(assessment_id, step),
                _waiting_key(assessment_id, step),
                _attempts_key(assessment_id, step),
                _result_key(assessment_id, step),
            ]
        self._redis.delete(*keys)

    def is_erased(self, assessment_id: str) -> bool:
        """Return whether the assessment was erased within the time that finished state is kept."""
        return bool(self._redis.exists(_erased_key(assessment_id)))

    def publish_event(self, assessment_id: str, event: str, data: dict[str, Any]) -> None:
        """Append an event for those who follow the assessment, unless it was erased."""
        if self.is_erased(assessment_id):
            return
        key = events_key(assessment_id)
        with self._redis.pipeline() as pipe:
            pipe.xadd(key, {"event": event, "data": json.dumps(data)}, maxlen=EVENTS_KEPT, approximate=True)
            pipe.expire(key, self._ttl_s)
            pipe.execute()

    def report_progress(self, assessment_id: str, modality: Modality, state: ModalityProgress) -> bool:
        """Store and publish the state of one analysis; return False if the assessment was erased."""
        data = {"modality": modality, **state.model_dump(mode="json", exclude={"waits_for"})}
        return bool(
            self._report_progress(
                keys=[work_key(assessment_id), events_key(assessment_id)],
                args=[modality, state.model_dump_json(), json.dumps(data), self._ttl_s, EVENTS_KEPT],
            )
        )

    def count_attempt(self, assessment_id: str, step: Step) -> int:
        """Count one start of the work; return how many there were since it last ended in order."""
        key = _attempts_key(assessment_id, step)
        attempts = self._redis.incr(key)
        self._redis.expire(key, self._ttl_s)
        return attempts

    def clear_attempts(self, assessment_id: str, step: Step) -> None:
        """Reset the attempts: the work ended in order, with a result or with a planned retry."""
        self._redis.delete(_attempts_key(assessment_id, step))

    def read_result(self, assessment_id: str, modality: Modality) -> ModalityResult | None:
        """Return the result of an earlier delivery of the same work; None if it has not finished."""
        raw = cast(str | None, self._redis.get(_result_key(assessment_id, modality)))
        return None if raw is None else ModalityResult.model_validate_json(raw)

    def keep_result(self, assessment_id: str, result: ModalityResult) -> None:
        """Keep a result for later deliveries, unless the assessment was erased meanwhile."""
        state = ModalityProgress(status=result.status, share=1.0, error_code=result.error_code)
        if self.report_progress(assessment_id, result.modality, state):
            self._redis.set(
                _result_key(assessment_id, result.modality), result.model_dump_json(), ex=self._ttl_s
            )

    def read_transcription(self, assessment_id: str) -> Transcription | None:
        """Return the transcription that `audio.transcribe` made of a spoken answer.

        None if it has not ended.
        """
        raw = cast(str | None, self._redis.get(_result_key(assessment_id, TRANSCRIPT)))
        return None if raw is None else Transcription.model_validate_json(raw)

    def keep_transcription(self, assessment_id: str, transcription: Transcription, *, share: float) -> None:
        """Keep the transcription for `text.analyze`, unless the assessment was erased meanwhile.

        Args:
            assessment_id: of the answer.
            transcription: the words, or why there are none.
            share: part of the work on the words that is done by now.
        """
        waiting = ModalityProgress(
            status=ModalityStatus.QUEUED, share=share, waits_for=ANALYZE_TASK[Modality.TEXT]
        )
        if self.report_progress(assessment_id, Modality.TEXT, waiting):
            key = _result_key(assessment_id, TRANSCRIPT)
            self._redis.set(key, transcription.model_dump_json(), ex=self._ttl_s)

    def announce_worker(self, queue: str, state: str, *, ttl_s: float) -> None:
        """Record that a worker serves `queue`, and its state (`ok`, or what it lacks)."""
        self._redis.set(_worker_key(queue), state, px=int(ttl_s * 1000))

    def read_workers(self) -> dict[str, str | None]:
        """Return the state of each queue's worker as it announced it; None if it has been silent too long."""
        queues = sorted(set(QUEUE_OF_TASK.values()))
        states = cast(list[str | None], self._redis.mget([_worker_key(queue) for queue in queues]))
        return dict(zip(queues, states, strict=True))

    def take_lease(self, assessment_id: str, step: Step, *, lease_s: float) -> Lock | None:
        """Claim the work for this worker until `lease_s` after the last `reacquire`, from any thread.

        Returns:
            The lease, whose `reacquire` and `release` raise `redis.exceptions.LockNotOwnedError` once it has
            expired; None while another living worker holds it.
        """
        lease = Lock(self._redis, _lease_key(assessment_id, step), timeout=lease_s, thread_local=False)
        return lease if lease.acquire(blocking=False) else None


def open_ledger(redis_url: str, *, ttl_s: int = 86_400, patient: bool = False) -> WorkLedger:
    """Open a ledger on its own connection pool.

    Its methods raise `redis.exceptions.RedisError` while Redis is out of reach.

    Args:
        redis_url: where Redis is.
        ttl_s: how long finished state is kept.
        patient: retry for about half a minute before an error (a worker that has done an analysis)
            instead of raising it almost at once (a request).
    """
    retry = Retry(ExponentialBackoff(cap=2.0, base=0.1), retries=20 if patient else 1)
    client = Redis.from_url(
        redis_url,
        decode_responses=True,
        socket_timeout=5,
        socket_connect_timeout=3,
        health_check_interval=15,
        retry=retry,
    )
    return WorkLedger(client, ttl_s=ttl_s)
