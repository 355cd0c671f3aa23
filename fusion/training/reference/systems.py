"""What `candor train fusion --system NAME` measures: experiments that nothing is served from."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fusion.training.measure import SUBJECT
from fusion.training.transfer import Pictures, read_pictures
from fusion.training.transfer_report import SYSTEM, rows_of
from services.common.media.files import Progress
from services.training.reference import ReferenceSystems, System
from services.training.results import ResultRow


@dataclass(frozen=True, slots=True)
class _Material:
    """Voices and faces as pictures, and the folder that keeps what was learned from them."""

    pictures: Pictures
    kept: Path


def mel_file(runs: Path) -> Path:
    """Return the place of the voices' pictures among the runs; the audio service draws them."""
    return runs / f"{SUBJECT}_reference" / "mel.npz"


def _measure_line(
    line: str, corpus: _Material, *, system: str, seeds: Sequence[int], progress: Progress
) -> list[ResultRow]:
    """Run the experiment from where it was: one row for each way to learn."""
    del line, system  # there is one experiment, whose rows bear its name
    return rows_of(corpus.pictures, seeds=seeds, kept=corpus.kept, progress=progress)


SYSTEMS = ReferenceSystems(
    subject=SUBJECT,
    systems=(
        System(
            SYSTEM,
            "a network that has seen faces against one that has not, on voices as pictures",
            lambda: (SYSTEM,),
        ),
    ),
    load=lambda data, kept: _Material(read_pictures(kept / "mel.npz", data), kept),
    data_hash=lambda material: material.pictures.digests,
    measure_line=_measure_line,
)
