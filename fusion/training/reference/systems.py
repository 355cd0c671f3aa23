"""What `candor train fusion --system NAME` measures: experiments that nothing is served from."""

from pathlib import Path

from fusion.training.transfer import read_pictures
from fusion.training.transfer_report import SYSTEM, save
from services.common.media import Progress, no_progress
from services.common.settings import REPOSITORY
from services.training.reference import System, system_named
from services.training.results import RESULTS

KEPT = REPOSITORY / "runs" / "fusion_transfer"
MEL_FILE = KEPT / "mel.npz"
SYSTEMS: dict[str, System[str]] = {
    SYSTEM: System(
        SYSTEM, "a network that has seen faces against one that has not, on voices as pictures", lambda: ()
    )
}


def find_system(name: str) -> System[str]:
    """The experiment of that name.

    Raises:
        services.training.reference.UnknownSystemError: there is none.
    """
    return system_named(name, SYSTEMS, subject="fusion")


def train_system(
    name: str, data: Path, *, seed: int = 0, results: Path = RESULTS, progress: Progress = no_progress
) -> Path:
    """Run an experiment from where it was and write its results.

    Args:
        name: one of `SYSTEMS`.
        data: folder of the corpora; the voices' pictures are read from `MEL_FILE`.
        seed: the first of three.
        results: folder of the results files.
        progress: told the share of the work done.
    """
    system = find_system(name)
    pictures = read_pictures(MEL_FILE, data)
    seeds = tuple(seed + number for number in range(system.n_seeds))
    return save(pictures, seeds=seeds, kept=KEPT, folder=results, progress=progress)
