"""Tokens that open a candidate's own practice results, and nothing else.

Each answer that is handed in for practice brings one. It opens that candidate's practice answers from
that one on, not the earlier ones: otherwise whoever may hand in answers could mint a token for results
that only the candidate may read.
"""

import secrets
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, update
from sqlalchemy.orm import Session

from gateway.errors import RefusedError, refuse_unknown
from gateway.http.fields import Purpose
from gateway.http.ids import Prefix, new_id
from gateway.problem_codes import ProblemCode
from gateway.tenancy import audit
from gateway.tenancy.api_keys import KEY_BYTES
from gateway.tenancy.authentication import TOKEN_PREFIX, CandidateGrant, KeyHolder, hash_key
from services.common.db.models import Assessment, CandidateToken


def issue_candidate_token(
    session: Session, answer: Assessment, *, key_secret: str, ttl_s: float
) -> str | None:
    """Return a new token for the candidate who handed in `answer`; null where it was not for practice.

    Args:
        session: the one that stores the answer, so that both begin to be at the same moment.
        answer: what was handed in.
        key_secret: keys the stored hash.
        ttl_s: seconds until the token expires.
    """
    if answer.purpose != Purpose.SELF_PRACTICE:
        return None
    token = TOKEN_PREFIX + secrets.token_urlsafe(KEY_BYTES)
    session.add(
        CandidateToken(
            id=new_id(Prefix.CANDIDATE_TOKEN),
            tenant_id=answer.tenant_id,
            candidate_id=answer.candidate_id,
            token_hash=hash_key(token, key_secret=key_secret),
            expires_at=datetime.now(UTC) + timedelta(seconds=ttl_s),
        )
    )
    session.flush()
    return token


def revoke_all(session: Session, candidate_id: str, *, caller: KeyHolder) -> None:
    """Take back every token of a candidate."""
    taken = session.execute(
        update(CandidateToken)
        .where(
            CandidateToken.candidate_id == candidate_id,
            CandidateToken.revoked_at.is_(None),
            CandidateToken.expires_at > func.now(),
        )
        .values(revoked_at=func.now())
        .returning(CandidateToken.id)
    )
    audit.record(
        session,
        tenant_id=caller.tenant_id,
        actor=caller.actor,
        action="candidate_tokens.revoked",
        subject=candidate_id,
        details={"tokens": len(taken.all())},
    )


def require_opened(grant: CandidateGrant | None, answer: Assessment) -> None:
    """Let a candidate token pass to its own practice answers only; a key passes always.

    Raises:
        RefusedError: `assessment_not_found`, it is somebody else's; `candidate_token_refused`, it is theirs
            but not for practice, or older than the token.
    """
    if grant is None:
        return
    if answer.candidate_id != grant.candidate_id:
        raise assessment_not_found()
    if answer.purpose != Purpose.SELF_PRACTICE:
        raise RefusedError(
            ProblemCode.CANDIDATE_TOKEN_REFUSED,
            "A candidate token opens practice results only; ask whoever the answer was handed in to.",
        )
    if answer.created_at < grant.opens_from:
        raise RefusedError(
            ProblemCode.CANDIDATE_TOKEN_REFUSED,
            "Send the token that came with this answer, or an earlier one.",
        )


def assessment_not_found() -> RefusedError:
    """Return the refusal that is the same for what never was, is erased, or is another tenant's."""
    return refuse_unknown(ProblemCode.ASSESSMENT_NOT_FOUND)
