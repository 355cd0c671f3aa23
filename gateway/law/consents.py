"""Consents: what was shown, its version, when it was given, and whether it still holds."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from gateway.http.cursor import Cursor
from gateway.http.fields import Purpose
from gateway.http.ids import Prefix, is_id, new_id
from gateway.http.paging import page_of, page_statement
from gateway.law.consent_schemas import ConsentView
from services.common.db.models import Assessment, Candidate, Consent
from services.common.db.session import now
from services.common.db.states import AssessmentState, transition


def add_consent(
    session: Session,
    *,
    tenant_id: str,
    candidate_id: str,
    purpose: Purpose,
    version: str,
    consented_at: datetime,
    text_sha256: str | None = None,
) -> Consent:
    """Store a consent, or find it where it was sent before; one that was withdrawn stays so."""
    statement = insert(Consent).values(
        id=new_id(Prefix.CONSENT),
        tenant_id=tenant_id,
        candidate_id=candidate_id,
        purpose=purpose,
        version=version,
        consented_at=consented_at,
        text_sha256=text_sha256,
    )
    session.execute(statement.on_conflict_do_nothing(constraint="uq_consents_given"))
    given = (
        Consent.candidate_id == candidate_id,
        Consent.purpose == purpose,
        Consent.version == version,
        Consent.consented_at == consented_at,
    )
    return session.execute(select(Consent).where(*given)).scalar_one()


def find_consent(session: Session, consent_id: str) -> Consent | None:
    """Find one consent of the tenant."""
    return session.get(Consent, consent_id) if is_id(consent_id, Prefix.CONSENT) else None


def consent_in_force(session: Session, *, candidate_id: str, purpose: Purpose) -> Consent | None:
    """Return the latest consent that the candidate gave for this purpose, unless every one was withdrawn."""
    return session.scalars(
        select(Consent)
        .where(
            Consent.candidate_id == candidate_id,
            Consent.purpose == purpose,
            Consent.withdrawn_at.is_(None),
        )
        .order_by(Consent.consented_at.desc(), Consent.id.desc())
        .limit(1)
        .with_for_update(read=True)
    ).first()


def withdraw(session: Session, row: Consent) -> bool:
    """Take a consent back: it covers no answer any more, and work on those that rest on it ends.

    Returns:
        Whether it was in force until now. Of several withdrawals at once, one finds it so.
    """
    session.refresh(row, with_for_update=True)
    in_force = row.withdrawn_at is None
    if in_force:
        row.withdrawn_at = now(session)
    session.execute(transition(AssessmentState.CANCELED).where(Assessment.consent_id == row.id))
    return in_force


def list_consents(
    session: Session, cursor: Cursor, *, candidate_id: str | None = None
) -> tuple[list[ConsentView], bool]:
    """List a page, newest first; tell whether more follow in the direction of the cursor."""
    statement = select(Consent, Candidate.external_id).join(Candidate, Candidate.id == Consent.candidate_id)
    if candidate_id is not None:
        statement = statement.where(Consent.candidate_id == candidate_id)
    rows = session.execute(page_statement(statement, Consent.id, cursor, newest_first=True)).all()
    page, has_more = page_of(rows, cursor)
    return [consent_view(row, name) for row, name in page], has_more


def consent_view(row: Consent, external_id: str) -> ConsentView:
    """Return what the interface shows of a consent."""
    return ConsentView(
        id=row.id,
        candidate=external_id,
        candidate_id=row.candidate_id,
        purpose=Purpose(row.purpose),
        version=row.version,
        text_sha256=row.text_sha256,
        status="given" if row.withdrawn_at is None else "withdrawn",
        consented_at=row.consented_at,
        withdrawn_at=row.withdrawn_at,
        created_at=row.created_at,
    )
