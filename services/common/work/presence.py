"""Workers say that they are there, so that readiness can name who is missing and why."""

import threading
from collections.abc import Callable, Sequence

from redis.exceptions import RedisError

from services.common.errors import TemporaryError
from services.common.logging import get_logger
from services.common.work.ledger import WorkLedger

log = get_logger(__name__)

EVERY_S = 3.0
SILENT_AFTER_S = 10.0
"""A worker that has said nothing for this long is not there."""
OK = "ok"
Check = Callable[[], None]
"""Raises `TemporaryError` where the worker lacks something that it needs."""


def nothing_needed() -> None:
    """The `Check` of a worker that needs nothing beyond the broker."""


class Presence:
    """A thread that keeps telling, for each queue of a worker, whether it can work."""

    def __init__(self, ledger: WorkLedger, queues: Sequence[str], *, check: Check = nothing_needed) -> None:
        self._ledger, self._queues, self._check = ledger, queues, check

    def start(self) -> None:
        """Begin to tell; ends with the process."""
        threading.Thread(target=self._tell_for_ever, name="presence", daemon=True).start()

    def _tell_for_ever(self) -> None:
        pause = threading.Event()
        while True:
            self.tell()
            pause.wait(EVERY_S)

    def tell(self) -> None:
        """Say once how it is; an outage of Redis is logged, and told by silence."""
        try:
            self._check()
            state = OK
        except TemporaryError as fault:
            state = fault.reason
        try:
            for queue in self._queues:
                self._ledger.announce_worker(queue, state, ttl_s=SILENT_AFTER_S)
        except RedisError as fault:
            log.warning("presence_not_told", detail=str(fault))
