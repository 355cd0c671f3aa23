"""Erasing an answer, or a person, everywhere they have left something."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from redis.exceptions import RedisError
from sqlalchemy import ColumnElement, Engine, delete, select
from sqlalchemy.orm import Session

from gateway.assessments import repository
from gateway.errors import RefusedError
from gateway.interviews import repository as interviews
from gateway.problem_codes import ProblemCode
from gateway.rights.personal_data import count_of_answers, count_of_candidate
from gateway.rights.receipts import add_receipt
from gateway.rights.schemas import ErasureCause
from gateway.tenancy import audit
from gateway.webhooks.events import EventType, emit
from services.common.contracts.media import MediaRef
from services.common.db.models import Assessment, Candidate, Erasure, Interview
from services.common.db.session import tenant_session
from services.common.db.states import AssessmentState, transition
from services.common.logging import get_logger
from services.common.storage import ObjectStore

log = get_logger(__name__)


class WorkEraser(Protocol):
    """What erasure asks of the work ledger."""

    def erase(self, assessment_id: str) -> None: ...


class CanceledAnswer(NamedTuple):
    """An answer that is out of all further work, and where its media lies."""

    assessment_id: str
    media: list[MediaRef]


def erase_assessment(
    assessment_id: str,
    *,
    tenant_id: str,
    engine: Engine,
    store: ObjectStore,
    ledger: WorkEraser,
    actor: str | None = None,
) -> bool:
    """Erase media, live state, results, report and row; false where there is no such assessment.

    It is canceled first, so that no worker, fusion or recovery adds to it. The row goes last: while
    anything is left, the assessment can still be named, and the call repeated. With the row go its
    scores, and the database counts them out of the norms in the same transaction.

    Where somebody asked for it, `actor` names them (see `audit.record`) and the erasure is audited.

    Raises:
        TemporaryError: the object store is out of reach.
        RefusedError: `service_unavailable`, the ledger is.
    """
    with tenant_session(engine, tenant_id) as session:
        media = repository.cancel(session, assessment_id)
    if media is None:
        return False
    erase_outside([CanceledAnswer(assessment_id, media)], store=store, ledger=ledger)
    with tenant_session(engine, tenant_id) as session:
        if actor is not None:
            audit.record(
                session,
                tenant_id=tenant_id,
                actor=actor,
                action="assessment.erased",
                subject=assessment_id,
            )
        repository.erase(session, assessment_id)
    return True


def erase_candidate(
    candidate_id: str, *, tenant_id: str, actor: str, engine: Engine, store: ObjectStore, ledger: WorkEraser
) -> Erasure | None:
    """Erase a person: answers, media, reports, voices, consents, tokens, demographics, events, norms.

    All rows go in one transaction, and only after everything outside of the database is gone. Where
    something is out of reach nothing is forgotten, and the call can be repeated.

    Args:
        candidate_id: `cand_…`.
        tenant_id: whose candidate it is.
        actor: as in `audit.record`.
        engine: connected as `candor_gateway`.
        store: where media lies.
        ledger: where live state and kept results lie.

    Returns:
        The receipt; null where there is no such candidate (any more).

    Raises:
        TemporaryError: the object store is out of reach.
        RefusedError: `service_unavailable`, the ledger is.
    """
    done: set[str] = set()
    while True:
        with tenant_session(engine, tenant_id) as session:
            _lock_interviews(session, candidate_id)
            if session.get(Candidate, candidate_id, with_for_update=True) is None:
                return None
            answers = _cancel(session, Assessment.candidate_id == candidate_id)
            late = [answer for answer in answers if answer.assessment_id not in done]
            if not late:
                return _forget_candidate(
                    session, candidate_id, tenant_id=tenant_id, actor=actor, answers=answers
                )
        erase_outside(late, store=store, ledger=ledger)
        done.update(answer.assessment_id for answer in late)


def _lock_interviews(session: Session, candidate_id: str) -> None:
    """Lock a candidate's interviews before the candidate, in the order of whoever hands in an answer."""
    session.execute(
        select(Interview.id)
        .where(Interview.candidate_id == candidate_id)
        .order_by(Interview.id)
        .with_for_update()
    )


