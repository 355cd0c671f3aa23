"""What a benchmark costs on a real Postgres, and how that grows: `python -m deploy.bench.cohorts`.

One tenant, 500 questions, 20 roles, 4 tags: every answer is in four cohorts. Each size is measured
through the product's own code, as the product's own roles: a report's benchmark block, the counting of
a new answer into the norms, and its erasure. Afterwards the norms must be what they were.
"""

import json
import os
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

from deploy.bench import cohort_data as data
from deploy.embedded.servers import Postgres
from deploy.embedded.supervisor import running
from fusion.benchmark import benchmark
from fusion.cohorts import add_answer
from fusion.repository import ReportTransaction, Subject
from gateway import repository
from services.common.db.bootstrap import DatabaseUrls, prepare_database
from services.common.db.session import create_engine_for, tenant_session

MODEL_KEYS = dict.fromkeys(data.TRAIT_SCORES, data.WORDS) | dict.fromkeys(data.POOLED_SCORES, data.POOLED)
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
        """Of at least one value."""
        ordered = sorted(1000 * value for value in values_s)
        return cls(
            ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))], ordered[-1]
        )


@dataclass(frozen=True)
class Times:
    """What a step cost."""

    cpu: Spread
    clock: Spread


@dataclass(frozen=True)
class Size:
    """What one size cost."""

    reports: int
    rows: dict[str, int]
    seeded_s: float
    times: dict[str, Times]
    norms_as_before: bool
    wrong_rows: int


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
        """Without those that only warmed up."""
        return {
            name: Times(
                cpu=Spread.of([run.cpu_s for run in runs[WARM_UPS:]]),
                clock=Spread.of([run.clock_s for run in runs[WARM_UPS:]]),
            )
            for name, runs in self._runs.items()
        }


def backend_of(session: Session) -> int:
    """Process number of the server's half of the connection."""
    driver = session.connection().connection.driver_connection
    if driver is None:
        raise RuntimeError("the session has no connection")
    return int(driver.info.backend_pid)


def ran_s(schedstat: Path) -> float:
    """Seconds that a process was on a processor; 0 where the system does not tell."""
    return int(schedstat.read_text().split()[0]) / 1e9 if schedstat.exists() else 0.0


def bench(
    sizes: Annotated[list[int] | None, typer.Option("--size", help="Reports; several, ascending.")] = None,
    runs: Annotated[int, typer.Option(min=20, help="Timed answers per size.")] = 300,
    results: Annotated[Path | None, typer.Option("--json", help="Also write the results here.")] = None,
    folder: Annotated[Path | None, typer.Option(help="Where the database lies meanwhile.")] = None,
) -> None:
    """Measure benchmark block, update and erasure at each size."""
    sizes = sorted(sizes or [10_000, 100_000, 1_000_000])
    with tempfile.TemporaryDirectory(prefix="candor-bench-", dir=folder) as name:
        home = Path(name)
        home.chmod(0o755)  # PostgreSQL runs as another user where this one is root
        server = Postgres(home / "data")
        server.prepare()
        with running(server.child(log_folder=home)):
            server.wait_ready(timeout_s=60)
            urls = prepare_database(server.url(), gateway_password="bench", fusion_password="bench")  # noqa: S106
            measured = [
                measure(urls, size, before, runs=runs)
                for before, size in zip([0, *sizes], sizes, strict=False)
            ]
    document = {
        "load_average": os.getloadavg(),
        "cores": os.cpu_count(),
        "sizes": [asdict(size) for size in measured],
    }
    if results is not None:
        results.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    typer.echo(table(measured))
    if any(size.wrong_rows or not size.norms_as_before for size in measured):
        raise typer.Exit(1)


