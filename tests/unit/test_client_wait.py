"""Waiting for the end of an analysis, whatever becomes of the connection."""

import json

import httpx
import pytest

from candor_client import NotFoundError, Progress, WaitTimeoutError
from candor_client.sse import EventParser
from tests.client_harness import FakeServer, Harness, answer, assessment, events, problem

both = pytest.mark.parametrize("kind", ["blocking", "awaiting"])
STATUS = ("id: 5-0", "event: status", f"data: {json.dumps(assessment('processing'))}", "")
HALF = (
    "id: 6-0",
    "event: modality",
    'data: {"modality": "text", "status": "running", "share": 0.5, "error_code": null}',
    "",
)
REPORT = ("id: 7-0", "event: report", 'data: {"status": "succeeded"}', "")
ENDED = answer(assessment("succeeded", modalities={"text": {"status": "succeeded", "progress": 1.0}}))
RUNNING = answer(assessment("processing"))


class Told:
    """What a callback was told."""

    def __init__(self) -> None:
        self.shares: list[float] = []
        self.statuses: list[str] = []

    def __call__(self, progress: Progress) -> None:
        self.statuses.append(progress.status)
        self.shares += [state.progress for state in progress.modalities.values()]


@both
def test_it_returns_with_the_last_event_when_the_events_come_through(kind: str) -> None:
    server = FakeServer(events(*STATUS, ": ping", "", *HALF, *REPORT), ENDED)
    harness, told = Harness(kind, server), Told()
    found = harness.run(lambda client: client.assessments.wait("asm_1", progress=told))
    assert found.status == "succeeded"
    assert (told.statuses, told.shares) == (["processing", "processing", "succeeded"], [0.4, 0.5, 1.0])
    assert [request.url.path for request in server.requests] == [
        "/v1/assessments/asm_1/events",
        "/v1/assessments/asm_1",
    ]
    assert harness.clock.slept == []


@both
def test_it_goes_on_after_the_last_event_when_the_connection_breaks(kind: str) -> None:
    server = FakeServer(events(*STATUS, *HALF), RUNNING, events(*REPORT), ENDED)
    harness = Harness(kind, server)
    harness.run(lambda client: client.assessments.wait("asm_1", poll_s=1.5))
    assert harness.clock.slept == [1.5]
    assert [request.headers.get("last-event-id") for request in server.requests] == [None, None, "6-0", None]


@both
@pytest.mark.parametrize(
    "fault",
    [httpx.ConnectError("refused"), httpx.ReadTimeout("silence"), problem(503, "x"), events(": ping", "")],
    ids=["refused", "silent", "unavailable", "mute"],
)
def test_it_asks_now_and_then_when_no_events_come(kind: str, fault: httpx.Response | Exception) -> None:
    server = FakeServer(fault, RUNNING, fault, RUNNING, fault, ENDED)
    harness = Harness(kind, server)
    found = harness.run(lambda client: client.assessments.wait("asm_1", poll_s=3.0))
    assert found.status == "succeeded"
    assert harness.clock.slept == [3.0, 3.0]


@both
def test_it_gives_up_when_the_time_is_over(kind: str) -> None:
    server = FakeServer(*[events(": ping", ""), RUNNING] * 4)
    harness = Harness(kind, server)
    with pytest.raises(WaitTimeoutError, match="processing"):
        harness.run(lambda client: client.assessments.wait("asm_1", poll_s=3.0, timeout_s=4.0))
    assert harness.clock.slept == [3.0, 1.0]


@both
def test_it_says_so_when_the_assessment_is_erased_meanwhile(kind: str) -> None:
    server = FakeServer(events(*STATUS), problem(404, "assessment_not_found"))
    with pytest.raises(NotFoundError):
        Harness(kind, server).run(lambda client: client.assessments.wait("asm_1"))


@both
def test_events_are_passed_over_when_they_are_not_understood(kind: str) -> None:
    odd = (
        "event: status",
        "data: {broken",
        "",
        "event: modality",
        'data: {"modality": "text"}',
        "",
        "data: []",
        "",
    )
    server = FakeServer(events(*odd, *REPORT), ENDED)
    assert Harness(kind, server).run(lambda client: client.assessments.wait("asm_1")).status == "succeeded"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_events_are_the_same_when_the_stream_comes_in_other_pieces(size: int, end: str) -> None:
    lines = [
        ": hello",
        "",
        "id: 1-0",
        "event: modality",
        "data: ä",
        "data:b",
        "",
        "data: c",
        "id: bad\0",
        "",
        "",
    ]
    stream = end.join(lines).encode() + end.encode()
    parser = EventParser()
    found = [event for at in range(0, len(stream), size) for event in parser.feed(stream[at : at + size])]
    assert [(event.name, event.data, event.id) for event in found] == [
        ("modality", "ä\nb", "1-0"),
        ("message", "c", "1-0"),
    ]
