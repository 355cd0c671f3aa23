"""Waiting for other processes, to do something or to end."""

from collections.abc import Callable

import psutil

from candor.embedded import servers

WITHIN_S = 240.0
"""Far longer than anything takes on a busy machine: it ends a wait for what will never come."""


def wait_until(condition: Callable[[], bool], *, tell: Callable[[], str] = str) -> None:
    """Poll until `condition` holds.

    Args:
        condition: asked again and again.
        tell: what to add if it never holds, such as the log of the process that was waited for.

    Raises:
        AssertionError: it did not hold within `WITHIN_S`.
    """
    try:
        servers.wait_until(condition, timeout_s=WITHIN_S, what="What the test waits for")
    except TimeoutError as late:
        raise AssertionError(f"{late} {tell()}") from late


def has_ended(pid: int) -> bool:
    """Return true once a process is gone, or waits only for its parent to ask how it ended."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
