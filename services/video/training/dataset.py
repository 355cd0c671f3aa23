"""FER2013 as arrays, its held-out part, and how a training image is moved."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from services.common.contracts.labels import EMOTIONS

IMAGE_SIZE_PX = 48
PARTITIONS = ("train", "public", "private")
"""FER2013's `Training`, `PublicTest` and `PrivateTest`."""

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class FaceImages:
    """Labelled face crops.

    Attributes:
        images: shape `(n, 48, 48)`, uint8 grey.
        labels: shape `(n,)`, index into `EMOTIONS`.
    """

    images: NDArray[np.uint8]
    labels: IntArray

    def __len__(self) -> int:
        return len(self.images)

    def take(self, rows: IntArray) -> "FaceImages":
        return FaceImages(self.images[rows], self.labels[rows])


def partition_path(data: Path, partition: str) -> Path:
    """Return `data/fer2013/<partition>.npz`, or `data/<partition>.npz` where there is no such folder.

    Raises:
        ValueError: `partition` is not one of FER2013's three.
        FileNotFoundError: neither file exists.
    """
    if partition not in PARTITIONS:
        raise ValueError(f"partition must be one of {', '.join(PARTITIONS)}, got {partition!r}")
    for path in (data / "fer2013" / f"{partition}.npz", data / f"{partition}.npz"):
        if path.is_file():
            return path
    raise FileNotFoundError(f"no fer2013/{partition}.npz and no {partition}.npz in {data}")


def load_partition(data: Path, partition: str) -> FaceImages:
    """Read one partition; its labels are mapped by name, so that the file's own order does not matter.

    Raises:
        ValueError: unknown partition, images that are not `(n, 48, 48)` uint8, or a label that is
            none of the seven emotions.
        FileNotFoundError: see `partition_path`.
    """
    with np.load(partition_path(data, partition), allow_pickle=False) as archive:
        images = archive["images"]
        labels = archive["labels"]
        names = [str(name) for name in archive["label_names"]]
    if images.dtype != np.uint8 or images.shape[1:] != (IMAGE_SIZE_PX, IMAGE_SIZE_PX):
        raise ValueError(f"images must be uint8 (n, 48, 48), got {images.dtype} {images.shape}")
    ours = np.array([[str(emotion) for emotion in EMOTIONS].index(name) for name in names], dtype=np.int64)
    return FaceImages(images, ours[labels])


def held_out_rows(faces: FaceImages, *, share: float, seed: int) -> tuple[IntArray, IntArray]:
    """Split off about `share` of every class; byte-identical images stay on one side.

    FER2013 holds many exact copies; one of them in the held-out part would flatter the temperature
    and the choice of the epoch. It names no persons, so that a split by person is not possible.

    Returns:
        Rows to train on and held-out rows, each ascending.
    """
    digests = [sha256(image.tobytes()).digest() for image in faces.images]
    _, groups = np.unique(np.array(digests), return_inverse=True)
    rng = np.random.default_rng(seed)
    rank = rng.permutation(int(groups.max()) + 1)[groups]
    held_out = np.zeros(len(faces), dtype=bool)
    for label in range(len(EMOTIONS)):
        rows = np.flatnonzero(faces.labels == label)
        held_out[rows[np.argsort(rank[rows], kind="stable")][: round(share * len(rows))]] = True
    chosen = np.zeros(len(rank), dtype=bool)
    chosen[groups[held_out]] = True
    held_out = chosen[groups]
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How far a training image is moved."""

    rotation_deg: float = 12.0
    scale: float = 0.12
    shift_px: float = 4.0


def warp_randomly(
    image: NDArray[np.uint8], rng: np.random.Generator, how: Augmentation, *, size_px: int = IMAGE_SIZE_PX
) -> NDArray[np.uint8]:
    """Mirror, rotate, scale and shift one crop `(48, 48)`, edges replicated.

    Returns:
        Shape `(size_px, size_px)`: the whole moved crop, resampled once.
    """
    centre = (IMAGE_SIZE_PX - 1) / 2
    angle = rng.uniform(-how.rotation_deg, how.rotation_deg)
    matrix = cv2.getRotationMatrix2D((centre, centre), angle, 1 + rng.uniform(-how.scale, how.scale))
    matrix[:, 2] += rng.uniform(-how.shift_px, how.shift_px, 2)
    if rng.random() < 0.5:
        matrix[0] = [-matrix[0, 0], -matrix[0, 1], IMAGE_SIZE_PX - 1 - matrix[0, 2]]
    ratio = size_px / IMAGE_SIZE_PX
    matrix *= ratio
    matrix[:, 2] += (ratio - 1) / 2
    warped = cv2.warpAffine(
        image,
        matrix,
        (size_px, size_px),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(warped, dtype=np.uint8)
