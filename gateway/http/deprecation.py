"""Marking an operation as deprecated: in the document, and in every answer that it gives.

`Deprecation` is RFC 9745 (since when), `Sunset` RFC 8594 (until when), and `Link` names what replaces it.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from typing import Any

from fastapi import Depends, Response


def deprecated(*, since: date, sunset: date, successor: str) -> dict[str, Any]:
    """Return keyword arguments for a route's decorator: `@router.get("", **deprecated(...))`.

    Args:
        since: the day on which it became deprecated.
        sunset: the day from which it may be gone; at least half a year later.
        successor: address of the operation to use instead.

    Raises:
        ValueError: clients have less than half a year.
    """
    if (sunset - since).days < 180:
        raise ValueError("leave clients half a year to move")
    return {"deprecated": True, "dependencies": [Depends(_telling(since, sunset, successor))]}


def _telling(since: date, sunset: date, successor: str) -> Callable[[Response], None]:
    begins, ends = (datetime.combine(day, time(), UTC) for day in (since, sunset))

    def tell(response: Response) -> None:
        response.headers["Deprecation"] = f"@{int(begins.timestamp())}"
        response.headers["Sunset"] = format_datetime(ends, usegmt=True)
        response.headers["Link"] = f'<{successor}>; rel="successor-version"'

    return tell
