"""What candidates agreed to."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from gateway.dependencies import AnyCaller, ConsentPage, TheServices, Writer, WriterOrCandidate
from gateway.errors import RefusedError
from gateway.http.fields import MAX_EXTERNAL_ID_CHARS
from gateway.law import consents
from gateway.law.consent_schemas import ConsentList, ConsentView, NewConsent
from gateway.openapi.document import AUTHENTICATED, problems
from gateway.problem_codes import ProblemCode
from gateway.rights import consent_requests
from gateway.rights.erasure import erase_withdrawn
from gateway.tenancy.candidates import find_candidate
from services.common.db.models import Candidate
from services.common.db.session import tenant_session

PATH = "/v1/consents"
router = APIRouter(prefix=PATH, tags=["consents"])
ConsentId = Annotated[str, Path(description="`cons_…`", examples=["cons_01kajb3z6v8m2q4n7x9r5t1w41"])]


@router.post(
    "",
    operation_id="createConsent",
    summary="Record a consent",
    status_code=201,
    responses={
        201: {"headers": {"Location": {"schema": {"type": "string"}, "description": "The consent."}}},
        **problems(*AUTHENTICATED, ProblemCode.VALIDATION_FAILED),
    },
)
def create_consent(services: TheServices, caller: Writer, response: Response, new: NewConsent) -> ConsentView:
    """Before an answer, or in place of `consent_version` with it. Sent again, it is the same consent."""
    with tenant_session(services.engine, caller.tenant_id) as session:
        row = consent_requests.record_consent(session, caller, new)
    response.headers["Location"] = f"{PATH}/{row.id}"
    return consents.consent_view(row, new.candidate)


@router.get(
    "",
    operation_id="listConsents",
    summary="List consents, newest first",
    responses=problems(*AUTHENTICATED, ProblemCode.CANDIDATE_NOT_FOUND, ProblemCode.VALIDATION_FAILED),
)
def list_consents(
    services: TheServices,
    caller: AnyCaller,
    cursor: ConsentPage,
    candidate: Annotated[
        str | None,
        Query(
            max_length=MAX_EXTERNAL_ID_CHARS,
            description="Those of one person: the platform's own identifier, or `cand_…`.",
            examples=["applicant-4711"],
        ),
    ] = None,
) -> ConsentList:
    """Page on with the last `id` as `starting_after`, back with the first as `ending_before`."""
    with tenant_session(services.engine, caller.tenant_id) as session:
        person = None if candidate is None else find_candidate(session, candidate)
        if candidate is not None and person is None:
            raise RefusedError(
                ProblemCode.CANDIDATE_NOT_FOUND,
                "Check the identifier; send the one that the consent was recorded with.",
            )
        page, has_more = consents.list_consents(
            session, cursor, candidate_id=None if person is None else person.id
        )
    return ConsentList(data=page, has_more=has_more)


@router.get(
    "/{consent_id}",
    operation_id="getConsent",
    summary="One consent",
    responses=problems(*AUTHENTICATED, ProblemCode.CONSENT_NOT_FOUND),
)
def get_consent(services: TheServices, caller: AnyCaller, consent_id: ConsentId) -> ConsentView:
    """What was agreed to, when, and whether it still holds."""
    with tenant_session(services.engine, caller.tenant_id) as session:
        row = consents.find_consent(session, consent_id)
        if row is None:
            raise consent_requests.consent_not_found()
        return consents.consent_view(row, session.get_one(Candidate, row.candidate_id).external_id)


@router.post(
    "/{consent_id}/withdraw",
    operation_id="withdrawConsent",
    summary="Withdraw a consent",
    responses=problems(
        *AUTHENTICATED,
        ProblemCode.CONSENT_NOT_FOUND,
        ProblemCode.STORAGE_UNAVAILABLE,
        ProblemCode.SERVICE_UNAVAILABLE,
    ),
)
def withdraw_consent(services: TheServices, caller: WriterOrCandidate, consent_id: ConsentId) -> ConsentView:
    """Stops the analyses that rest on it, and erases their answers and reports.

    A candidate token withdraws its own person's: it must be as easy as giving it was (GDPR, Article 7(3)).
    After a 503, send it again to finish; if nobody does, the sweep finishes it.
    """
    with tenant_session(services.engine, caller.tenant_id) as session:
        consent_requests.withdraw_consent(session, caller, consent_id)
    erase_withdrawn(
        consent_id,
        tenant_id=caller.tenant_id,
        actor=caller.actor,
        engine=services.engine,
        store=services.store,
        ledger=services.ledger,
    )
    return get_consent(services, caller, consent_id)
