"""What was measured: on which machine, and which commit."""

import os
import platform
import shutil
import subprocess
from pathlib import Path
from typing import Any

from services.common.settings import REPOSITORY


def machine(*, core: int | None = None) -> dict[str, Any]:
    """Return the processor, how many cores there are, and which one was measured; null for any."""
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


def commit() -> str | None:
    """Return the commit of the checkout, with `+` where tracked files differ from it; None outside of one."""
    git = shutil.which("git")
    if git is None or not (REPOSITORY / ".git").exists():
        return None

    def ask(*args: str) -> str:
        done = subprocess.run(  # noqa: S603
            [git, *args], cwd=REPOSITORY, capture_output=True, text=True, check=False
        )
        return done.stdout.strip()

    return ask("rev-parse", "--short=10", "HEAD") + ("+" if ask("status", "--porcelain", "-uno") else "")
