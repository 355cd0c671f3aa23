"""When a request is sent again, and how long it waits. Decides only; nothing here sleeps."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

RETRIED_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
STILL_RUNNING = "idempotency_key_in_use"
"""The 409 of a request whose first copy is still at work: its answer comes later."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential back-off with full jitter (Brooker, "Exponential Backoff And Jitter", 2015).

    Attributes:
        attempts: requests in all, the first included; 1 never retries.
        base_s: longest wait before the second attempt, in seconds; doubles with each.
        cap_s: longest wait before any attempt.
        longest_retry_after_s: a server that asks for more than this is not waited for; the error says
            how long (`retry_after_s`).
        draw: a number in 0..1; random by default.
    """

    attempts: int = 5
    base_s: float = 0.5
    cap_s: float = 20.0
    longest_retry_after_s: float = 60.0
    draw: Callable[[], float] = field(default=random.random, repr=False)

    def after_silence(self, attempt: int) -> float | None:
        """Return seconds to wait after attempt number `attempt` (from 1) got no answer; null to give up."""
        if attempt >= self.attempts:
            return None
        return self.draw() * min(self.cap_s, self.base_s * float(2 ** (attempt - 1)))

    def after_answer(self, attempt: int, response: httpx.Response, *, code: str = "") -> float | None:
        """Return the seconds to wait after an error; `Retry-After` counts more than our own back-off."""
        if response.status_code not in RETRIED_STATUSES and code != STILL_RUNNING:
            return None
        backoff_s = self.after_silence(attempt)
        asked_s = retry_after_s(response)
        if backoff_s is None or asked_s is None:
            return backoff_s
        return None if asked_s > self.longest_retry_after_s else asked_s + backoff_s


def retry_after_s(response: httpx.Response, *, now: datetime | None = None) -> float | None:
    """Return `Retry-After` in seconds, given as such or as a date; null where there is none to be
    understood.
    """
    value = response.headers.get("retry-after", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (until.astimezone(UTC) - (now or datetime.now(UTC))).total_seconds())
