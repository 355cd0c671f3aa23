"""Runs, their spread, and ratios that a drifting machine does not move. Pure but for the clocks.

What counts is processor time of the one core that is measured: on an idle core it is the time on the
clock, and on a shared one it leaves out the turns of others.
"""

import resource
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Self

WARM_UPS = 1


@dataclass(frozen=True, slots=True)
class Spread:
    """Median of some runs, and the least and the greatest of them."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """Return the spread of at least one value.

        Raises:
            ValueError: there are none.
        """
        if not values:
            raise ValueError("there is no run to sum up")
        return cls(median(values), min(values), max(values))


@dataclass(frozen=True, slots=True)
class Run:
    """One timed run.

    Attributes:
        cpu_s: processor seconds of this process, all threads, and of those that it waited for.
        wall_s: seconds on the clock; more than `cpu_s` where others held the core.
        stages: processor seconds of the stages inside, by name; none for a run that has no stages.
    """

    cpu_s: float
    wall_s: float
    stages: Mapping[str, float] = field(default_factory=dict)

    @property
    def rest_s(self) -> float:
        """Processor seconds that belong to no stage."""
        return self.cpu_s - sum(self.stages.values())


Job = Callable[[], Mapping[str, float]]
"""Does the work once and returns the seconds of its stages (empty where it has none)."""


def interleave(jobs: Mapping[str, Job], *, runs: int, repeats: int = 1) -> dict[str, list[Run]]:
    """Warm every job up, then run them in turn, so that each round sees the same machine.

    Args:
        jobs: by name.
        runs: timed rounds.
        repeats: times that a job is done within one run, for jobs of a few milliseconds.

    Returns:
        For each job its runs in the order of the rounds; seconds are those of one repeat.
    """
    done: dict[str, list[Run]] = {name: [] for name in jobs}
    for number in range(WARM_UPS + runs):
        for name, job in jobs.items():
            run = _timed(job, repeats)
            if number >= WARM_UPS:
                done[name].append(run)
    return done


def processor_seconds() -> float:
    """Return what this process has used so far, and every process that it started and waited for."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


def _timed(job: Job, repeats: int) -> Run:
    stages: dict[str, float] = {}
    wall, cpu = time.perf_counter(), processor_seconds()
    for _ in range(repeats):
        for name, seconds in job().items():
            stages[name] = stages.get(name, 0.0) + seconds
    wall, cpu = time.perf_counter() - wall, processor_seconds() - cpu
    return Run(cpu / repeats, wall / repeats, {name: s / repeats for name, s in stages.items()})


def paired_ratio(above: Sequence[float], below: Sequence[float]) -> Spread:
    """Return the spread of the ratios of runs of the same round: what slows both of a pair cancels.

    Raises:
        ValueError: the two are not as many, or there are none.

    Example:
        >>> paired_ratio([2.0, 8.0, 6.0], [1.0, 4.0, 2.0])
        Spread(median=2.0, low=2.0, high=3.0)
    """
    return Spread.of([over / under for over, under in zip(above, below, strict=True)])


def stage_times(runs: Sequence[Run]) -> dict[str, Spread]:
    """Return processor seconds of each stage over the runs, and of `rest`, what lies between them."""
    times = {name: Spread.of([run.stages[name] for run in runs]) for name in runs[0].stages}
    return times | {"rest": Spread.of([run.rest_s for run in runs])}


def stage_shares(runs: Sequence[Run]) -> dict[str, float]:
    """Return the share of each stage, and of `rest`, in all seconds of the runs. Sums to 1."""
    whole = sum(run.cpu_s for run in runs)
    shares = {name: sum(run.stages[name] for run in runs) / whole for name in runs[0].stages}
    return shares | {"rest": sum(run.rest_s for run in runs) / whole}


def processor_share(runs: Sequence[Run]) -> float:
    """Return processor seconds over wall seconds: how much of the core was ours."""
    return sum(run.cpu_s for run in runs) / sum(run.wall_s for run in runs)
