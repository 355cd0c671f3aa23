"""RAVDESS and EMO-DB as labelled windows, under every condition that training and measuring need."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.audio.training.classifier import Labelled
from services.audio.training.conditions import CONDITIONS, SECOND_VOICE
from services.audio.training.dataset import RAVDESS_LABELS, TRAINING_ACTORS, Clip, find_clips
from services.audio.training.embeddings import AUGMENTED, windows_of
from services.common.media.files import Progress, ignore_progress
from services.common.serving.predictor import Predictor
from services.training.artifacts import data_hash

CLEAN = "clean"
EMODB_LABELS = ("angry", "disgust", "fear", "happy", "sad", "neutral", "boredom")
COPIES = 3
"""Augmented copies of every training clip."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """One corpus.

    Attributes:
        clips: its recordings.
        labels: index into the corpus's own classes, shape `(clips,)`.
        classes: names of those.
        people: who speaks, unique over corpora, shape `(clips,)`.
        conditions: windows of all clips, by condition.
        digest: SHA-256 of the recordings.
    """

    clips: list[Clip]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    people: NDArray[np.str_]
    conditions: dict[str, Labelled]
    digest: str

    @property
    def clean(self) -> Labelled:
        return self.conditions[CLEAN]

    @property
    def copies(self) -> list[Labelled]:
        """The augmented copies."""
        return [self.conditions[name] for name in augmented_names()]

    def under(self, classes: tuple[str, ...], *, merge: dict[str, str] | None = None) -> "Corpus":
        """Return the clips whose label is one of `classes`, with labels that index those.

        Args:
            classes: the new classes.
            merge: names to replace first, `calm` by `neutral` for one.
        """
        names = [(merge or {}).get(clip.source_label, clip.source_label) for clip in self.clips]
        labels = np.array([classes.index(name) if name in classes else -1 for name in names])
        keep = np.flatnonzero(labels >= 0)
        conditions = {
            name: Labelled(part.windows.of(keep), labels, self.people)
            for name, part in self.conditions.items()
        }
        return Corpus(self.clips, labels, classes, self.people, conditions, self.digest)

    @property
    def usable(self) -> NDArray[np.intp]:
        """Clips that have a label."""
        return np.flatnonzero(self.labels >= 0)


def augmented_names() -> list[str]:
    """List the names of the conditions of the augmented copies."""
    return [f"{AUGMENTED}-{number}" for number in range(COPIES)]


def load(
    data: Path,
    name: str,
    *,
    predictor: Predictor,
    degraded: bool,
    cache: Path,
    progress: Progress = ignore_progress,
) -> Corpus:
    """Load a corpus with its augmented copies and, if asked for, under every named condition.

    Args:
        data: folder of the corpora.
        name: `ravdess` or `emodb`.
        predictor: answers for the model `voice_encoder`.
        degraded: also noise, telephone, codec and excerpts.
        cache: folder of the embeddings that were made before.
        progress: told the share of the work done.
    """
    clips, _ = find_clips(data, name, every_label=True)
    if name == "ravdess":
        clips = [clip for clip in clips if int(clip.speaker) in TRAINING_ACTORS]
    classes = RAVDESS_LABELS if name == "ravdess" else EMODB_LABELS
    labels = np.array([classes.index(clip.source_label) for clip in clips], np.int64)
    people = np.array([f"{name}-{clip.speaker}" for clip in clips])
    names = [CLEAN, *augmented_names(), *([*CONDITIONS, SECOND_VOICE] if degraded else [])]
    conditions = {}
    for number, condition in enumerate(dict.fromkeys(names)):
        base = number / len(names)
        windows = windows_of(
            clips,
            condition=condition,
            predictor=predictor,
            cache=cache,
            progress=lambda share, base=base: progress(base + share / len(names)),  # type: ignore[misc]
        )
        conditions[condition] = Labelled(windows, labels, people)
    return Corpus(clips, labels, classes, people, conditions, data_hash(clip.path for clip in clips))


def load_both(
    data: Path, *, predictor: Predictor, degraded: bool, cache: Path, progress: Progress = ignore_progress
) -> tuple[Corpus, Corpus]:
    """Load RAVDESS, and EMO-DB, which helps to train, both with their augmented copies.

    Args:
        data: folder of the corpora.
        predictor: answers for the model `voice_encoder`.
        degraded: RAVDESS also under noise, telephone, codec and excerpts.
        cache: folder of the embeddings that were made before.
        progress: told the share of RAVDESS that is done.

    Raises:
        FileNotFoundError: a corpus is not in that folder.
    """
    ravdess = load(data, "ravdess", predictor=predictor, degraded=degraded, cache=cache, progress=progress)
    return ravdess, load(data, "emodb", predictor=predictor, degraded=False, cache=cache)
