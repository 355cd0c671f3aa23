"""Named regions of a face crop, with borders from the landmarks. Pure."""

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from services.common.contracts.face import FaceRegion
from services.video.features import CROP_SIZE_PX, FloatArray, crop_region
from services.video.landmarks import FaceMesh

REGIONS = tuple(FaceRegion)
LANDMARKS: Mapping[FaceRegion, tuple[int, ...]] = {
    FaceRegion.BROWS: (
        *(70, 63, 105, 66, 107, 55, 65, 52, 53, 46),
        *(300, 293, 334, 296, 336, 285, 295, 282, 283, 276),
        *(8, 9),
    ),
    FaceRegion.EYES: (
        *(33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246),
        *(263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466),
    ),
    FaceRegion.NOSE: (6, 197, 195, 5, 4, 1, 19, 94, 2, 98, 97, 326, 327, 48, 64, 278, 294, 129, 358),
    FaceRegion.MOUTH: (
        *(61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185),
        *(13, 14, 82, 87, 312, 317),
    ),
    FaceRegion.CHEEKS: (
        *(117, 118, 50, 36, 205, 207, 187, 147, 123, 116, 192, 213, 138, 177),
        *(346, 347, 280, 266, 425, 427, 411, 376, 352, 345, 416, 433, 367, 401),
    ),
    FaceRegion.FOREHEAD: (
        *(10, 151, 109, 108, 69, 67, 104, 103, 68, 54),
        *(338, 337, 299, 297, 333, 332, 298, 284),
    ),
    FaceRegion.CHIN: (152, 175, 199, 200, 148, 176, 171, 140, 208, 32, 377, 400, 396, 369, 428, 262),
}
"""Landmarks of the mesh that stand for a region. A place of the face belongs to the nearest of them."""


def crop_points(mesh: FaceMesh, *, size_px: int = CROP_SIZE_PX) -> FloatArray:
    """Return the landmarks in pixels of the crop that `features.face_crop` cuts out, shape `(468, 2)`."""
    to_square = crop_region(mesh).to_square(size_px)
    flat = mesh.points[:, :2] @ to_square[:, :2].T + to_square[:, 2]
    return np.asarray(flat, dtype=np.float32)


def region_map(points: FloatArray, *, size_px: int = CROP_SIZE_PX) -> NDArray[np.uint8]:
    """Return the region that each pixel of a crop belongs to.

    Args:
        points: landmarks in pixels of the crop, shape `(468, 2)`.
        size_px: of the crop.

    Returns:
        Index into `REGIONS`, shape `(size_px, size_px)`; `AROUND` outside the convex hull of the face.
    """
    owners = np.concatenate([np.full(len(rows), REGIONS.index(name)) for name, rows in LANDMARKS.items()])
    anchors = points[[row for rows in LANDMARKS.values() for row in rows]]
    rows, columns = np.mgrid[:size_px, :size_px].astype(np.float32)
    distances = (columns[..., None] - anchors[:, 0]) ** 2 + (rows[..., None] - anchors[:, 1]) ** 2
    regions = np.asarray(owners[distances.argmin(axis=-1)], dtype=np.uint8)
    inside = np.zeros((size_px, size_px), dtype=np.uint8)
    hull = cv2.convexHull(np.round(points).astype(np.int32))
    cv2.fillConvexPoly(inside, hull, 1)
    regions[inside == 0] = REGIONS.index(FaceRegion.AROUND)
    return regions
