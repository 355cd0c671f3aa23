"""Exports: as they come, with the filters of the lists."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import httpx
import pytest

from candor_client import Client, ConnectionFailedError, InvalidRequestError
from tests.client_harness import FakeServer, Harness, answer, assessment, problem

both = pytest.mark.parametrize("kind", ["blocking", "awaiting"])
CSV = httpx.Response(200, content=b"id,status\r\nasm_1,succeeded\r\n", headers={"content-type": "text/csv"})


@both
def test_the_bytes_come_as_they_are_when_answers_are_exported(kind: str) -> None:
    server = FakeServer(CSV)
    found = Harness(kind, server).collect(
        lambda client: client.exports.csv(
            status=["succeeded", "failed"], tag="role:nurse", created_from=datetime(2026, 3, 1, tzinfo=UTC)
        )
    )
    assert b"".join(found) == CSV.content
    assert server.requests[0].url.path == "/v1/exports/assessments.csv"
    assert sorted(server.requests[0].url.params.multi_items()) == [
        ("created_from", "2026-03-01T00:00:00+00:00"),
        ("status", "failed"),
        ("status", "succeeded"),
        ("tag", "role:nurse"),
    ]


@both
def test_a_time_is_refused_when_nobody_knows_where_it_holds(kind: str) -> None:
    with pytest.raises(ValueError, match="time zone"):
        Harness(kind, FakeServer(CSV)).collect(
            lambda client: client.exports.csv(created_from=datetime(2026, 3, 1))  # noqa: DTZ001
        )


@both
def test_the_fault_is_read_when_an_export_is_refused(kind: str) -> None:
    with pytest.raises(InvalidRequestError) as raised:
        Harness(kind, FakeServer(problem(422, "validation_failed"))).collect(
            lambda client: client.exports.json_lines()
        )
    assert raised.value.code == "validation_failed"


@both
def test_the_next_page_starts_after_an_assessment_when_reports_are_listed(kind: str) -> None:
    def report(number: int) -> dict[str, object]:
        more = {"assessment_id": f"asm_{number}", "fused": {}, "modalities": {}}
        return assessment("succeeded", number) | more

    first, second = ({"data": [report(n)], "has_more": n == 1} for n in (1, 2))
    server = FakeServer(answer(first), answer(second))
    found = Harness(kind, server).collect(lambda client: client.reports.list(purpose="research"))
    assert [each.assessment_id for each in found] == ["asm_1", "asm_2"]
    assert server.requests[1].url.params["starting_after"] == "asm_1"
    assert server.requests[1].url.params["purpose"] == "research"


class Broken(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that breaks off, and says whether it was closed."""

    def __init__(self) -> None:
        self.closed = 0

    def __iter__(self) -> Iterator[bytes]:
        yield b"id,status\r\n"
        raise httpx.ReadError("reset")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"id,status\r\n"
        raise httpx.ReadError("reset")

    def close(self) -> None:
        self.closed += 1


def exporting(stream: Broken) -> Iterator[bytes]:
    transport = httpx.MockTransport(lambda request: httpx.Response(200, stream=stream))
    return Client("http://candor.test", transport=transport).exports.csv()


def test_half_an_export_is_not_taken_for_one_when_it_breaks_off() -> None:
    pieces = exporting(Broken())
    assert next(pieces) == b"id,status\r\n"
    with pytest.raises(ConnectionFailedError, match="broke off"):
        next(pieces)


def test_the_connection_is_closed_when_nobody_reads_on() -> None:
    stream = Broken()
    pieces = exporting(stream)
    next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    assert stream.closed == 1
