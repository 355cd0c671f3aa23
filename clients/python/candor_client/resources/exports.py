"""Answers with their scores, all of them, as a stream."""

from collections.abc import Mapping
from typing import Any, Unpack, cast

import httpx

from candor_client.errors import ConnectionFailedError
from candor_client.filters import AnswerFilters, Statuses, as_params
from candor_client.flow import Emit, Receive, Request, Stream
from candor_client.operation import Group, TransportT_co, iteration

PATH = "/v1/exports"


class Exports(Group[TransportT_co]):
    """Bytes as they come, to be written to a file; memory stays flat however many there are."""

    @iteration("exportAssessmentsCsv")
    def csv(self, *, status: Statuses = (), **filters: Unpack[AnswerFilters]) -> Stream[bytes]:
        """Stream one line per answer, newest first, RFC 4180 in UTF-8."""
        return self._stream(f"{PATH}/assessments.csv", status, filters)

    @iteration("exportAssessmentsJsonl")
    def json_lines(self, *, status: Statuses = (), **filters: Unpack[AnswerFilters]) -> Stream[bytes]:
        """Stream one JSON document per line, newest first, with the report as far as the key may read it."""
        return self._stream(f"{PATH}/assessments.jsonl", status, filters)

    def _stream(self, path: str, status: Statuses, filters: Mapping[str, Any]) -> Stream[bytes]:
        params = {"status": [str(each) for each in status], **as_params(filters)}
        yield from self._core.send(Request("GET", path, params=params), streamed=True)
        try:
            while piece := (yield Receive()):
                yield Emit(cast(bytes, piece))
        except httpx.TransportError as fault:
            raise ConnectionFailedError(f"the export broke off: {fault!r}; begin again") from fault
