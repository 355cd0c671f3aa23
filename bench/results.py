"""The results for machines, and what they were measured on."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from bench.machine import commit, machine
from bench.memory import Growth
from bench.paths import LIMIT, PEER, WHOLE, Measurement
from bench.timing import Run, Spread, paired_ratio, processor_share, stage_shares, stage_times
from services.common.serving.registry import load_manifest
from services.common.settings import CommonSettings

PACKAGES = (
    "av",
    "numpy",
    "ai-edge-litert",
    "opencv-python-headless",
    "onnxruntime",
    "librosa",
    "faster-whisper",
    "ctranslate2",
)


def document(
    measurements: Sequence[Measurement],
    growths: Sequence[Growth],
    skipped: Sequence[str],
    *,
    core: int | None,
) -> dict[str, Any]:
    """Return everything that was measured, as JSON. Times in processor seconds (`timing`), sizes in bytes."""
    return {
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "machine": machine(core=core),
        "versions": versions(),
        "models": model_versions(),
        "processor_share": round(processor_share([r for m in measurements for r in m.runs[WHOLE]]), 3)
        if measurements
        else None,
        "times": [_times(measurement) for measurement in measurements],
        "memory": [asdict(growth) | {"extra_bytes_per_s": growth.extra_bytes_per_s} for growth in growths],
        "skipped": list(skipped),
    }


def _times(it: Measurement) -> dict[str, Any]:
    whole = it.runs[WHOLE]
    costs = {name: [run.cpu_s for run in runs] for name, runs in it.runs.items()}
    against = {name: paired_ratio(costs[WHOLE], costs[name]) for name in (LIMIT, PEER) if name in costs}
    shares = stage_shares(whole)
    return {
        "title": it.title,
        "modality": it.modality,
        "limit": it.limit,
        "peer": it.peer,
        "duration_s": it.duration_s,
        "units": it.units,
        "unit": it.unit or "samples",
        "real_time_factor": Spread.of(costs[WHOLE]).median / it.duration_s if it.duration_s else None,
        "whole_over": {name: asdict(values) for name, values in against.items()},
        "stages": {
            name: asdict(times_s) | {"share": shares[name]} for name, times_s in stage_times(whole).items()
        },
        "runs": {name: [_run(run) for run in runs] for name, runs in it.runs.items()},
    }


def _run(run: Run) -> dict[str, Any]:
    return {"cpu_s": run.cpu_s, "wall_s": run.wall_s, "stages_s": dict(run.stages)}


def versions() -> dict[str, str | None]:
    """Return versions of the packages that do the work, None for one that is not installed."""
    return {name: _version(name) for name in PACKAGES}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def model_versions() -> dict[str, int]:
    """Return the version of every model in the models folder."""
    folder = CommonSettings().models_dir
    return {path.name: load_manifest(folder, path.name).version for path in sorted(folder.iterdir())}
