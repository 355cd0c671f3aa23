"""The front ends of the systems without a network: histograms of oriented gradients, and landmarks.

Nothing here is fitted; scaling and filling of gaps belong to the fit.
"""

from collections.abc import Callable
from itertools import product
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from services.video.landmarks import LANDMARKS, LEFT_EYE_OUTER, RIGHT_EYE_OUTER
from services.video.settings import VideoSettings
from services.video.training.dataset import IMAGE_SIZE_PX, FloatArray
from services.video.training.geometry import mesher_of_images

Images = NDArray[np.uint8]

ORIENTATIONS = 8
CELL_PX = 16
WINDOW_PX = 24
WINDOW_STEP_PX = 6
WINDOW_CELL_PX = 8
VERSION = 1
"""Part of the key of cached features: to be raised with every change here."""


def hog_of(images: Images, *, cell_px: int = CELL_PX) -> FloatArray:
    """Return histograms of oriented gradients (Dalal & Triggs 2005), every cell normalised by itself.

    Args:
        images: shape `(n, size, size)`, grey; the size a multiple of `cell_px`.
        cell_px: side of a cell.

    Returns:
        Shape `(n, cells · ORIENTATIONS)`, unsigned orientations, each cell of L2 norm 1 clipped at 0.2.
    """
    size = images.shape[1]
    cell = (cell_px, cell_px)
    describe = cv2.HOGDescriptor((size, size), cell, cell, cell, ORIENTATIONS)
    return np.stack([describe.compute(np.ascontiguousarray(image)) for image in images]).astype(np.float32)


def sliding_hog_of(images: Images) -> FloatArray:
    """Return HOG of every window of `WINDOW_PX` that lies `WINDOW_STEP_PX` beside the one before.

    Returns:
        Shape `(n, windows · cells · ORIENTATIONS)`: 25 windows of nine cells of eight.
    """
    starts = range(0, IMAGE_SIZE_PX - WINDOW_PX + 1, WINDOW_STEP_PX)
    parts = [
        hog_of(images[:, top : top + WINDOW_PX, left : left + WINDOW_PX], cell_px=WINDOW_CELL_PX)
        for top, left in product(starts, starts)
    ]
    return np.concatenate(parts, axis=1)


def landmarks_of(images: Images) -> FloatArray:
    """Return shapes of the faces, by our own FaceMesh.

    Returns:
        Shape `(n, 936)`: see `shape_of`; a row of NaN where no face was found.
    """
    find = mesher_of_images(VideoSettings())
    shapes = np.full((len(images), 2 * LANDMARKS), np.nan, np.float32)
    for row, image in enumerate(images):
        mesh = find(image)
        if mesh is not None:
            shapes[row] = shape_of(mesh.points[:, :2])
    return shapes


def shape_of(points: FloatArray) -> FloatArray:
    """Return landmarks without place, size and roll: centred, of unit root mean square, the eyes level.

    Args:
        points: shape `(468, 2)`, any unit with square pixels.

    Returns:
        Shape `(936,)`: x and y of one landmark after the other.
    """
    centred = points - points.mean(axis=0)
    eyes = centred[LEFT_EYE_OUTER] - centred[RIGHT_EYE_OUTER]
    roll = np.arctan2(eyes[1], eyes[0])
    turn = np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
    upright = centred @ turn / np.sqrt((centred**2).sum(axis=1).mean())
    return cast(FloatArray, upright.astype(np.float32).ravel())


def pixels_of(images: Images) -> FloatArray:
    """Return grey values, shape `(n, 2304)`, 0..1."""
    return images.reshape(len(images), -1).astype(np.float32) / np.float32(255.0)


def standardised_images(images: Images) -> FloatArray:
    """Return what networks see: shape `(n, size, size, 1)`, every image of zero mean and unit variance."""
    values = images.astype(np.float32)[..., np.newaxis]
    deviation = values.std(axis=(1, 2), keepdims=True) + np.float32(1.0)
    return cast(FloatArray, (values - values.mean(axis=(1, 2), keepdims=True)) / deviation)


FRONT_ENDS: dict[str, Callable[[Images], FloatArray]] = {
    "hog": hog_of,
    "sliding_hog": sliding_hog_of,
    "landmarks": landmarks_of,
    "pixels": pixels_of,
}
