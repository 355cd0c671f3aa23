"""What a benchmark costs on a real Postgres, and how that grows: `python -m bench.cohorts`.

One tenant, 500 questions, 20 roles, 4 tags: every answer is in four cohorts. Each size has a database of
its own and is measured through the product's own code, as the product's own roles: a report's benchmark
block, the counting of a new answer into the norms, and its erasure. Afterwards the norms must be what
they were.
"""

import json
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Engine, create_engine, text

from bench import cohort_data as data
from bench.machine import commit, machine
from bench.stopwatch import WARM_UPS, Stopwatch, Times
from candor.embedded.servers import Postgres
from candor.embedded.supervisor import running
from fusion.benchmark import benchmark
from fusion.cohorts import add_answer
from fusion.repository import ReportTransaction, Subject
from gateway.assessments import repository
from services.common.db.bootstrap import DatabaseUrls, prepare_database
from services.common.db.session import create_engine_for, tenant_session

MODEL_KEYS = dict.fromkeys(data.TRAIT_SCORES, data.WORDS) | dict.fromkeys(data.POOLED_SCORES, data.POOLED)
RECOUNTED = 25
"""Cohorts that are counted anew where there are too many answers to do so with all."""

RECOUNT_ALL_UP_TO = 10_000
"""Reports."""


@dataclass(frozen=True)
class Size:
    """What one size cost.

    Attributes:
        reports: answers with a report.
        rows: per table.
        disk_bytes: per table, with its indexes, freshly loaded.
        loaded_s: until the answers were there and counted; next to nothing where an earlier run left them.
        times: per step.
        updates_in_place: share of the updates of norms, since the database is there, that touched no index.
        cohorts_recounted: how many of the cohorts were counted anew.
        wrong_rows: rows of these that were not what the triggers had made of them.
        norms_as_before: whether all norms, after the erasures, were those from before the updates.
    """

    reports: int
    rows: dict[str, int]
    disk_bytes: dict[str, int]
    loaded_s: float
    times: dict[str, Times]
    updates_in_place: float
    cohorts_recounted: int
    wrong_rows: int
    norms_as_before: bool

    @property
    def bytes_per_norm(self) -> float:
        """A norm with its histogram and its months."""
        return sum(self.disk_bytes[name] for name in data.NORM_TABLES) / self.rows["norms"]


def bench(
    sizes: Annotated[list[int] | None, typer.Option("--size", help="Reports; several.")] = None,
    runs: Annotated[int, typer.Option(min=20, help="Timed answers per size.")] = 300,
    results: Annotated[Path | None, typer.Option("--json", help="Also write the results here.")] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Keep the databases here, and use those that are here already.")
    ] = None,
) -> None:
    """Measure benchmark block, update and erasure at each size."""
    measured: list[Size] = []
    with tempfile.TemporaryDirectory(prefix="candor-bench-") as name:
        for reports in sorted(sizes or [10_000, 100_000, 1_000_000]):
            with database((folder or Path(name)) / f"{reports}") as urls:
                measured.append(measure(urls, reports, runs=runs))
            if results is not None:
                results.write_text(json.dumps(document(measured, runs), indent=2) + "\n", encoding="utf-8")
    typer.echo(table(measured))
    if any(size.wrong_rows or not size.norms_as_before for size in measured):
        raise typer.Exit(1)


def document(sizes: Sequence[Size], runs: int) -> dict[str, object]:
    """Return the results for machines. Times in milliseconds."""
    return {
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "machine": machine(),
        "runs": runs,
        "sizes": [asdict(size) | {"bytes_per_norm": size.bytes_per_norm} for size in sizes],
    }


@contextmanager
def database(home: Path) -> Iterator[DatabaseUrls]:
    """Run a server on the data in `home`, with the schema of today."""
    home.mkdir(parents=True, exist_ok=True)
    for place in (home, home.parent):
        place.chmod(0o755)  # PostgreSQL runs as another user where this one is root
    server = Postgres(home / "data")
    server.prepare()
    with running(server.child(log_folder=home)):
        server.wait_ready(timeout_s=120)
        yield prepare_database(server.url(), gateway_password="bench", fusion_password="bench")  # noqa: S106


