"""The bench of exports fills what it says, and reports what it saw."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine

from bench.export import Export, table
from bench.export_data import fill


def test_bench_exports_what_it_filled(make_gateway: Callable[..., Any], admin_engine: Engine) -> None:
    gateway = make_gateway()
    fill(admin_engine, 30)
    lines = gateway.client.get("/v1/exports/assessments.jsonl").text.splitlines()
    assert len(lines) == 30
    assert all(len(line) > 40_000 for line in lines)
    assert len(gateway.client.get("/v1/exports/assessments.csv").text.splitlines()) == 31


def test_table_shows_growth_of_memory() -> None:
    mebibyte = 1024 * 1024
    shown = table([Export("csv", 10_000, 2.5, 4 * mebibyte, 100 * mebibyte, 103 * mebibyte)])
    assert shown.splitlines()[-1] == "| csv | 10,000 | 2.5 | 4.0 | 100 | 103 | 3.0 |"
