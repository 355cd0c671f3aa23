"""What the rebuilt systems are measured on: RAVDESS, two protocols, and features kept between runs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold, StratifiedShuffleSplit

from services.audio.training.dataset import RAVDESS_LABELS, TRAINING_ACTORS, Clip, find_clips
from services.audio.training.reference.descriptors import FRONT_ENDS, VERSION, FloatArray, read_stretch
from services.training.artifacts import data_hash
from services.training.reference import keep_array
from services.training.splits import Indices, group_folds

N_FOLDS = 5
INNER_FOLDS = 3
LEAKY_TEST_SHARE = 0.2

Split = tuple[Indices, Indices]


@dataclass(frozen=True, slots=True)
class Recordings:
    """RAVDESS speech of actors 01 to 20.

    Attributes:
        clips: one per row, sorted by name.
        digest: of their names and contents.
        cache: folder for what is kept between runs on the same data.
    """

    clips: list[Clip]
    digest: str
    cache: Path

    @property
    def labels(self) -> NDArray[np.str_]:
        """The corpus's own label of each clip, shape `(n,)`."""
        return np.array([clip.source_label for clip in self.clips])

    @property
    def people(self) -> NDArray[np.str_]:
        """The actor of each clip, shape `(n,)`."""
        return np.array([clip.speaker for clip in self.clips])

    def features(self, front_end: str) -> FloatArray:
        """Return one of `FRONT_ENDS` for every clip, shape `(n, …)`; computed once and kept."""
        path = self.cache / f"{front_end}-{VERSION}.npy"
        if not path.exists():
            found = np.stack([FRONT_ENDS[front_end](read_stretch(clip.path)) for clip in self.clips])
            keep_array(path, found)
        stored: FloatArray = np.load(path)
        return stored


def load_recordings(data: Path, *, runs: Path) -> Recordings:
    """Load the clips that may be trained on; what is computed from them is kept in a folder of `runs`.

    Raises:
        FileNotFoundError: there is no RAVDESS in `data`.
    """
    clips = [clip for clip in find_clips(data, "ravdess")[0] if int(clip.speaker) in TRAINING_ACTORS]
    digest = data_hash(clip.path for clip in clips)
    return Recordings(clips, digest, runs / digest[:12])


@dataclass(frozen=True, slots=True)
class Protocol:
    """How systems are measured.

    Attributes:
        name: short, for file names.
        title: as the results table says it; what stands before the first comma heads the columns.
        classes: the labels that take part; clips of others are left out.
        splits: rows to fit on and to test on, given labels, people and a seed.
        inner: the same, inside the rows that are fitted on, for choosing hyper-parameters.
    """

    name: str
    title: str
    classes: tuple[str, ...]
    splits: Callable[[NDArray[np.int64], NDArray[np.str_], int], list[Split]]
    inner: Callable[[NDArray[np.int64], NDArray[np.str_], int], list[Split]]


def _actor_folds(n_folds: int) -> Callable[[NDArray[np.int64], NDArray[np.str_], int], list[Split]]:
    return lambda _, people, seed: group_folds(people, n_folds, seed)


def _leaky_split(truth: NDArray[np.int64], _: NDArray[np.str_], seed: int) -> list[Split]:
    split = StratifiedShuffleSplit(n_splits=1, test_size=LEAKY_TEST_SHARE, random_state=seed)
    return [next(split.split(truth, truth))]


def _leaky_folds(truth: NDArray[np.int64], _: NDArray[np.str_], seed: int) -> list[Split]:
    folds = StratifiedKFold(INNER_FOLDS, shuffle=True, random_state=seed)
    return list(folds.split(truth, truth))


BY_ACTOR = Protocol(
    "by-actor",
    "folds by actor, 5 folds of 4 actors, 8 classes",
    RAVDESS_LABELS,
    _actor_folds(N_FOLDS),
    _actor_folds(INNER_FOLDS),
)
LEAKY = Protocol(
    "leaky",
    "leaky random split, 80/20 by clip and stratified by class, same actors and sentences on both sides, "
    "7 classes (neutral left out, calm kept)",
    tuple(label for label in RAVDESS_LABELS if label != "neutral"),
    _leaky_split,
    _leaky_folds,
)
PROTOCOLS: Sequence[Protocol] = (BY_ACTOR, LEAKY)