def _forget_candidate(
    session: Session, candidate_id: str, *, tenant_id: str, actor: str, answers: Sequence[CanceledAnswer]
) -> Erasure:
    """Delete the rows while the candidate's own is locked, so that no answer can come in behind."""
    counts = count_of_candidate(session, candidate_id) | media_counts(answers)
    session.execute(delete(Assessment).where(Assessment.candidate_id == candidate_id))
    session.execute(delete(Candidate).where(Candidate.id == candidate_id))
    receipt = add_receipt(session, tenant_id=tenant_id, cause=ErasureCause.REQUEST, counts=counts)
    emit(session, tenant_id=tenant_id, type=EventType.CANDIDATE_ERASED, subject_id=receipt.id)
    audit.record(
        session,
        tenant_id=tenant_id,
        actor=actor,
        action="candidate.erased",
        subject=receipt.id,
        details=dict(counts),
    )
    return receipt


def erase_interview(
    interview_id: str, *, tenant_id: str, actor: str, engine: Engine, store: ObjectStore, ledger: WorkEraser
) -> bool:
    """Erase an interview with every answer in it; false where there is no such interview.

    The row goes last, so that a call that stopped halfway can be repeated.

    Raises:
        TemporaryError: the object store is out of reach.
        RefusedError: `service_unavailable`, the ledger is.
    """
    with tenant_session(engine, tenant_id) as session:
        answers = interviews.begin_erasure(session, interview_id)
    if answers is None:
        return False
    for assessment_id in answers:
        erase_assessment(assessment_id, tenant_id=tenant_id, engine=engine, store=store, ledger=ledger)
    with tenant_session(engine, tenant_id) as session:
        interviews.end_erasure(session, interview_id, actor=actor, answers=len(answers))
    return True


def erase_withdrawn(
    consent_id: str, *, tenant_id: str, actor: str, engine: Engine, store: ObjectStore, ledger: WorkEraser
) -> Erasure | None:
    """Erase the answers that rest on a withdrawn consent, with a receipt; null where none is left.

    Raises:
        TemporaryError: the object store is out of reach.
        RefusedError: `service_unavailable`, the ledger is.
    """
    own = Assessment.consent_id == consent_id
    with tenant_session(engine, tenant_id) as session:
        answers = _cancel(session, own)
    if not answers:
        return None
    erase_outside(answers, store=store, ledger=ledger)
    with tenant_session(engine, tenant_id) as session:
        ids = [answer.assessment_id for answer in answers]
        counts = count_of_answers(session, ids) | media_counts(answers)
        session.execute(delete(Assessment).where(Assessment.id.in_(ids)))
        receipt = add_receipt(
            session, tenant_id=tenant_id, cause=ErasureCause.CONSENT_WITHDRAWN, counts=counts
        )
        audit.record(
            session,
            tenant_id=tenant_id,
            actor=actor,
            action="answers.erased",
            subject=receipt.id,
            details=dict(counts),
        )
    return receipt


def erase_outside(answers: Iterable[CanceledAnswer], *, store: ObjectStore, ledger: WorkEraser) -> None:
    """Erase what lies outside of the database: media, live state, kept results, messages.

    Raises:
        TemporaryError: the object store is out of reach.
        RefusedError: `service_unavailable`, the ledger is.
    """
    for answer in answers:
        for part in answer.media:
            store.delete(part.key)
        try:
            ledger.erase(answer.assessment_id)
        except RedisError as fault:
            log.warning("ledger_unreachable", detail=str(fault))
            raise RefusedError(
                ProblemCode.SERVICE_UNAVAILABLE,
                "Kept results could not be erased yet; send the request again.",
            ) from fault


def _cancel(session: Session, condition: ColumnElement[bool]) -> list[CanceledAnswer]:
    """Take the answers that meet `condition` out of all further work."""
    rows = session.execute(
        select(Assessment.id, Assessment.media).where(condition).order_by(Assessment.id).with_for_update()
    ).all()
    session.execute(transition(AssessmentState.CANCELED).where(condition))
    return [CanceledAnswer(row.id, [MediaRef.model_validate(part) for part in row.media]) for row in rows]


def media_counts(answers: Sequence[CanceledAnswer]) -> dict[str, int]:
    """Return how many objects the media of some answers are, and how many bytes."""
    media = [part for answer in answers for part in answer.media]
    return {"media_objects": len(media), "media_bytes": sum(part.size_bytes for part in media)}
