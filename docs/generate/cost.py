"""What each path costs, from the results files of `bench/`."""

import json
from collections.abc import Iterable, Mapping
from statistics import median
from typing import Any

from services.common.settings import REPOSITORY

BENCH = REPOSITORY / "bench"
MEBIBYTE = 1024 * 1024
KIBIBYTE = 1024
SUBJECTS = {"video": "face", "audio": "voice", "text": "words"}
STEPS = {
    "benchmark block": "benchmark block of a report, 13 scores in 4 cohorts (target: under 10)",
    "update": "counting an answer into the norms (target: under 5)",
    "commit": "commit, which waits for the disk",
    "erasure": "erasure",
}


def _read(name: str) -> Any:
    return json.loads((BENCH / name).read_text(encoding="utf-8"))


def _table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    heads = list(columns)
    lines = [heads, ["---", *["--:"] * (len(heads) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _digits(value: float) -> str:
    """Return a positive number with about three digits: `0.94`, `7.75`, `121`."""
    return f"{value:.{max(0, 3 - len(str(int(value))))}f}" if value >= 1 else f"{value:.2f}"


def _seconds(value: float) -> str:
    return f"{_digits(value)} s" if value >= 1 else f"{value * 1000:.0f} ms"


def cost_table() -> str:
    """Return the processor time of each analysis on one core, beside its limit and its peer."""
    rows = []
    for measured in _read("results.json")["times"]:
        stages = measured["stages"]
        largest = max(stages, key=lambda name: stages[name]["share"])
        rows.append(
            [
                _title(measured),
                _seconds(median(run["cpu_s"] for run in measured["runs"]["whole"])),
                "–"
                if measured["real_time_factor"] is None
                else f"{_digits(1 / measured['real_time_factor'])} × faster",
                f"{measured['limit']}: {_digits(measured['whole_over']['limit']['median'])} ×",
                _peer(measured),
                f"{largest} {stages[largest]['share'] * 100:.0f} %",
            ]
        )
    return _table(("path, one core", "whole", "than real time", "limit", "peer", "largest share"), rows)


def _title(measured: Mapping[str, Any]) -> str:
    if measured["duration_s"] is not None:
        return f"{measured['title']}, {measured['duration_s']:g} s"
    return f"{measured['title']}, {measured['units']} {measured['unit']}"


def _peer(measured: Mapping[str, Any]) -> str:
    if measured["peer"] is None:
        return "–"
    return f"{measured['peer']}: {_digits(measured['whole_over']['peer']['median'])} ×"


def memory_table() -> str:
    """Return the peak memory of fresh processes on recordings of growing length."""
    rows = [
        [
            SUBJECTS[growth["modality"]],
            *[", ".join(f"{_digits(seconds)} s" for seconds in growth["durations_s"])],
            ", ".join(f"{print_['peak_bytes'] / MEBIBYTE:.0f} MiB" for print_ in growth["footprints"]),
        ]
        for growth in _read("results.json")["memory"]
    ]
    return _table(("path", "recordings of", "peak memory"), rows)


def bench_origin() -> str:
    """Return one sentence on machine, commit and date of the measurement of all paths."""
    written = _read("results.json")
    machine = written["machine"]
    return (
        f"Measured {written['made_at'][:10]} at commit `{written['commit']}`, on one of {machine['cores']} "
        f"cores of an {machine['processor']}, with Python {machine['python']}."
    )


def cohorts_table() -> str:
    """Return what percentiles cost with ten thousand to a million reports, in milliseconds."""
    sizes = _read("cohorts.json")["sizes"]
    rows = [[text, *[_times(size["times"][step]) for size in sizes]] for step, text in STEPS.items()]
    rows.append(
        ["a norm on disk, with indexes, KiB", *[f"{size['bytes_per_norm'] / KIBIBYTE:.0f}" for size in sizes]]
    )
    rows.append(
        [
            "scores of a report on disk, with indexes, KiB",
            *[f"{size['disk_bytes']['answer_scores'] / size['reports'] / KIBIBYTE:.1f}" for size in sizes],
        ]
    )
    rows.append(["rows that a recount found wrong", *[str(size["wrong_rows"]) for size in sizes]])
    heads = ["step, ms: processor median / p95 · clock median / p95"]
    return _table([*heads, *[f"{size['reports']:,} reports" for size in sizes]], rows)


def _times(step: Mapping[str, Mapping[str, float]]) -> str:
    return " · ".join(
        f"{step[clock]['median_ms']:.2f} / {step[clock]['p95_ms']:.2f}" for clock in ("cpu", "clock")
    )


def exports_table() -> str:
    """Return how much the gateway grows by while it exports."""
    rows = [
        [
            f"{export['answers']:,} answers as {export['format'].upper()}",
            f"{export['bytes_read'] / MEBIBYTE:.1f} MiB",
            f"{(export['peak_bytes'] - export['base_bytes']) / MEBIBYTE:.1f} MiB",
        ]
        for export in _read("export.json")
    ]
    return _table(("export", "sent", "the gateway grew by"), rows)
