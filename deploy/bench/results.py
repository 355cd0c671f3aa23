"""The results for machines, and what they were measured on."""

import os
import platform
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from deploy.bench.memory import Growth
from deploy.bench.paths import LIMIT, PEER, WHOLE, Measurement
from deploy.bench.timing import Run, Spread, paired_ratio, processor_share, stage_shares, stage_times
from services.common.serving.registry import load_manifest
from services.common.settings import REPOSITORY, CommonSettings

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
    """Everything that was measured, as JSON. Times in processor seconds (`timing`), sizes in bytes."""
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


def machine(*, core: int | None) -> dict[str, Any]:
    """The processor, how many cores there are, and which one was measured."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "measured_on_core": core,
        "load_average": [round(load, 2) for load in os.getloadavg()],
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def versions() -> dict[str, str | None]:
    """Versions of the packages that do the work, None for one that is not installed."""
    return {name: _version(name) for name in PACKAGES}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def model_versions() -> dict[str, int]:
    """Version of every model in the models folder."""
    folder = CommonSettings().models_dir
    return {path.name: load_manifest(folder, path.name).version for path in sorted(folder.iterdir())}


def commit() -> str | None:
    """The commit of the checkout, with `+` where tracked files differ from it; None outside of one."""
    git = shutil.which("git")
    if git is None or not (REPOSITORY / ".git").exists():
        return None

    def ask(*args: str) -> str:
        done = subprocess.run(  # noqa: S603
            [git, *args], cwd=REPOSITORY, capture_output=True, text=True, check=False
        )
        return done.stdout.strip()

    return ask("rev-parse", "--short=10", "HEAD") + ("+" if ask("status", "--porcelain", "-uno") else "")
