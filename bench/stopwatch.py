"""What steps on the database cost: on the clock, and on the processors of both ends of the connection."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

WARM_UPS = 20


@dataclass(frozen=True)
class Run:
    """Seconds of one run.

    Attributes:
        clock_s: on the clock, with all waiting: for the disk, and for a core that others held.
        cpu_s: on a processor: this process, and the server's that answers it. They take turns, so this
            is what a machine of its own would take, but for the disk.
    """

    clock_s: float
    cpu_s: float


@dataclass(frozen=True)
class Spread:
    """Milliseconds of many runs: the middle one, the one that 95 of 100 do not exceed, the longest."""

    median_ms: float
    p95_ms: float
    worst_ms: float

    @classmethod
    def of(cls, values_s: Sequence[float]) -> "Spread":
        """Return the spread of at least one value."""
        ordered = sorted(1000 * value for value in values_s)
        return cls(
            ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))], ordered[-1]
        )


@dataclass(frozen=True)
class Times:
    """What a step cost."""

    cpu: Spread
    clock: Spread


class Stopwatch:
    """Times of named steps."""

    def __init__(self) -> None:
        self._runs: dict[str, list[Run]] = {}

    def time(self, name: str, job: Callable[[], object], *, session: Session) -> None:
        """Run `job`, which speaks through `session`, and note what it took."""
        server = Path(f"/proc/{backend_of(session)}/schedstat")
        cpu_s, clock_s = time.process_time() + ran_s(server), time.perf_counter()
        job()
        clock_s = time.perf_counter() - clock_s
        cpu_s = time.process_time() + ran_s(server) - cpu_s
        self._runs.setdefault(name, []).append(Run(clock_s, cpu_s))

    def times(self) -> dict[str, Times]:
        """Return the times, without those that only warmed up."""
        return {
            name: Times(
                cpu=Spread.of([run.cpu_s for run in runs[WARM_UPS:]]),
                clock=Spread.of([run.clock_s for run in runs[WARM_UPS:]]),
            )
            for name, runs in self._runs.items()
        }


def backend_of(session: Session) -> int:
    """Return the process number of the server's half of the connection."""
    driver = session.connection().connection.driver_connection
    if driver is None:
        raise RuntimeError("the session has no connection")
    return int(driver.info.backend_pid)


def ran_s(schedstat: Path) -> float:
    """Return seconds that a process was on a processor; 0 where the system does not tell."""
    return int(schedstat.read_text().split()[0]) / 1e9 if schedstat.exists() else 0.0
