"""What a candidate token opens, and what a key may give away."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from gateway.assessments.report_access import purposes_open_to
from gateway.errors import RefusedError
from gateway.http.fields import Purpose, Scope
from gateway.law.policy import Jurisdiction
from gateway.problem_codes import ProblemCode
from gateway.tenancy import candidate_tokens, key_management
from gateway.tenancy.authentication import CandidateGrant, KeyHolder, hash_key, require_scopes
from gateway.tenancy.key_schemas import KeyStatus, NewApiKey
from services.common.db.models import ApiKey, Assessment, CandidateToken
from tests.fakes import FakeSession

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
GRANT = CandidateGrant(candidate_id="cand_a", opens_from=NOON)


def answer(
    *, candidate: str = "cand_a", purpose: Purpose = Purpose.SELF_PRACTICE, at: datetime = NOON
) -> Assessment:
    return Assessment(
        id="asm_1", tenant_id="ten_a", candidate_id=candidate, purpose=str(purpose), created_at=at
    )


def holder(*, expires_at: datetime | None = None, grant: CandidateGrant | None = None) -> KeyHolder:
    scopes = frozenset() if grant else frozenset({Scope.REPORTS_READ})
    return KeyHolder(key_id="key_a", tenant_id="ten_a", scopes=scopes, expires_at=expires_at, candidate=grant)


@pytest.mark.parametrize("at", [NOON, NOON + HOUR])
def test_token_opens_a_practice_answer_when_it_came_with_it_or_earlier(at: datetime) -> None:
    candidate_tokens.require_opened(GRANT, answer(at=at))


@pytest.mark.parametrize(
    ("other", "code"),
    [
        (answer(candidate="cand_b"), ProblemCode.ASSESSMENT_NOT_FOUND),
        (answer(purpose=Purpose.HIRING), ProblemCode.CANDIDATE_TOKEN_REFUSED),
        (answer(purpose=Purpose.RESEARCH), ProblemCode.CANDIDATE_TOKEN_REFUSED),
        (answer(at=NOON - timedelta(microseconds=1)), ProblemCode.CANDIDATE_TOKEN_REFUSED),
    ],
    ids=["another person's", "for hiring", "for research", "older than the token"],
)
def test_token_opens_nothing_else(other: Assessment, code: ProblemCode) -> None:
    with pytest.raises(RefusedError) as caught:
        candidate_tokens.require_opened(GRANT, other)
    assert caught.value.code == code
    candidate_tokens.require_opened(None, other)  # a key


@pytest.mark.parametrize("purpose", [Purpose.HIRING, Purpose.RESEARCH])
def test_no_token_is_issued_when_an_answer_is_not_for_practice(purpose: Purpose) -> None:
    session = FakeSession()
    given = candidate_tokens.issue_candidate_token(
        session, answer(purpose=purpose), key_secret="s", ttl_s=60.0
    )
    assert (given, session.added) == (None, [])


def test_token_is_the_candidates_and_kept_as_a_hash_when_it_is_issued() -> None:
    session = FakeSession()
    token = candidate_tokens.issue_candidate_token(session, answer(), key_secret="s", ttl_s=3600.0)
    assert token is not None
    assert token.startswith("cndt_")
    assert len(token) > 40
    [row] = session.added
    assert isinstance(row, CandidateToken)
    assert (row.tenant_id, row.candidate_id) == ("ten_a", "cand_a")
    assert row.token_hash == hash_key(token, key_secret="s")
    assert row.expires_at - datetime.now(UTC) == pytest.approx(HOUR, abs=timedelta(minutes=10))


@pytest.mark.parametrize(
    ("revoked", "expired", "is_good"),
    [(False, False, True), (True, False, False), (False, True, False), (True, True, False)],
)
def test_key_is_good_when_it_is_neither_revoked_nor_expired(
    revoked: bool, expired: bool, is_good: bool
) -> None:
    found = KeyHolder(key_id="key_a", tenant_id="ten_a", scopes=frozenset(), revoked=revoked, expired=expired)
    assert found.is_good is is_good


def test_the_log_names_the_key_but_not_the_candidate_as_actor() -> None:
    assert holder().actor == "key_a"
    assert holder(grant=GRANT).actor == "candidate"


def test_every_missing_scope_is_named_when_a_key_lacks_some() -> None:
    require_scopes(holder(), [Scope.REPORTS_READ])
    with pytest.raises(RefusedError) as caught:
        require_scopes(holder(), [Scope.REPORTS_READ, Scope.ASSESSMENTS_WRITE, Scope.ADMIN])
    assert caught.value.code == ProblemCode.SCOPE_MISSING
    assert f"{Scope.ADMIN}, {Scope.ASSESSMENTS_WRITE}." in caught.value.detail


@pytest.mark.parametrize(
    ("revoked_at", "expires_at", "expected"),
    [
        (None, None, KeyStatus.ACTIVE),
        (None, NOON + HOUR, KeyStatus.ACTIVE),
        (None, NOON, KeyStatus.EXPIRED),
        (NOON, None, KeyStatus.REVOKED),
        (NOON, NOON - HOUR, KeyStatus.REVOKED),
    ],
)
def test_status_of_a_key_follows_its_dates(
    revoked_at: datetime | None, expires_at: datetime | None, expected: KeyStatus
) -> None:
    assert key_management.status_of(ApiKey(revoked_at=revoked_at, expires_at=expires_at), at=NOON) is expected


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (ApiKey(), True),
        (ApiKey(expires_at=NOON + HOUR), True),
        (ApiKey(expires_at=NOON), False),
        (ApiKey(revoked_at=NOON), False),
        (ApiKey(replaced_by="key_b"), False),
    ],
    ids=["good", "good for a while", "expired", "revoked", "rotated"],
)
def test_key_is_rotated_once_and_only_while_it_is_good(key: ApiKey, expected: bool) -> None:
    assert key_management.is_rotatable(key, at=NOON) is expected


@pytest.mark.parametrize(
    ("own_end", "end"), [(None, NOON), (NOON + HOUR, NOON), (NOON - HOUR, NOON - HOUR)], ids=str
)
def test_replaced_key_lives_no_longer_than_it_would_have(own_end: datetime | None, end: datetime) -> None:
    key = ApiKey(expires_at=own_end)
    key_management.replace_key(key, by="key_b", ends=NOON)
    assert (key.expires_at, key.replaced_by) == (end, "key_b")


FUTURE = datetime.now(UTC) + timedelta(days=30)


@pytest.mark.parametrize(
    ("own_end", "scopes", "end", "code"),
    [
        (None, [Scope.ADMIN], None, ProblemCode.GRANT_EXCEEDS_OWN),
        (FUTURE, [Scope.REPORTS_READ], None, ProblemCode.GRANT_EXCEEDS_OWN),
        (FUTURE, [Scope.REPORTS_READ], FUTURE + HOUR, ProblemCode.GRANT_EXCEEDS_OWN),
        (None, [Scope.REPORTS_READ], NOON - 10_000 * HOUR, ProblemCode.VALIDATION_FAILED),
    ],
    ids=["a scope more", "for ever", "longer", "over already"],
)
def test_key_is_not_made_when_it_would_exceed_its_makers(
    own_end: datetime | None, scopes: list[Scope], end: datetime | None, code: ProblemCode
) -> None:
    wanted = NewApiKey(name="n", scopes=scopes, expires_at=end)
    with pytest.raises(RefusedError) as caught:
        key_management.create(Session(), holder(expires_at=own_end), wanted, key_secret="s")
    assert caught.value.code == code


def test_practice_report_is_open_to_the_candidate_alone_when_in_the_eu() -> None:
    assert purposes_open_to(holder(), Jurisdiction.EU) == {Purpose.RESEARCH, Purpose.HIRING}
    assert purposes_open_to(holder(grant=GRANT), Jurisdiction.EU) >= {Purpose.SELF_PRACTICE}
    assert purposes_open_to(holder(), Jurisdiction.US_IL) == set(Purpose)