def measure(urls: DatabaseUrls, reports: int, *, runs: int) -> Size:
    """Fill up to `reports`, time `runs` answers, take them out again, and compare."""
    admin, fusion, gateway = (
        create_engine(urls.admin),
        create_engine_for(urls.fusion),
        create_engine_for(urls.gateway),
    )
    _say(f"loading {reports:,} reports")
    started = time.perf_counter()
    data.fill(admin, reports)
    loaded_s = time.perf_counter() - started
    counted, disk_bytes, fingerprint = data.rows(admin), data.disk_bytes(admin), data.digest(admin)
    subjects = hand_in(admin, runs + WARM_UPS, people=round(reports / data.ANSWERS_PER_PERSON))

    watch = Stopwatch()
    _say("measuring updates")
    for subject in subjects:
        store(fusion, subject, watch)
    _say("recounting")
    cohorts = None if reports <= RECOUNT_ALL_UP_TO else some_cohorts(subjects)
    wrong = data.wrong_rows(admin, cohorts)
    _say("measuring erasures")
    for subject in subjects:
        erase(gateway, subject, watch)
    _say("comparing")
    same = data.digest(admin) == fingerprint
    in_place = data.updates_in_place(admin)
    for engine in (admin, fusion, gateway):
        engine.dispose()
    return Size(
        reports=reports,
        rows=counted,
        disk_bytes=disk_bytes,
        loaded_s=loaded_s,
        times=watch.times(),
        updates_in_place=in_place,
        cohorts_recounted=counted["norms"] // 2 if cohorts is None else len(cohorts),
        wrong_rows=wrong,
        norms_as_before=same,
    )


def some_cohorts(subjects: Sequence[Subject]) -> list[str]:
    """Return the widest cohort, and others at random of those that the answers have changed."""
    changed = sorted({cohort.key for subject in subjects for cohort in subject.cohorts} - {"tenant"})
    return ["tenant", *random.Random(1).sample(changed, min(len(changed), RECOUNTED - 1))]  # noqa: S311


def _say(phase: str) -> None:
    typer.echo(f"{datetime.now(UTC):%H:%M:%S} {phase}", err=True)


def hand_in(admin: Engine, count: int, *, people: int) -> list[Subject]:
    """Store new answers; every second one by somebody who has answered before."""
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
    """Store a report's benchmark block, then its scores, as the fusion role does it."""
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
    """Erase an answer's rows as the gateway does last when it is deleted."""
    with tenant_session(gateway, subject.tenant_id) as session:

        def erasure() -> None:
            repository.erase(session, subject.assessment_id)
            session.flush()

        watch.time("erasure", erasure, session=session)


def table(sizes: Sequence[Size]) -> str:
    """Write a line of Markdown for each size and step, what it takes on disk, and whether the norms were
    right.
    """
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
    return "\n".join([*lines, "", *map(facts, sizes), *growth(sizes)])


def facts(size: Size) -> str:
    """Return what else is to be known of a size."""
    return (
        f"{size.reports:,} reports, loaded with the triggers off and counted set at a time: "
        f"{size.cohorts_recounted} of {size.rows['norms'] // 2} cohorts recounted after the updates, "
        f"rows unlike the recount: {size.wrong_rows}; after the erasures all norms as before: "
        f"{'yes' if size.norms_as_before else 'no'}; {size.bytes_per_norm / 1024:.0f} KiB a norm, "
        f"{size.disk_bytes['answer_scores'] / size.reports:.0f} bytes of scores a report; "
        f"{size.updates_in_place:.0%} of the updates touched no index."
    )


def growth(sizes: Sequence[Size]) -> list[str]:
    """Say how times grow from the smallest size to the largest, in processor time at the 95th percentile."""
    if len(sizes) < 2:
        return []
    small, large = sizes[0], sizes[-1]
    factors = [
        f"{name} x{large.times[name].cpu.p95_ms / took.cpu.p95_ms:.2f}" for name, took in small.times.items()
    ]
    factors.append(f"bytes a norm x{large.bytes_per_norm / small.bytes_per_norm:.2f}")
    return [f"From {small.reports:,} to {large.reports:,} reports: {', '.join(factors)}."]


if __name__ == "__main__":
    typer.run(bench)
