"""Reads and writes of candidates, inside a session that belongs to one tenant."""

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from gateway.http.fields import printable
from gateway.http.ids import Prefix, new_id
from services.common.db.models import Candidate


def ensure_candidate(session: Session, *, tenant_id: str, external_id: str) -> str:
    """Return our identifier of a candidate; a new one is added.

    Insert or find; the no-op update makes the row come back, and stay, in either case.
    """
    statement = insert(Candidate).values(
        id=new_id(Prefix.CANDIDATE), tenant_id=tenant_id, external_id=external_id
    )
    returning = statement.on_conflict_do_update(
        index_elements=["tenant_id", "external_id"], set_={"external_id": statement.excluded.external_id}
    ).returning(Candidate.id)
    return session.execute(returning).scalar_one()


def find_candidate(session: Session, name: str) -> Candidate | None:
    """Find a candidate of the tenant by our identifier or, where it is none of ours, by the platform's."""
    try:
        name = printable(name)
    except ValueError:
        return None
    ours_first = (Candidate.id == name).desc()
    return session.scalars(
        select(Candidate)
        .where(or_(Candidate.id == name, Candidate.external_id == name))
        .order_by(ours_first)
        .limit(1)
    ).first()
