"""FER2013 with both kinds of labels, and the augmented batches of the residual network."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from services.common.contracts.labels import EMOTIONS
from services.video.features import network_input
from services.video.training.dataset import (
    IMAGE_SIZE_PX,
    FaceImages,
    FloatArray,
    IntArray,
    load_partition,
    warp_randomly,
)
from services.video.training.recipe import ResidualRecipe
from services.video.training.votes import VoteArray, load_votes, soft_targets

BLUR_SIGMA_PX = (0.4, 1.2)


@dataclass(frozen=True, slots=True)
class LabelledFaces:
    """Face crops with both kinds of labels.

    Attributes:
        images: shape `(n, 48, 48)`, uint8 grey.
        labels: shape `(n,)`, index into `EMOTIONS`.
        votes: shape `(n, 10)`, see `load_votes`.
    """

    images: NDArray[np.uint8]
    labels: IntArray
    votes: VoteArray

    def __len__(self) -> int:
        return len(self.images)

    def take(self, rows: IntArray) -> "LabelledFaces":
        return LabelledFaces(self.images[rows], self.labels[rows], self.votes[rows])

    @property
    def faces(self) -> FaceImages:
        """Without the votes."""
        return FaceImages(self.images, self.labels)


def load_labelled(data: Path, partition: str) -> LabelledFaces:
    """Read one partition; raises what `load_partition` and `load_votes` raise."""
    faces = load_partition(data, partition)
    return LabelledFaces(faces.images, faces.labels, load_votes(data, partition))


def smoothed(labels: IntArray, *, smoothing: float) -> FloatArray:
    """Smooth one-hot targets `(n, 7)`: `smoothing` is spread over all labels (Szegedy et al. 2016)."""
    one_hot = np.eye(len(EMOTIONS), dtype=np.float32)[labels]
    return one_hot * np.float32(1 - smoothing) + np.float32(smoothing / len(EMOTIONS))


def disturbed(
    image: NDArray[np.uint8], rng: np.random.Generator, recipe: ResidualRecipe, *, size_px: int
) -> NDArray[np.uint8]:
    """Mirror and move one crop `(48, 48)`, blur some and grey out a square in some.

    Returns:
        Shape `(size_px, size_px)`, uint8.
    """
    moved = warp_randomly(image, rng, recipe.augmentation, size_px=size_px)
    if rng.random() < recipe.blur_share:
        moved = np.asarray(cv2.GaussianBlur(moved, (0, 0), rng.uniform(*BLUR_SIGMA_PX)), dtype=np.uint8)
    if rng.random() < recipe.cut_out_share:
        longest = recipe.cut_out_px * size_px / IMAGE_SIZE_PX
        side = round(rng.uniform(0.4, 1.0) * longest)
        top, left = rng.integers(0, size_px - side, 2)
        moved[top : top + side, left : left + side] = int(moved.mean())
    return moved


def augmented(
    faces: LabelledFaces, rows: IntArray, rng: np.random.Generator, recipe: ResidualRecipe, *, size_px: int
) -> tuple[FloatArray, tuple[FloatArray, FloatArray]]:
    """Augment one training batch.

    Returns:
        Inputs `(n, size_px, size_px, 1)` float32 in 0..1, and soft targets: FER2013 `(n, 7)`, FER+ `(n, 8)`.
        Rows of the latter sum to less than 1 where nobody voted for an emotion.
    """
    inputs = network_input(
        np.stack([disturbed(faces.images[row], rng, recipe, size_px=size_px) for row in rows])
    )
    labels = smoothed(faces.labels[rows], smoothing=recipe.label_smoothing)
    votes = soft_targets(faces.votes[rows])
    other = rng.permutation(len(rows))
    share = rng.beta(recipe.mixup_alpha, recipe.mixup_alpha, (len(rows), 1)).astype(np.float32)

    def mixed(values: FloatArray) -> FloatArray:
        weight = share.reshape(-1, *[1] * (values.ndim - 1))
        return weight * values + (1 - weight) * values[other]

    return mixed(inputs), (mixed(labels), mixed(votes))
