"""Peak memory of one analysis in a process of its own: `python -m bench.memory MODALITY FILE`."""

import json
import os
import resource
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from services.common.contracts.labels import Modality
from services.common.settings import REPOSITORY

TIMEOUT_S = 600.0


@dataclass(frozen=True, slots=True)
class Footprint:
    """What a fresh process needed for one file.

    Attributes:
        base_bytes: peak resident memory with everything imported, before the file was opened.
        peak_bytes: at the end.
        elapsed_s: of the analysis, on a machine that measured another file at the same time.
    """

    base_bytes: int
    peak_bytes: int
    elapsed_s: float


@dataclass(frozen=True, slots=True)
class Growth:
    """Recordings of one kind, of growing length.

    Attributes:
        modality: which analysis.
        durations_s: of the recordings, growing, at least two.
        footprints: of each.
    """

    modality: Modality
    durations_s: tuple[float, ...]
    footprints: tuple[Footprint, ...]

    @property
    def extra_bytes_per_s(self) -> float:
        """What a further second adds to the peak, from the last recording but one to the last.

        The first ones do not count: until every buffer and batch was full once, memory still grows.
        """
        extra_bytes = self.footprints[-1].peak_bytes - self.footprints[-2].peak_bytes
        return extra_bytes / (self.durations_s[-1] - self.durations_s[-2])


def footprints(files: list[tuple[Modality, Path]], *, cores: list[int]) -> list[Footprint]:
    """Analyse each file in a fresh process, one at a time on each core; the order is kept."""
    with ThreadPoolExecutor(max(1, len(cores))) as pool:
        return list(pool.map(lambda file: _footprint(*file, cores=cores), files))


def _footprint(modality: Modality, path: Path, *, cores: list[int]) -> Footprint:
    command = [sys.executable, "-m", "bench.memory", str(modality), str(path), *map(str, cores)]
    done = subprocess.run(  # noqa: S603
        command, cwd=REPOSITORY, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"the analysis of {path.name} failed: {done.stderr[-500:]}")
    return Footprint(**json.loads(done.stdout.splitlines()[-1]))


def peak_resident_bytes() -> int:
    """Return the largest resident memory of this process so far.

    On Linux this is VmHWM and not `ru_maxrss`, which a process inherits from the one that started it.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main(modality: Modality, path: Path, cores: list[int]) -> None:
    """Analyse, and write the footprint to stdout."""
    if cores and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)
    from bench.paths import analysis_of

    analyze = analysis_of(modality, path)
    base_bytes = peak_resident_bytes()
    began = time.monotonic()
    analyze()
    elapsed_s = time.monotonic() - began
    footprint = Footprint(base_bytes, peak_resident_bytes(), round(elapsed_s, 2))
    sys.stdout.write(json.dumps(asdict(footprint)) + "\n")


if __name__ == "__main__":
    main(Modality(sys.argv[1]), Path(sys.argv[2]), [int(core) for core in sys.argv[3:]])
