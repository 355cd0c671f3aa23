"""Which requests are the same, and which answers are given again."""

import pytest
from fastapi import Request

from gateway.http.errors import Problem, ProblemCode
from gateway.http.idempotency import _key, fingerprint_of
from gateway.http.idempotency_store import KeptResponse, _subject, new_claim


def request(path: str = "/v1/assessments", query: bytes = b"", *, key: str = "k") -> Request:
    headers = [(b"idempotency-key", key.encode("latin-1"))]
    scope = {"type": "http", "method": "POST", "path": path, "query_string": query, "headers": headers}
    return Request(scope)


def test_requests_are_the_same_when_address_query_and_content_are() -> None:
    prints = [
        fingerprint_of(request(path, query), content)
        for path in ("/v1/assessments", "/v1/uploads")
        for query in (b"", b"dry_run=true")
        for content in ("a", "b")
    ]
    assert len(set(prints)) == 8
    assert fingerprint_of(request(), "a") == prints[0]


def test_claims_are_the_same_when_tenant_sender_key_and_secret_are() -> None:
    claims = [
        new_claim(tenant, key, key_secret=secret, sender=sender)
        for tenant in ("ten_a", "ten_b")
        for key in ("k", "l")
        for secret in ("s", "t")
        for sender in ("tenant", "cand_a")
    ]
    assert len({claim.key_hash for claim in claims}) == len({claim.secret for claim in claims}) == 16
    again = new_claim("ten_a", "k", key_secret="s")
    assert (again.key_hash, again.secret) == (claims[0].key_hash, claims[0].secret)
    assert again.attempt != claims[0].attempt
    assert again.key_hash != again.secret.hex()


@pytest.mark.parametrize(("sent", "key"), [("abc", "abc"), ('"abc"', "abc"), (" abc ", "abc"), ('""', '""')])
def test_key_is_read_with_and_without_quotes(sent: str, key: str) -> None:
    assert _key(request(key=sent)) == key


@pytest.mark.parametrize("sent", ["", "two words", "x" * 256, "é", '"a b"'])
def test_key_is_refused_when_it_is_not_visible_ascii(sent: str) -> None:
    with pytest.raises(Problem) as caught:
        _key(request(key=sent))
    assert caught.value.code == ProblemCode.IDEMPOTENCY_KEY_INVALID
    assert _key(request(key="x" * 255)) == "x" * 255


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (199, False),
        (200, True),
        (202, True),
        (204, True),
        (299, True),
        (304, False),
        (409, False),
        (503, False),
    ],
)
def test_only_what_was_done_is_answered_again(status: int, expected: bool) -> None:
    assert KeptResponse(status=status, headers={}, body=b"").is_repeatable is expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"id": "asm_1", "candidate_id": "cand_1"}', {"assessment_id": "asm_1", "candidate_id": "cand_1"}),
        (b'{"id": "cand_1"}', {"candidate_id": "cand_1"}),
        (b'{"id": "key_1", "assessment_id": 7}', {}),
        (b'["asm_1"]', {}),
        (b"no JSON", {}),
    ],
)
def test_kept_answer_goes_with_whom_it_is_about(body: bytes, expected: dict[str, str]) -> None:
    assert _subject(body) == expected
