"""What an export takes in time and memory, and how that grows: `python -m bench.export`.

A real Postgres, Redis and gateway, each a process of its own; a tenant with generated answers, whose
reports are as long as that of a one-minute video. The resident memory of the gateway is sampled while a
client reads everything. It is flat where ten times the answers take no more.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import httpx
import psutil
import typer
from sqlalchemy import Engine, text

from bench.export_data import fill
from candor.embedded.servers import Postgres, Redis
from candor.embedded.supervisor import running
from gateway.provisioning import create_tenant
from services.common.db.bootstrap import DatabaseUrls, prepare_database
from services.common.db.session import create_engine_for
from services.common.settings import REPOSITORY

SIZES = (1_000, 10_000)
FORMATS = ("csv", "jsonl")
SAMPLE_S = 0.02
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class Export:
    """One export.

    Attributes:
        format: `csv` or `jsonl`.
        answers: lines of data that arrived.
        elapsed_s: until the last of them.
        bytes_read: uncompressed.
        base_bytes: resident memory of the gateway before.
        peak_bytes: the most that was seen meanwhile.
    """

    format: str
    answers: int
    elapsed_s: float
    bytes_read: int
    base_bytes: int
    peak_bytes: int

    @property
    def growth_bytes(self) -> int:
        return self.peak_bytes - self.base_bytes


def bench(
    sizes: Annotated[list[int] | None, typer.Option("--size", help="Answers; several.")] = None,
    results: Annotated[Path | None, typer.Option("--json", help="Also write the results here.")] = None,
) -> None:
    """Export each size in each format from one gateway, and compare what its memory grew by."""
    measured: list[Export] = []
    with servers() as (urls, redis_url, folder):
        engine = create_engine_for(urls.admin, statement_timeout_s=600)
        for size in sorted(sizes or SIZES):
            for form in FORMATS:
                key = create_tenant(engine, f"{size} {form}").key
                fill(engine, size)
                with gateway(urls, redis_url, folder) as (address, process):
                    warm_up(address, key)
                    measured.append(export(address, key, form, process))
                _clear(engine)
        engine.dispose()
    if results is not None:
        results.write_text(json.dumps([asdict(each) for each in measured], indent=2) + "\n")
    typer.echo(table(measured))


@contextmanager
def servers() -> Iterator[tuple[DatabaseUrls, str, Path]]:
    """Run Postgres, migrated, and Redis, in a folder that goes with them."""
    with tempfile.TemporaryDirectory(prefix="candor-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL runs as another user where this one is root
        postgres, redis = Postgres(folder / "data", durable=False), Redis(folder / "redis")
        redis.prepare()
        postgres.prepare()
        for server in (postgres, redis):
            stack.enter_context(running(server.child(log_folder=folder)))
            server.wait_ready(timeout_s=120)
        urls = prepare_database(
            postgres.url(),
            gateway_password="bench",  # noqa: S106
            fusion_password="bench",  # noqa: S106
        )
        yield urls, redis.url(), folder


@contextmanager
def gateway(urls: DatabaseUrls, redis_url: str, folder: Path) -> Iterator[tuple[str, psutil.Process]]:
    """Run a gateway in a fresh process; yield its address, and the process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {
        "GATEWAY_DATABASE_URL": urls.gateway,
        "GATEWAY_PORT": str(port),
        "CANDOR_REDIS_URL": redis_url,
        "CANDOR_STORAGE_URL": f"file://{folder}/objects",
        "CANDOR_LOG_LEVEL": "ERROR",
    }
    with subprocess.Popen(
        [sys.executable, "-m", "gateway.main"], cwd=REPOSITORY, env=os.environ | settings
    ) as child:
        address = f"http://127.0.0.1:{port}"
        try:
            _wait(address)
            yield address, psutil.Process(child.pid)
        finally:
            child.terminate()


def _wait(address: str, *, within_s: float = 120.0) -> None:
    deadline = time.monotonic() + within_s
    while True:
        try:
            httpx.get(f"{address}/livez").raise_for_status()
            return
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def warm_up(address: str, key: str) -> None:
    """Read a first page of each, so that neither imports nor caches count."""
    headers = {"Authorization": f"Bearer {key}"}
    for path in ("/v1/exports/assessments.csv", "/v1/exports/assessments.jsonl"):
        query = {"candidate": "person-1"}
        httpx.get(f"{address}{path}", params=query, headers=headers, timeout=60).raise_for_status()
    query = {"expand": "report", "limit": "20"}
    httpx.get(f"{address}/v1/assessments", params=query, headers=headers, timeout=60).raise_for_status()


def export(address: str, key: str, form: str, process: psutil.Process) -> Export:
    """Read a whole export, and watch the gateway's memory."""
    base, peak, stop = process.memory_info().rss, 0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not stop.wait(SAMPLE_S):
            peak = max(peak, process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    began, size, lines = time.perf_counter(), 0, 0
    try:
        with httpx.stream(
            "GET",
            f"{address}/v1/exports/assessments.{form}",
            headers={"Authorization": f"Bearer {key}", "Accept-Encoding": "identity"},
            timeout=120,
        ) as answer:
            answer.raise_for_status()
            for chunk in answer.iter_bytes():
                size += len(chunk)
                lines += chunk.count(b"\n")
    finally:
        stop.set()
        watcher.join()
    return Export(
        format=form,
        answers=lines - (form == "csv"),
        elapsed_s=time.perf_counter() - began,
        bytes_read=size,
        base_bytes=base,
        peak_bytes=max(peak, base),
    )


def _clear(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE candidates, reports, modality_results, events CASCADE"))


def table(exports: Sequence[Export]) -> str:
    """Write a line of Markdown for each export."""
    lines = [
        "| format | answers | s | MiB sent | gateway before, MiB | at its peak, MiB | growth, MiB |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {each.format} | {each.answers:,} | {each.elapsed_s:.1f} | {each.bytes_read / MEBIBYTE:.1f}"
        f" | {each.base_bytes / MEBIBYTE:.0f} | {each.peak_bytes / MEBIBYTE:.0f}"
        f" | {each.growth_bytes / MEBIBYTE:.1f} |"
        for each in sorted(exports, key=lambda each: (each.format, each.answers))
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    typer.run(bench)
