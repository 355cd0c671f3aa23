"""What happens, told in one thin event each: identifiers and a status, never scores or names."""

from collections.abc import Mapping
from datetime import UTC
from enum import StrEnum
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from gateway.http.ids import Prefix
from services.common.db.models import Candidate
from services.common.db.models_webhooks import EventRow


class EventType(StrEnum):
    """What happened. The last part is the `status` of the payload."""

    ASSESSMENT_SUCCEEDED = "assessment.succeeded"
    ASSESSMENT_PARTIALLY_SUCCEEDED = "assessment.partially_succeeded"
    ASSESSMENT_FAILED = "assessment.failed"
    ASSESSMENT_CANCELED = "assessment.canceled"
    ASSESSMENT_EXPIRED = "assessment.expired"
    CANDIDATE_ERASED = "candidate.erased"
    CONSENT_WITHDRAWN = "consent.withdrawn"
    WEBHOOK_TEST = "webhook.test"


def emit(
    session: Session,
    *,
    tenant_id: str,
    type: EventType,  # noqa: A002 - the scheme's own word
    subject_id: str,
    candidate_id: str | None = None,
) -> str:
    """Record an event and a delivery for every endpoint that wants it, in the transaction of `session`.

    Reports are written by fusion; a trigger of the database emits their events.

    Args:
        session: of the tenant.
        tenant_id: whose event it is.
        type: what happened.
        subject_id: the assessment, or whatever else the type is about. All that is sent.
        candidate_id: whom it is about, where that person is still known: the event is then erased with
            them. An event about an assessment is erased with that assessment in any case.

    Returns:
        The identifier, `evt_…`.
    """
    of_assessment = subject_id if subject_id.startswith(f"{Prefix.ASSESSMENT}_") else None
    if candidate_id is None and subject_id.startswith(f"{Prefix.CANDIDATE}_"):
        candidate_id = session.scalar(select(Candidate.id).where(Candidate.id == subject_id))
    return _emit(session, tenant_id, type, subject_id, of_assessment, candidate_id, None)


def emit_test(session: Session, *, tenant_id: str, endpoint_id: str) -> str:
    """Record a `webhook.test` for one endpoint, whatever types it asked for."""
    return _emit(session, tenant_id, EventType.WEBHOOK_TEST, endpoint_id, None, None, endpoint_id)


def _emit(session: Session, *arguments: str | None) -> str:
    names = ("of_tenant", "event_type", "subject", "of_assessment", "of_candidate", "only_endpoint")
    session.flush()
    event_id: str = session.execute(
        text(f"SELECT candor_emit({', '.join(f':{name}' for name in names)})"),
        dict(zip(names, arguments, strict=True)),
    ).scalar_one()
    return event_id


def payload_of(event: EventRow) -> Mapping[str, Any]:
    """Return what is sent: the same bytes for every attempt, so that a repeated one can be told."""
    return {
        "type": event.type,
        "timestamp": event.created_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "data": {"id": event.subject_id, "status": event.type.rpartition(".")[2]},
    }
