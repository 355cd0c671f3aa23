"""People, by the platform's own identifiers."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.dependencies import AnyCaller, CandidatePage, TheServices, Writer
from gateway.errors import RefusedError
from gateway.http.fields import ExternalId, Moment
from gateway.http.paging import page_of, page_statement
from gateway.openapi.document import AUTHENTICATED, problems
from gateway.problem_codes import ProblemCode
from gateway.rights.erasure import erase_candidate
from gateway.rights.receipts import erasure_view
from gateway.rights.schemas import ErasureView
from gateway.tenancy import candidate_tokens
from gateway.tenancy.candidate_schemas import CandidateList, CandidateView, NewCandidate
from gateway.tenancy.candidates import ensure_candidate, find_candidate
from services.common.db.models import Candidate
from services.common.db.session import tenant_session

PATH = "/v1/candidates"
router = APIRouter(prefix=PATH, tags=["candidates"])
CandidateName = Annotated[
    str,
    Path(
        description="The platform's own identifier, as it was handed in, or `cand_…`.",
        examples=["applicant-4711"],
    ),
]


@router.get(
    "",
    operation_id="listCandidates",
    summary="List candidates, newest first",
    responses=problems(*AUTHENTICATED, ProblemCode.VALIDATION_FAILED),
)
def list_candidates(
    services: TheServices,
    caller: AnyCaller,
    cursor: CandidatePage,
    external_id: Annotated[
        ExternalId | None, Query(description="The one of exactly this identifier.")
    ] = None,
    created_from: Annotated[Moment | None, Query(description="New then or later.")] = None,
    created_before: Annotated[Moment | None, Query(description="New before that.")] = None,
) -> CandidateList:
    """Page on with the last `id` as `starting_after`, back with the first as `ending_before`."""
    statement = select(Candidate)
    if external_id is not None:
        statement = statement.where(Candidate.external_id == external_id)
    if created_from is not None:
        statement = statement.where(Candidate.created_at >= created_from)
    if created_before is not None:
        statement = statement.where(Candidate.created_at < created_before)
    with tenant_session(services.engine, caller.tenant_id) as session:
        rows = session.scalars(page_statement(statement, Candidate.id, cursor, newest_first=True)).all()
    page, has_more = page_of(rows, cursor)
    return CandidateList(data=[candidate_view(row) for row in page], has_more=has_more)


@router.post(
    "",
    operation_id="createCandidate",
    summary="Register a candidate",
    status_code=201,
    responses={
        200: {"model": CandidateView, "description": "Registered already; here it is."},
        201: {"headers": {"Location": {"schema": {"type": "string"}, "description": "The candidate."}}},
        **problems(
            *AUTHENTICATED, ProblemCode.VALIDATION_FAILED, ProblemCode.BAD_REQUEST, ProblemCode.BODY_TOO_LARGE
        ),
    },
)
def create_candidate(
    services: TheServices, caller: Writer, new: NewCandidate, response: Response
) -> CandidateView:
    """Sent again, it answers with the same candidate. An answer that is handed in needs no registration."""
    with tenant_session(services.engine, caller.tenant_id) as session:
        known = select(Candidate).where(Candidate.external_id == new.external_id)
        row = session.scalars(known).one_or_none()
        if row is not None:
            response.status_code = 200
        else:
            ensure_candidate(session, tenant_id=caller.tenant_id, external_id=new.external_id)
            row = session.scalars(known).one()
    response.headers["Location"] = f"{PATH}/{row.id}"
    return candidate_view(row)


@router.delete(
    "/{candidate:path}/tokens",
    operation_id="revokeCandidateTokens",
    summary="Take back a candidate's tokens",
    status_code=204,
    response_class=Response,
    responses=problems(*AUTHENTICATED, ProblemCode.CANDIDATE_NOT_FOUND),
)
def revoke_candidate_tokens(services: TheServices, caller: Writer, candidate: CandidateName) -> None:
    """Every token that came with an answer so far stops opening anything. Answers and reports stay."""
    with tenant_session(services.engine, caller.tenant_id) as session:
        candidate_tokens.revoke_all(session, load_candidate(session, candidate).id, caller=caller)


# `:path` lets a platform's own identifier hold slashes; what is below must stay the last of its method.
@router.get(
    "/{candidate:path}",
    operation_id="getCandidate",
    summary="One candidate",
    responses=problems(*AUTHENTICATED, ProblemCode.CANDIDATE_NOT_FOUND),
)
def get_candidate(services: TheServices, caller: AnyCaller, candidate: CandidateName) -> CandidateView:
    """By the platform's own identifier or ours; ours goes first where one looks like the other."""
    with tenant_session(services.engine, caller.tenant_id) as session:
        return candidate_view(load_candidate(session, candidate))


@router.delete(
    "/{candidate:path}",
    operation_id="deleteCandidate",
    summary="Erase a candidate",
    responses=problems(
        *AUTHENTICATED,
        ProblemCode.CANDIDATE_NOT_FOUND,
        ProblemCode.STORAGE_UNAVAILABLE,
        ProblemCode.SERVICE_UNAVAILABLE,
    ),
)
def delete_candidate(services: TheServices, caller: Writer, candidate: CandidateName) -> ErasureView:
    """With everything that was handed in or made of it; the answer is a receipt.

    After a 503, send it again to finish.
    """
    with tenant_session(services.engine, caller.tenant_id) as session:
        person = load_candidate(session, candidate).id
    receipt = erase_candidate(
        person,
        tenant_id=caller.tenant_id,
        actor=caller.actor,
        engine=services.engine,
        store=services.store,
        ledger=services.ledger,
    )
    if receipt is None:
        raise candidate_not_found()
    return erasure_view(receipt)


def load_candidate(session: Session, name: str) -> Candidate:
    """Load the tenant's candidate.

    Raises:
        RefusedError: `candidate_not_found`, for what never was as for another tenant's.
    """
    row = find_candidate(session, name)
    if row is None:
        raise candidate_not_found()
    return row


def candidate_not_found() -> RefusedError:
    """Return the refusal that is the same for what never was, is erased, or is another tenant's."""
    return RefusedError(
        ProblemCode.CANDIDATE_NOT_FOUND,
        "Check the identifier; send the one that the answers were handed in with.",
    )


def candidate_view(row: Candidate) -> CandidateView:
    """Return what the interface shows of a candidate."""
    return CandidateView(id=row.id, external_id=row.external_id, created_at=row.created_at)
