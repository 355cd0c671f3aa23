"""The tenant's audit log."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, or_, select

from gateway.dependencies import Administrator, AuditPage, TheServices
from gateway.http.fields import Moment, Printable
from gateway.http.paging import page_of, page_statement
from gateway.openapi.document import AUTHENTICATED, problems
from gateway.problem_codes import ProblemCode
from gateway.tenancy.audit import subjects_of
from services.common.db.models import AuditEventRow, AuditSubject
from services.common.db.session import tenant_session

router = APIRouter(prefix="/v1/audit_events", tags=["audit"])
Name = Annotated[Printable, Field(max_length=64)]

AUDIT_EXAMPLE: dict[str, Any] = {
    "id": "aud_01kajb3z6v8m2q4n7x9r5t1w3y",
    "sequence": 7,
    "actor": "key_01kajb3z6v8m2q4n7x9r5t1w3z",
    "action": "consent.recorded",
    "subject": "sub_01kajb3z6v8m2q4n7x9r5t1w40",
    "about": "cons_01kajb3z6v8m2q4n7x9r5t1w41",
    "details": {"purpose": "hiring"},
    "created_at": "2026-03-02T09:30:00Z",
    "previous_hash": "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9",
    "hash": "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b",
}


class AuditEventView(BaseModel):
    """One entry. Each hash is over the entry and the hash before it, so that a change shows."""

    model_config = ConfigDict(title="AuditEvent", json_schema_extra={"examples": [AUDIT_EXAMPLE]})

    id: str
    sequence: int = Field(description="1 for the tenant's first entry; none is missing.")
    actor: str = Field(description="A key (`key_…`), `candidate`, `operator` or `system`.")
    action: str
    subject: str = Field(description="What it was done to; a pseudonym (`sub_…`) where that is personal.")
    about: str | None = Field(description="What the subject means; null once its candidate is erased.")
    details: dict[str, Any]
    created_at: datetime
    previous_hash: str
    hash: str


class AuditEventList(BaseModel):
    """A page of the log, newest first."""

    data: list[AuditEventView]
    has_more: bool


@router.get(
    "",
    operation_id="listAuditEvents",
    summary="Who did what, newest first",
    responses=problems(*AUTHENTICATED, ProblemCode.VALIDATION_FAILED),
)
def list_audit_events(
    services: TheServices,
    caller: Administrator,
    cursor: AuditPage,
    actor: Annotated[Name | None, Query(description="Entries of this actor.")] = None,
    action: Annotated[
        Name | None, Query(description="Entries of this action.", examples=["api_key.created"])
    ] = None,
    subject: Annotated[
        Name | None, Query(description="Entries about this: an identifier, or a pseudonym.")
    ] = None,
    created_from: Annotated[Moment | None, Query(description="Written then or later.")] = None,
    created_before: Annotated[Moment | None, Query(description="Written before that.")] = None,
) -> AuditEventList:
    """Nobody changes or removes an entry; `python -m gateway.admin` verifies the chain."""
    wanted = _conditions(actor, action, subject, created_from, created_before)
    statement = select(AuditEventRow).where(*wanted)
    with tenant_session(services.engine, caller.tenant_id) as session:
        rows = session.scalars(page_statement(statement, AuditEventRow.id, cursor, newest_first=True)).all()
        page, has_more = page_of(rows, cursor)
        meant = subjects_of(session, page)
    return AuditEventList(data=[_view(row, meant) for row in page], has_more=has_more)


def _conditions(
    actor: str | None,
    action: str | None,
    subject: str | None,
    created_from: datetime | None,
    created_before: datetime | None,
) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if actor is not None:
        conditions.append(AuditEventRow.actor == actor)
    if action is not None:
        conditions.append(AuditEventRow.action == action)
    if subject is not None:
        pseudonyms = select(AuditSubject.id).where(AuditSubject.subject == subject)
        conditions.append(or_(AuditEventRow.subject == subject, AuditEventRow.subject.in_(pseudonyms)))
    if created_from is not None:
        conditions.append(AuditEventRow.created_at >= created_from)
    if created_before is not None:
        conditions.append(AuditEventRow.created_at < created_before)
    return conditions


def _view(row: AuditEventRow, meant: dict[str, str]) -> AuditEventView:
    names = AuditEventView.model_fields.keys() - {"about"}
    is_personal = row.subject.startswith("sub_") or row.subject == "erased"
    about = meant.get(row.subject) if is_personal else row.subject
    return AuditEventView(**{name: getattr(row, name) for name in names}, about=about)
