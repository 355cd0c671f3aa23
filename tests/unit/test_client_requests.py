"""What the client sends, what it sends again, and what it makes of the answers."""

from datetime import UTC, datetime

import httpx
import pytest

from candor_client import (
    AuthenticationError,
    Client,
    ConflictError,
    ConnectionFailedError,
    InvalidRequestError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    RetryPolicy,
    ServerError,
    ServiceUnavailableError,
    UnexpectedAnswerError,
)
from candor_client.errors import ApiError
from candor_client.models import AssessmentStatus
from candor_client.retry import retry_after_s
from tests.client_harness import FakeServer, Harness, answer, assessment, problem

QUESTION = {"id": "q_1", "text": "Why?", "created_at": "2026-03-02T09:00:00Z"}
BOTH = pytest.mark.parametrize("kind", ["blocking", "awaiting"])
pytestmark = BOTH


def test_the_key_and_the_program_are_named_when_something_is_asked(kind: str) -> None:
    server = FakeServer(answer(assessment()))
    found = Harness(kind, server).run(lambda client: client.assessments.get("asm_1"))
    assert found.id == "asm_1"
    assert server.requests[0].headers["authorization"] == "Bearer cnd_test"
    assert server.requests[0].headers["user-agent"].startswith("candor-client-python/")


def test_identifiers_cannot_lead_elsewhere_when_they_hold_slashes(kind: str) -> None:
    server = FakeServer(answer(assessment()))
    Harness(kind, server).run(lambda client: client.assessments.get("../questions?x=1"))
    assert server.requests[0].url.raw_path == b"/v1/assessments/..%2Fquestions%3Fx%3D1"


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_an_identifier_is_refused_when_it_would_name_something_else(kind: str, name: str) -> None:
    server = FakeServer(answer(assessment()))
    with pytest.raises(ValueError, match="identifier"):
        Harness(kind, server).run(lambda client: client.assessments.delete(name))
    assert server.requests == []


def test_a_post_is_repeated_under_one_key_when_the_connection_breaks(kind: str) -> None:
    server = FakeServer(httpx.ReadError("reset"), problem(503, "database_unavailable"), answer(QUESTION))
    harness = Harness(kind, server)
    assert harness.run(lambda client: client.questions.create(text="Why?")).id == "q_1"
    keys = {request.headers["idempotency-key"] for request in server.requests}
    assert (len(server.requests), len(keys)) == (3, 1)
    assert harness.clock.slept == [0.5, 1.0]


def test_the_answer_of_the_first_copy_is_fetched_when_it_is_still_at_work(kind: str) -> None:
    running = problem(409, "idempotency_key_in_use", retry_after="2")
    server = FakeServer(httpx.ReadTimeout("silence"), running, answer(QUESTION))
    harness = Harness(kind, server)
    assert harness.run(lambda client: client.questions.create(text="Why?")).id == "q_1"
    assert harness.clock.slept == [0.5, 3.0]


def test_every_post_has_a_key_of_its_own_when_two_are_sent(kind: str) -> None:
    server = FakeServer(answer(QUESTION))
    harness = Harness(kind, server)
    harness.run(lambda client: client.questions.create(text="Why?"))
    harness.run(lambda client: client.questions.create(text="Why?"))
    assert len({request.headers["idempotency-key"] for request in server.requests}) == 2


def test_the_server_is_given_the_time_that_it_asks_for_when_it_says_when_to_come_back(kind: str) -> None:
    server = FakeServer(problem(429, "rate_limited", retry_after="7"), answer(assessment()))
    harness = Harness(kind, server)
    harness.run(lambda client: client.assessments.get("asm_1"))
    assert harness.clock.slept == [7.5]


def test_nothing_is_waited_for_when_the_server_asks_for_too_much(kind: str) -> None:
    harness = Harness(kind, FakeServer(problem(429, "rate_limited", retry_after="3600")))
    with pytest.raises(RateLimitedError) as raised:
        harness.run(lambda client: client.assessments.get("asm_1"))
    assert raised.value.retry_after_s == 3600
    assert harness.clock.slept == []


def test_the_last_error_is_raised_when_no_attempt_succeeds(kind: str) -> None:
    server = FakeServer(problem(503, "database_unavailable"))
    with pytest.raises(ServiceUnavailableError):
        Harness(kind, server).run(lambda client: client.assessments.get("asm_1"))
    assert len(server.requests) == 5


