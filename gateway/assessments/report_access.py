"""Who may read a report: the caller's kind against the law of the tenant's jurisdiction."""

from sqlalchemy.orm import Session

from gateway.errors import RefusedError
from gateway.http.fields import Purpose
from gateway.law.policy import Jurisdiction, Reader, decide
from gateway.problem_codes import ProblemCode
from gateway.tenancy.authentication import KeyHolder
from gateway.tenancy.tenants import jurisdiction_of


def readable_purposes(session: Session, caller: KeyHolder) -> frozenset[Purpose]:
    """Return the purposes whose reports the caller may read; scopes are checked elsewhere."""
    return purposes_open_to(caller, jurisdiction_of(session, caller.tenant_id))


def purposes_open_to(caller: KeyHolder, jurisdiction: Jurisdiction) -> frozenset[Purpose]:
    """Return the purposes whose reports the law of `jurisdiction` lets this kind of caller read."""
    reader = Reader.TENANT if caller.candidate is None else Reader.CANDIDATE
    return frozenset(purpose for purpose in Purpose if reader in decide(jurisdiction, purpose).report_readers)


def require_readable(session: Session, caller: KeyHolder, purpose: Purpose) -> None:
    """Raise `report_readable_by_candidate_only`, or for a token `candidate_token_refused`."""
    if purpose in readable_purposes(session, caller):
        return
    if caller.candidate is not None:
        raise RefusedError(
            ProblemCode.CANDIDATE_TOKEN_REFUSED,
            "This report is not for the candidate to read; ask whoever the answer was handed in to.",
        )
    raise RefusedError(
        ProblemCode.REPORT_READABLE_BY_CANDIDATE_ONLY,
        "In the EU, practice results are the candidate's own: read them with the candidate token.",
    )
