"""What the rebuilt systems learn from and are asked: one draw of FER2013, and features kept between runs."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from services.common.contracts.labels import EMOTIONS
from services.training.artifacts import data_hash
from services.training.reference import keep_array
from services.training.results import REFERENCE
from services.video.training.batches import LabelledFaces, load_labelled
from services.video.training.dataset import FloatArray, IntArray, partition_path
from services.video.training.reference.descriptors import FRONT_ENDS, VERSION, Images
from services.video.training.votes import FERPLUS_LABELS, NO_MAJORITY, majorities

N_FIT = 4000
"""Images that every system is fitted on: what two shared cores can pay for all of them."""
DRAW_SEED = 0
PART = 500
"""Images whose features are kept together while the others are still computed."""


@dataclass(frozen=True, slots=True)
class FaceCorpus:
    """The draw of `train`, and `public`.

    Attributes:
        fit: drawn from `train`, stratified by label, without exact copies of images in `test`.
        test: all of `public`.
        data: folder of the corpora.
        digest: of both partitions.
        cache: folder for what is kept between runs on the same draw.
    """

    fit: LabelledFaces
    test: LabelledFaces
    data: Path
    digest: str
    cache: Path

    def features(self, front_end: str) -> tuple[FloatArray, FloatArray]:
        """Return one of `FRONT_ENDS` for the images to fit on and those to test on; computed once and kept.

        Returns:
            Shapes `(len(fit), d)` and `(len(test), d)`; rows of NaN where an image gave nothing.
        """
        path = self.cache / f"{front_end}-{VERSION}.npy"
        if not path.exists():
            images = np.concatenate([self.fit.images, self.test.images])
            starts = range(0, len(images), PART)
            parts = [self._part(front_end, images[start : start + PART], start) for start in starts]
            keep_array(path, np.concatenate(parts))
        stored: FloatArray = np.load(path)
        return stored[: len(self.fit)], stored[len(self.fit) :]

    def unfinished(self, key: str) -> Path:
        """Return where a network that is being trained is kept from epoch to epoch."""
        folder = self.cache / "unfinished" / key
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def network(self, key: str) -> Path:
        """Return where a trained network is kept that another run needs."""
        folder = self.cache / "networks"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{key}.keras"

    def _part(self, front_end: str, images: Images, start: int) -> FloatArray:
        """Return features of some of the images, kept too, so that a run that was stopped loses little."""
        path = self.cache / "parts" / f"{front_end}-{VERSION}-{start}.npy"
        if not path.exists():
            keep_array(path, FRONT_ENDS[front_end](images))
        stored: FloatArray = np.load(path)
        return stored


@dataclass(frozen=True, slots=True)
class Exam:
    """Which of the tested images count, and what is right.

    Attributes:
        title: as the results table says it; what stands before the first comma heads the columns.
        classes: names of the labels.
        group: the table that its rows belong to.
        labels: of images, index into `classes`, negative where an image has none and does not count.
    """

    title: str
    classes: tuple[str, ...]
    group: str
    labels: Callable[[LabelledFaces], IntArray]


FER = Exam(
    title="FER2013 public, seven emotions, labels as published",
    classes=tuple(str(emotion) for emotion in EMOTIONS),
    group=REFERENCE,
    labels=lambda faces: faces.labels,
)
FERPLUS = Exam(
    title="FER+ public, eight emotions, majority of ten annotators",
    classes=FERPLUS_LABELS,
    group="Transfer from FER2013's labels to FER+'s",
    labels=lambda faces: majorities(faces.votes),
)
assert NO_MAJORITY < 0, "an exam leaves negative labels out"


def load_faces(data: Path, *, runs: Path, n_fit: int = N_FIT) -> FaceCorpus:
    """Draw the images to fit on; what is computed from them is kept in a folder of `runs`.

    Args:
        data: folder of the corpora.
        runs: where features and predictions are kept.
        n_fit: images to draw; all there are where there are fewer.

    Raises:
        FileNotFoundError: there is no FER2013 in `data`.
        ValueError: its files do not hold what they should.
    """
    train, test = load_labelled(data, "train"), load_labelled(data, "public")
    digest = data_hash([partition_path(data, "train"), partition_path(data, "public")])
    known = {image.tobytes() for image in test.images}
    new = np.flatnonzero([image.tobytes() not in known for image in train.images])
    rows = new
    if n_fit < len(new):
        rows, _ = train_test_split(new, train_size=n_fit, stratify=train.labels[new], random_state=DRAW_SEED)
    return FaceCorpus(train.take(np.sort(rows)), test, data, digest, runs / f"{digest[:12]}-{len(rows)}")


def inner_split(labels: IntArray, *, share: float, seed: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return rows to fit on and rows to choose by, stratified by label."""
    fit, chosen_by = train_test_split(
        np.arange(len(labels)), test_size=share, stratify=labels, random_state=seed
    )
    return fit, chosen_by
