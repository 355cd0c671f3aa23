"""Workers announce themselves, so that readiness can name which one is missing and why."""

import threading
from collections.abc import Callable, Sequence

from redis.exceptions import RedisError

from services.common.errors import TemporaryError
from services.common.logging import get_logger
from services.common.work.ledger import WorkLedger

log = get_logger(__name__)

EVERY_S = 3.0
SILENT_AFTER_S = 10.0
"""A worker that has announced nothing for this long counts as missing."""
OK = "ok"
Check = Callable[[], None]
"""Raises `TemporaryError` if the worker lacks something that it needs."""


def need_nothing() -> None:
    """Pass: the `Check` of a worker that needs nothing beyond the broker."""


class Presence:
    """A thread that announces regularly, for each queue of a worker, whether it can work."""

    def __init__(self, ledger: WorkLedger, queues: Sequence[str], *, check: Check = need_nothing) -> None:
        self._ledger, self._queues, self._check = ledger, queues, check

    def start(self) -> None:
        """Start the thread; it ends with the process."""
        threading.Thread(target=self._announce_for_ever, name="presence", daemon=True).start()

    def _announce_for_ever(self) -> None:
        pause = threading.Event()
        while True:
            self.announce()
            pause.wait(EVERY_S)

    def announce(self) -> None:
        """Announce the state once. An outage of Redis is logged, and readers notice the silence."""
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
