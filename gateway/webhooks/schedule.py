"""When a failed delivery is tried again: by the schedule of the scheme, and as the receiver asks."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

RETRY_DELAYS_S: tuple[int, ...] = (
    0,
    5,
    5 * 60,
    30 * 60,
    2 * 3600,
    5 * 3600,
    10 * 3600,
    14 * 3600,
    20 * 3600,
    24 * 3600,
)
"""Seconds before each attempt, the first at once; three days in all.

Standard Webhooks 1.0.0, "Deliverability and reliability", example retry schedule.
"""
JITTER_SHARE = 0.1
"""Retries are up to this much later, so that those of one outage do not all come at once."""
THROTTLING = frozenset({429, 502, 504})
"""Statuses of a receiver that is under load (the same section, "Delivery success and failure")."""
THROTTLE_S = 60.0
GONE = 410
LONGEST_WAIT_S = 86_400.0


def delay_before_next(attempts: int, *, pause_s: float, jitter: float) -> float | None:
    """Return the seconds until the next attempt; null where there is none any more.

    Args:
        attempts: how many were made, at least one.
        pause_s: what the receiver needs at least, from `pause_asked_for`.
        jitter: 0 to 1, random.
    """
    if attempts >= len(RETRY_DELAYS_S):
        return None
    return max(RETRY_DELAYS_S[attempts] * (1 + JITTER_SHARE * jitter), pause_s)


def pause_asked_for(status_code: int | None, retry_after_s: float | None) -> float:
    """Return the seconds in which nothing at all is sent to a receiver; 0 to 86,400."""
    throttled = THROTTLE_S if status_code in THROTTLING else 0.0
    return min(max(throttled, retry_after_s or 0.0), LONGEST_WAIT_S)


def parse_retry_after(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """Return the seconds of `Retry-After` (RFC 9110, 10.2.3: a number or a date); null where it is absent or
    broken.

    Args:
        headers: of the answer, names in small letters.
        now: the time that a date is compared with.
    """
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value[:12]), LONGEST_WAIT_S)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return min(max((aware - now).total_seconds(), 0.0), LONGEST_WAIT_S)
