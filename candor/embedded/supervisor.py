"""Child processes that live exactly as long as we do, and come back when they die before."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

Report = Callable[[str], None]
"""Takes one line for the person at the terminal."""

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
STEADY_AFTER_S = 60.0
"""A child that ran this long starts over with the shortest pause."""

LOG_LIMIT_BYTES = 10 * 1024 * 1024
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Child:
    """One process to keep running.

    Attributes:
        name: as people call it, `video worker` for example.
        command: program and arguments.
        log: stdout and stderr are appended here.
        env: the whole environment; None hands on ours.
        cwd: the working directory; None hands on ours.
        stop_signal: what asks it to stop cleanly. It also gets this signal when we die (Linux).
        grace_s: how long it may take to stop before its whole process group is killed.
        user: run as this system user (we must be root).
    """

    name: str
    command: tuple[str, ...]
    log: Path
    env: Mapping[str, str] | None = None
    cwd: Path | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    grace_s: float = 8.0
    user: str | None = None


def _follow_parent(stop_signal: signal.Signals) -> Callable[[], None] | None:
    """Return a hook for the child that ties its life to ours, where the kernel offers that."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def hook() -> None:
        prctl(PR_SET_PDEATHSIG, int(stop_signal))
        if os.getppid() != parent:  # we died between fork and prctl
            os.kill(os.getpid(), signal.SIGKILL)

    return hook


def spawn(child: Child) -> subprocess.Popen[bytes]:
    """Start `child` in a session of its own, so that Ctrl-C at the terminal reaches only us.

    Must be called from the main thread: the kernel ties the child to the thread that forked it.
    """
    child.log.parent.mkdir(parents=True, exist_ok=True)
    if child.log.exists() and child.log.stat().st_size > LOG_LIMIT_BYTES:
        child.log.replace(child.log.with_suffix(".log.1"))
    with child.log.open("ab") as log:
        return subprocess.Popen(
            child.command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=child.env,
            cwd=child.cwd,
            start_new_session=True,
            preexec_fn=_follow_parent(child.stop_signal),
            user=child.user,
            group=child.user,
            extra_groups=[] if child.user else None,
        )


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill whatever is left of the child's process group (a Celery worker's pool, say)."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def stop_all(children: list[tuple[Child, subprocess.Popen[bytes]]]) -> None:
    """Ask all of them to stop at once, wait for each one's grace, then kill their groups."""
    for child, process in children:
        if process.poll() is None:
            process.send_signal(child.stop_signal)
    began = time.monotonic()
    for child, process in children:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=max(0.0, began + child.grace_s - time.monotonic()))
        _kill_group(process)
        process.wait()


@contextlib.contextmanager
def running(child: Child) -> Iterator[subprocess.Popen[bytes]]:
    """Run `child` while the context lasts; it is not restarted."""
    process = spawn(child)
    try:
        yield process
    finally:
        stop_all([(child, process)])


@dataclass(slots=True)
class _Kept:
    child: Child
    process: subprocess.Popen[bytes]
    started: float
    failures: int = 0
    due: float | None = None


@dataclass(slots=True)
class Supervisor:
    """Starts children in order, restarts the ones that die, stops them in the reverse order.

    Attributes:
        report: told about every death and restart.
    """

    report: Report
    _kept: list[_Kept] = field(default_factory=list)

    def start(self, child: Child) -> None:
        """Start `child` and keep it running from now on."""
        self._kept.append(_Kept(child, spawn(child), time.monotonic()))

    def poll(self) -> None:
        """Notice deaths and restart what is due. Call this every fraction of a second."""
        now = time.monotonic()
        for kept in self._kept:
            if kept.due is None:
                self._notice_death(kept, now)
            elif now >= kept.due:
                kept.process, kept.started, kept.due = spawn(kept.child), now, None

    def _notice_death(self, kept: _Kept, now: float) -> None:
        code = kept.process.poll()
        if code is None:
            return
        _kill_group(kept.process)
        if now - kept.started > STEADY_AFTER_S:
            kept.failures = 0
        pause_s = min(FIRST_PAUSE_S * 2**kept.failures, LONGEST_PAUSE_S)
        kept.failures += 1
        kept.due = now + pause_s
        self.report(
            f"{kept.child.name} stopped ({describe_exit(code)}); starting it again in {pause_s:.0f} s. "
            f"Its log: {kept.child.log}"
        )

    def failing(self, *, deaths: int) -> Child | None:
        """Return a child that died at least `deaths` times in a row, if there is one."""
        return next((kept.child for kept in self._kept if kept.failures >= deaths), None)

    def stop(self, *, keep: int = 0) -> None:
        """Stop all children but the first `keep`, all at once."""
        stop_all([(kept.child, kept.process) for kept in self._kept[keep:]])
        del self._kept[keep:]


def describe_exit(code: int) -> str:
    """Return `exit status 1`, or `signal SIGKILL`."""
    if code >= 0:
        return f"exit status {code}"
    with contextlib.suppress(ValueError):
        return f"signal {signal.Signals(-code).name}"
    return f"signal {-code}"
