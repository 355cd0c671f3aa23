"""From a committed row to a chord on the broker. What cannot be sent is left to recovery."""

from dataclasses import dataclass, field
from typing import Protocol

from celery import Celery
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from gateway.assessments.repository import mark_dispatched
from services.common.contracts.labels import MODALITIES_OF, MediaKind, Modality
from services.common.contracts.media import MediaRef
from services.common.contracts.tasks import AnalyzeTask, CombineTask
from services.common.contracts.voice import VoiceSummary
from services.common.db.session import tenant_session
from services.common.errors import CandorError
from services.common.logging import get_logger
from services.common.work.ledger import WorkLedger
from services.common.work.messaging import send_analyses

log = get_logger(__name__)

PREFERRED: dict[Modality, tuple[MediaKind, ...]] = {
    Modality.TEXT: (MediaKind.TEXT, MediaKind.DOCUMENT, MediaKind.AUDIO, MediaKind.VIDEO),
    Modality.AUDIO: (MediaKind.AUDIO, MediaKind.VIDEO),
    Modality.VIDEO: (MediaKind.VIDEO,),
}
"""Which part of an answer feeds an analysis; the first that was handed in is taken."""


class DispatchError(CandorError):
    """The broker did not take the work."""


@dataclass(frozen=True, slots=True)
class Work:
    """One assessment to analyse.

    Attributes:
        enrolment: mean voice of the person's earlier answers, for the audio analysis alone.
        keep_voice_summary: whether this one's may be kept for the next.
        refused: analyses that the law forbids, for the report to say so.
    """

    assessment_id: str
    tenant_id: str
    media: list[MediaRef]
    enrolment: VoiceSummary | None = field(default=None, repr=False)
    keep_voice_summary: bool = False
    refused: list[Modality] = field(default_factory=list)


class Dispatcher(Protocol):
    """Sends work to the workers."""

    def send(self, work: Work) -> None:
        """Send the chord of `work`; sending it again is harmless.

        Raises:
            DispatchError: the broker is out of reach.
        """
        ...


class CeleryDispatcher:
    """`Dispatcher` over the broker that all processes share."""

    def __init__(self, app: Celery, ledger: WorkLedger) -> None:
        self._app = app
        self._ledger = ledger

    def send(self, work: Work) -> None:
        """Note the work in the ledger, then send it: a worker may report before we return."""
        combine = CombineTask(
            assessment_id=work.assessment_id,
            tenant_id=work.tenant_id,
            keep_voice_summary=work.keep_voice_summary,
            refused=work.refused,
        )
        try:
            analyses = analyses_of(work)
            spoken = any(task.spoken for task in analyses)
            self._ledger.record_queued(
                work.assessment_id, [task.modality for task in analyses], spoken=spoken
            )
            group_id = send_analyses(self._app, analyses, combine)
            if group_id is not None:
                self._ledger.record_chord(work.assessment_id, group_id)
        except (OperationalError, RedisError, OSError) as fault:
            raise DispatchError(str(fault)) from fault


def analyses_of(work: Work) -> list[AnalyzeTask]:
    """Return one task for every modality that the answer can feed, so that typed text waits for no video
    worker.

    The words of a spoken answer count: they are transcribed first, or the text service says why not.
    """
    by_kind = {part.kind: part for part in work.media}
    possible = {modality for kind in by_kind for modality in MODALITIES_OF[kind]}
    return [
        AnalyzeTask(
            assessment_id=work.assessment_id,
            modality=modality,
            media=next((by_kind[kind] for kind in kinds if kind in by_kind), None),
            enrolment=work.enrolment if modality is Modality.AUDIO else None,
        )
        for modality, kinds in PREFERRED.items()
        if modality in possible
    ]


def dispatch(engine: Engine, dispatcher: Dispatcher, work: Work, *, recheck_after_s: float) -> bool:
    """Send `work` and note it on its row; false if it has to wait for recovery.

    The row is committed already. If the note fails after the message went out, recovery sends the
    work a second time, which costs little: analyses that ended answer from their kept results.
    """
    try:
        dispatcher.send(work)
    except DispatchError as fault:
        log.warning("dispatch_postponed", assessment_id=work.assessment_id, detail=str(fault))
        return False
    try:
        with tenant_session(engine, work.tenant_id) as session:
            mark_dispatched(session, work.assessment_id, recheck_after_s=recheck_after_s)
    except SQLAlchemyError as fault:
        log.warning("dispatch_not_noted", assessment_id=work.assessment_id, detail=str(fault))
    return True
