"""Voice and action units of the same RAVDESS clips, actors 01 to 20.

The voice comes as a file of held-out probabilities (`services.audio.training.held_out` says what is in
it): fusion imports no service. The action units are OpenFace's means over the clip's video.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.training.artifacts import data_hash

UNITS_FILE = Path("ravdess_action_units") / "action_units.csv"
VOICE_HELP = "write it with `candor train fusion`, which lets the voice model score RAVDESS first"

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Clips that have both channels; n clips, k classes, s seeds, F folds, C conditions of the voice.

    Attributes:
        people: actor of each clip, shape `(n,)`.
        labels: index into `classes`, shape `(n,)`.
        classes: the corpus's own classes.
        groups: place of each class among the product's labels, shape `(k,)`.
        seeds: of the folds.
        fold: which outer fold tests a clip, shape `(s, n)`.
        conditions: names of what the voice went through; the first is the clean one.
        snr_db: their signal-to-noise ratio, shape `(C,)`.
        voice: held-out probabilities, shape `(s, F, C, 2, n, k)`; fourth axis: person unknown, known.
        embeddings: mean window of the voice of each clip, shape `(C, n, d)`, float32.
        copies: likewise of augmented copies, for training only, shape `(c, n, d)`.
        speech_share: speech in each clean clip, 0..1, shape `(n,)`.
        units: action units, shape `(n, u)`.
        unit_names: their names.
        digests: corpus to SHA-256.
    """

    people: NDArray[np.str_]
    labels: Ints
    classes: tuple[str, ...]
    groups: Ints
    seeds: tuple[int, ...]
    fold: Ints
    conditions: tuple[str, ...]
    snr_db: Floats
    voice: NDArray[np.float32]
    embeddings: NDArray[np.float32]
    copies: NDArray[np.float32]
    speech_share: Floats
    units: Floats
    unit_names: tuple[str, ...]
    digests: dict[str, str]

    @property
    def n_folds(self) -> int:
        return int(self.fold.max()) + 1

    def split(self, row: int, fold: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return clips to learn from and clips to be scored on, for a row of `seeds` and an outer fold."""
        tested = self.fold[row] == fold
        return np.flatnonzero(~tested), np.flatnonzero(tested)


def read_pairs(voice: Path, data: Path) -> Pairs:
    """Join the voice file with the action units; clips that lack either are left out.

    Args:
        voice: the file of held-out voice scores.
        data: folder of the corpora.

    Raises:
        FileNotFoundError: a file is missing.
    """
    table = data / UNITS_FILE
    if not table.is_file():
        raise FileNotFoundError(f"no action units in {table}")
    if not voice.is_file():
        raise FileNotFoundError(f"no voice scores in {voice}; {VOICE_HELP}")
    names, units = read_units(table)
    with np.load(voice) as stored:
        both = [place for place, clip in enumerate(stored["clips"].tolist()) if clip in units]
        clips = stored["clips"][both].tolist()
        return Pairs(
            people=stored["people"][both],
            labels=stored["labels"][both],
            classes=tuple(stored["classes"].tolist()),
            groups=stored["groups"],
            seeds=tuple(stored["seeds"].tolist()),
            fold=stored["fold"][:, both],
            conditions=tuple(stored["conditions"].tolist()),
            snr_db=stored["snr_db"],
            voice=stored["probabilities"][:, :, :, :, both],
            embeddings=stored["embeddings"][:, both],
            copies=stored["copies"][:, both],
            speech_share=stored["speech_share"][both],
            units=np.array([units[clip] for clip in clips]),
            unit_names=names,
            digests={"ravdess": str(stored["digest"]), "ravdess_action_units": data_hash([table])},
        )


def read_units(table: Path) -> tuple[tuple[str, ...], dict[str, list[float]]]:
    """Return names of the units, and their values by clip; the field of the modality is cut off the clip's
    name.
    """
    with table.open(newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        names = tuple(next(rows)[1:])
        return names, {row[0].split("-", 1)[1]: [float(value) for value in row[1:]] for row in rows}


def by_own_clips(values: Floats, people: NDArray[np.str_], *, floor: float = 1e-2) -> Floats:
    """Return each row minus mean, over deviation, of the *other* rows of the same person; shape kept.

    Args:
        values: shape `(n, d)`.
        people: who each row is of, shape `(n,)`; everybody has at least three rows.
        floor: least deviation that is divided by.
    """
    out = np.empty_like(values, dtype=np.float64)
    for person in np.unique(people):
        mine = people == person
        own = values[mine].astype(np.float64)
        others = len(own) - 1
        mean = (own.sum(axis=0) - own) / others
        variance = ((own**2).sum(axis=0) - own**2) / others - mean**2
        out[mine] = (own - mean) / np.sqrt(np.maximum(variance, floor**2))
    return out
