"""Server-sent events out of bytes, as the HTML standard reads them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One event. `id` is the last that the stream named, to go on from after a break."""

    name: str
    data: str
    id: str


class EventParser:
    """Takes a stream in pieces of any size and gives its events as they become complete.

    Args:
        last_id: what an earlier connection got to.
    """

    def __init__(self, *, last_id: str = "") -> None:
        self.last_id = last_id
        self._rest = b""
        self._name = ""
        self._data: list[str] = []

    def feed(self, piece: bytes) -> Iterator[ServerSentEvent]:
        """Yield the events that `piece` completes."""
        lines = re.split(rb"\r\n|\n|\r(?!$)", self._rest + piece)
        self._rest = lines.pop()
        for line in lines:
            event = self._line(line.decode("utf-8", errors="replace"))
            if event is not None:
                yield event

    def _line(self, line: str) -> ServerSentEvent | None:
        if not line:
            return self._dispatch()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._name = value
        elif name == "data":
            self._data.append(value)
        elif name == "id" and "\0" not in value:
            self.last_id = value
        return None

    def _dispatch(self) -> ServerSentEvent | None:
        event = ServerSentEvent(self._name or "message", "\n".join(self._data), self.last_id)
        complete, self._name, self._data = bool(self._data), "", []
        return event if complete else None
