"""Record and withdraw consents on request, with the audit entries and events that belong to it."""

from sqlalchemy.orm import Session

from gateway.errors import RefusedError, refuse_unknown
from gateway.law import consents
from gateway.law.consent_schemas import NewConsent
from gateway.problem_codes import ProblemCode
from gateway.tenancy import audit
from gateway.tenancy.authentication import KeyHolder
from gateway.tenancy.candidates import ensure_candidate
from gateway.webhooks.events import EventType, emit
from services.common.db.models import Consent


def record_consent(session: Session, caller: KeyHolder, new: NewConsent) -> Consent:
    """Record what a candidate agreed to; the same consent sent again is found, not doubled."""
    row = consents.add_consent(
        session,
        tenant_id=caller.tenant_id,
        candidate_id=ensure_candidate(session, tenant_id=caller.tenant_id, external_id=new.candidate),
        purpose=new.purpose,
        version=new.version,
        consented_at=new.consented_at,
        text_sha256=new.text_sha256,
    )
    _record(session, caller, "consent.recorded", row, {"purpose": row.purpose})
    return row


def withdraw_consent(session: Session, caller: KeyHolder, consent_id: str) -> None:
    """Withdraw a consent for the tenant, or for the person whose token the caller holds.

    What rests on it is erased by `gateway.rights.erasure.erase_withdrawn`, after this is committed.

    Raises:
        RefusedError: `consent_not_found`, for what never was as for somebody else's.
    """
    row = consents.find_consent(session, consent_id)
    if row is None or not _may_withdraw(caller, row):
        raise consent_not_found()
    if consents.withdraw(session, row):
        emit(
            session,
            tenant_id=caller.tenant_id,
            type=EventType.CONSENT_WITHDRAWN,
            subject_id=consent_id,
            candidate_id=row.candidate_id,
        )
        _record(session, caller, "consent.withdrawn", row, {})


def _may_withdraw(caller: KeyHolder, row: Consent) -> bool:
    return caller.candidate is None or caller.candidate.candidate_id == row.candidate_id


def _record(
    session: Session, caller: KeyHolder, action: str, row: Consent, details: dict[str, object]
) -> None:
    audit.record(
        session,
        tenant_id=caller.tenant_id,
        actor=caller.actor,
        action=action,
        subject=row.id,
        details=details,
    )


def consent_not_found() -> RefusedError:
    """Return the refusal that is the same for what never was, is erased, or is another tenant's."""
    return refuse_unknown(ProblemCode.CONSENT_NOT_FOUND)