def measure(urls: DatabaseUrls, reports: int, before: int, *, runs: int) -> Size:
    """Fill up to `reports`, time `runs` answers, take them out again, and compare."""
    admin = create_engine(urls.admin)
    started = time.perf_counter()
    data.seed(admin, first=before, last=reports)
    seeded_s = time.perf_counter() - started
    typer.echo(f"{reports:,} reports are there after {seeded_s:.0f} s", err=True)
    fingerprint = data.digest(admin)
    watch = Stopwatch()
    fusion, gateway = create_engine_for(urls.fusion), create_engine_for(urls.gateway)
    subjects = hand_in(admin, runs + WARM_UPS, people=round(reports / data.ANSWERS_PER_PERSON))
    for subject in subjects:
        store(fusion, subject, watch)
    wrong = data.wrong_rows(admin)
    for subject in subjects:
        erase(gateway, subject, watch)
    same = data.digest(admin) == fingerprint
    counted = data.rows(admin)
    for engine in (admin, fusion, gateway):
        engine.dispose()
    return Size(reports, counted, seeded_s, watch.times(), same, wrong)


def hand_in(admin: Engine, count: int, *, people: int) -> list[Subject]:
    """New answers; every second one by somebody who has answered before."""
    draw = random.Random(count + people)  # noqa: S311 - a benchmark's draw
    now = datetime.now(UTC)
    subjects = [
        Subject(
            assessment_id=f"asm_z{number:025}",
            tenant_id=data.TENANT,
            candidate_id=f"cand_{draw.randrange(people):026}" if number % 2 else f"cand_z{number:025}",
            question_id=f"q_{draw.randrange(data.QUESTIONS):026}",
            purpose="research",
            answered_at=now,
            tags=(f"role:post {draw.randrange(data.ROLES)}", f"season {draw.randrange(data.SEASONS)}"),
        )
        for number in range(count)
    ]
    with admin.begin() as connection:
        rows = [asdict(subject) | {"tags": list(subject.tags)} for subject in subjects]
        connection.execute(
            text(
                "INSERT INTO candidates VALUES (:candidate_id, :tenant_id, :candidate_id)"
                " ON CONFLICT DO NOTHING"
            ),
            rows,
        )
        connection.execute(
            text(
                "INSERT INTO assessments (id, tenant_id, candidate_id, question_id, purpose, tags, media)"
                " VALUES (:assessment_id, :tenant_id, :candidate_id, :question_id, :purpose, :tags, '[]')"
            ),
            rows,
        )
    return subjects


def store(fusion: Engine, subject: Subject, watch: Stopwatch) -> None:
    """A report's benchmark block, then its scores, as the fusion role does it."""
    scores = {name: random.random() for name in MODEL_KEYS}  # noqa: S311
    with tenant_session(fusion, subject.tenant_id) as session:

        def block() -> None:
            others = ReportTransaction(session).others(subject, scores, MODEL_KEYS)
            benchmark(scores, others, min_cohort_size=20)

        def update() -> None:
            add_answer(
                session,
                assessment_id=subject.assessment_id,
                tenant_id=subject.tenant_id,
                candidate_id=subject.candidate_id,
                answered_at=subject.answered_at,
                cohorts=subject.cohorts,
                scores=scores,
                model_keys=MODEL_KEYS,
            )

        watch.time("benchmark block", block, session=session)
        watch.time("update", update, session=session)
        watch.time("commit", session.commit, session=session)


def erase(gateway: Engine, subject: Subject, watch: Stopwatch) -> None:
    """What the gateway does last when an answer is deleted."""
    with tenant_session(gateway, subject.tenant_id) as session:

        def erasure() -> None:
            repository.erase(session, subject.assessment_id)
            session.flush()

        watch.time("erasure", erasure, session=session)


def table(sizes: Sequence[Size]) -> str:
    """Markdown: a line for each size and step, and one that says whether the norms were right."""
    lines = [
        "| reports | step | CPU median ms | CPU p95 ms | CPU worst ms | clock median ms | clock p95 ms |",
        "|--:|---|--:|--:|--:|--:|--:|",
    ]
    for size in sizes:
        lines += [
            f"| {size.reports:,} | {name} | {took.cpu.median_ms:.2f} | {took.cpu.p95_ms:.2f}"
            f" | {took.cpu.worst_ms:.2f} | {took.clock.median_ms:.2f} | {took.clock.p95_ms:.2f} |"
            for name, took in size.times.items()
        ]
        lines.append(
            f"| {size.reports:,} | rows unlike a recount: {size.wrong_rows}; after erasing, norms as before: "
            f"{'yes' if size.norms_as_before else 'no'} | | | | | |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    typer.run(bench)
