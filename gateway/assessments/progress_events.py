"""Progress as server-sent events: the current state first, then what the workers publish, then the end."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import cast

from redis.asyncio import Redis
from redis.exceptions import RedisError
from sse_starlette import ServerSentEvent

from gateway.assessments.schemas import AssessmentView
from gateway.assessments.views import has_ended
from services.common.logging import get_logger
from services.common.work.ledger import events_key

log = get_logger(__name__)

STATUS, REPORT = "status", "report"
BEGINNING = "0-0"
"""The identifier before the first entry of a Redis stream."""
EVENT_ID_PATTERN = r"^\d{1,20}-\d{1,20}$"

Snapshot = Callable[[], Awaitable[AssessmentView | None]]
Entry = tuple[str, dict[str, str]]


class EventFeed:
    """What workers publish about one assessment; silent, not broken, while Redis is out of reach.

    Args:
        redis: a client with `decode_responses=True` and `protocol=2`.
        assessment_id: whose events.
        poll_s: how long to wait for the next event.
    """

    def __init__(self, redis: "Redis", assessment_id: str, *, poll_s: float) -> None:
        self._redis = redis
        self._key = events_key(assessment_id)
        self._poll_s = poll_s

    async def latest_id(self) -> str:
        """Return the identifier of the newest event."""
        try:
            entries = await self._redis.xrevrange(self._key, count=1)
        except RedisError as fault:
            log.warning("events_unreachable", detail=str(fault))
            return BEGINNING
        return cast(str, entries[0][0]) if entries else BEGINNING

    async def after(self, cursor: str) -> list[Entry]:
        """Return the events after `cursor`; empty when none came for a while."""
        try:
            found = await self._redis.xread({self._key: cursor}, count=100, block=int(self._poll_s * 1000))
        except RedisError as fault:
            log.warning("events_unreachable", detail=str(fault))
            await asyncio.sleep(self._poll_s)
            return []
        streams = cast("list[tuple[str, list[Entry]]]", found)
        return [entry for _, entries in streams for entry in entries]


async def follow(
    feed: EventFeed, snapshot: Snapshot, *, last_event_id: str | None
) -> AsyncIterator[ServerSentEvent]:
    """Yield the events of one assessment, from its current state to its report.

    Postgres has the last word: whenever the feed is silent, the state is read again, so that a
    stream ends even if Redis lost the event that would have ended it.

    Args:
        feed: what workers publish.
        snapshot: reads the current state; null once the assessment is erased.
        last_event_id: where the client's earlier connection broke off.
    """
    cursor = last_event_id or await feed.latest_id()
    current = await snapshot()
    if current is None:
        return
    yield _event(STATUS, current.model_dump_json(), cursor)
    while not has_ended(current):
        for entry_id, fields in await feed.after(cursor):
            cursor = entry_id
            if fields["event"] != REPORT:  # the last event is ours, once Postgres has the report
                yield _event(fields["event"], fields["data"], cursor)
        current = await snapshot()
        if current is None:
            return
    yield _event(REPORT, json.dumps({"status": current.status}), cursor)


def _event(name: str, data: str, event_id: str) -> ServerSentEvent:
    return ServerSentEvent(data=data, event=name, id=event_id)