def test_the_cause_is_kept_when_nobody_answers(kind: str) -> None:
    server = FakeServer(httpx.ConnectError("refused"))
    with pytest.raises(ConnectionFailedError, match="refused") as raised:
        Harness(kind, server).run(lambda client: client.assessments.get("asm_1"))
    assert isinstance(raised.value.__cause__, httpx.ConnectError)
    assert len(server.requests) == 5


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, AuthenticationError),
        (403, PermissionDeniedError),
        (404, NotFoundError),
        (409, ConflictError),
        (422, InvalidRequestError),
        (418, ApiError),
        (507, ServerError),
    ],
)
def test_nothing_is_repeated_when_repeating_is_of_no_use(
    kind: str, status: int, error: type[ApiError]
) -> None:
    server = FakeServer(problem(status, "some_code"))
    with pytest.raises(error) as raised:
        Harness(kind, server).run(lambda client: client.assessments.get("asm_1"))
    assert len(server.requests) == 1
    assert (raised.value.status, raised.value.code, raised.value.request_id) == (status, "some_code", "req_1")
    assert raised.value.errors[0].field == "question"


def test_the_status_decides_when_a_proxy_answers_with_its_own_page(kind: str) -> None:
    server = FakeServer(httpx.Response(502, text="<h1>Bad gateway</h1>"))
    with pytest.raises(ServerError) as raised:
        Harness(kind, server, retry=RetryPolicy(attempts=1)).run(
            lambda client: client.assessments.get("asm_1")
        )
    assert (raised.value.status, raised.value.code) == (502, "http_error")


def test_a_key_goes_nowhere_else_when_the_server_redirects(kind: str) -> None:
    server = FakeServer(httpx.Response(302, headers={"location": "http://elsewhere.test/"}))
    with pytest.raises(ApiError):
        Harness(kind, server).run(lambda client: client.assessments.get("asm_1"))
    assert len(server.requests) == 1


def test_it_is_said_when_a_success_is_not_what_was_promised(kind: str) -> None:
    server = FakeServer(answer({"hello": "world"}))
    with pytest.raises(UnexpectedAnswerError, match="Assessment"):
        Harness(kind, server).run(lambda client: client.assessments.get("asm_1"))


def test_values_and_members_are_kept_when_the_server_is_newer(kind: str) -> None:
    server = FakeServer(answer(assessment("paused", region="eu")))
    found = Harness(kind, server).run(lambda client: client.assessments.get("asm_1"))
    assert (found.status, str(found.status)) == ("paused", "paused")
    assert isinstance(found.status, AssessmentStatus)
    assert found.model_extra == {"region": "eu"}


def test_every_item_comes_once_when_a_list_has_several_pages(kind: str) -> None:
    pages = [[1, 2], [3, 4], [5]]
    server = FakeServer(
        *(
            answer({"data": [assessment(number=n) for n in page], "has_more": page != pages[-1]})
            for page in pages
        )
    )
    found = Harness(kind, server).collect(lambda client: client.assessments.list(page_size=2))
    assert [item.id for item in found] == ["asm_1", "asm_2", "asm_3", "asm_4", "asm_5"]
    cursors = [request.url.params.get("starting_after") for request in server.requests]
    assert cursors == [None, "asm_2", "asm_4"]


def test_a_list_ends_when_a_server_promises_more_and_has_none(kind: str) -> None:
    server = FakeServer(answer({"data": [], "has_more": True}))
    assert Harness(kind, server).collect(lambda client: client.assessments.list()) == []


def test_an_address_is_asked_for_when_there_is_none(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CANDOR_API_URL", raising=False)
    with pytest.raises(ValueError, match="CANDOR_API_URL"):
        Client()


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        ("Mon, 02 Mar 2026 09:31:00 GMT", 60.0),
        ("Mon, 02 Mar 2026 09:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_the_time_to_wait_is_read_when_it_is_seconds_or_a_date(
    kind: str, value: str, seconds: float | None
) -> None:
    response = httpx.Response(503, headers={"retry-after": value})
    assert retry_after_s(response, now=datetime(2026, 3, 2, 9, 30, tzinfo=UTC)) == seconds


def test_the_wait_grows_and_stays_below_its_cap_when_attempts_fail(kind: str) -> None:
    policy = RetryPolicy(attempts=9, base_s=1.0, cap_s=10.0, draw=lambda: 1.0)
    assert [policy.after_silence(attempt) for attempt in range(1, 10)] == [1, 2, 4, 8, 10, 10, 10, 10, None]
