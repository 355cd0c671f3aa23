"""FaceMesh (Kartynnik et al. 2019) on LiteRT: where to look, what was found, and following it.

The weights are MediaPipe's (Apache-2.0). The network sees an upright square around the face; the
square comes from a detection in the first frame, and from the landmarks of the frame before while the
face is followed, which saves the detector on most frames.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from services.common.serving.litert import LiteRtModel
from services.video.face_detection import LEFT_EYE, RIGHT_EYE, Detection, FloatArray, Image

LANDMARKS = 468
INPUT_SIZE_PX = 192
REGION_SCALE = 1.5
"""Side of the square over the longer side of the face's box."""
RIGHT_EYE_OUTER, LEFT_EYE_OUTER = 33, 263
"""Outer eye corners of the mesh, named after the subject."""


@dataclass(frozen=True, slots=True)
class Region:
    """An upright square around a face: centre and side in pixels, roll in radians (clockwise)."""

    centre: FloatArray
    side_px: float
    roll_rad: float

    def to_square(self, size_px: int) -> NDArray[np.float64]:
        """Return the affine map `(2, 3)` from the frame to a `size_px` square of this region."""
        zoom = size_px / self.side_px
        cos, sin = zoom * np.cos(self.roll_rad), zoom * np.sin(self.roll_rad)
        turn = np.array([[cos, sin], [-sin, cos]])
        # pixel centres: the middle of the square is (size - 1) / 2
        shift = (size_px - 1) / 2 - turn @ self.centre.astype(np.float64)
        return np.column_stack([turn, shift])


@dataclass(frozen=True, slots=True)
class FaceMesh:
    """Landmarks of one face.

    Attributes:
        points: shape `(468, 3)`, float32: x and y in pixels of the frame, z in the same unit, smaller
            towards the camera.
        score: 0..1, that there is a face at all.
    """

    points: FloatArray
    score: float

    @property
    def box(self) -> FloatArray:
        """Left, top, right, bottom of all landmarks, in pixels."""
        flat = self.points[:, :2]
        return np.concatenate([flat.min(axis=0), flat.max(axis=0)])


def region_of_detection(face: Detection) -> Region:
    """Return the region in which to look for the landmarks of a detected face."""
    return _region(face.box, face.keypoints[LEFT_EYE] - face.keypoints[RIGHT_EYE])


def region_of_mesh(mesh: FaceMesh, *, scale: float = REGION_SCALE) -> Region:
    """Return the upright square about the landmarks; by default the region to search in the next frame.

    Args:
        mesh: landmarks of the face.
        scale: side of the square over the longer side of the landmarks' upright box.
    """
    eyes = mesh.points[LEFT_EYE_OUTER, :2] - mesh.points[RIGHT_EYE_OUTER, :2]
    roll = float(np.arctan2(eyes[1], eyes[0]))
    turn = np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]], dtype=np.float32)
    upright = mesh.points[:, :2] @ turn.T
    low, high = upright.min(axis=0), upright.max(axis=0)
    centre = ((low + high) / 2) @ turn
    return Region(centre.astype(np.float32), scale * max(float((high - low).max()), 1.0), roll)


def _region(box: FloatArray, eyes: FloatArray) -> Region:
    size = box[2:] - box[:2]
    roll = float(np.arctan2(eyes[1], eyes[0]))
    centre = np.asarray((box[:2] + box[2:]) / 2, dtype=np.float32)
    return Region(centre, REGION_SCALE * max(float(size.max()), 1.0), roll)


class FaceMesher:
    """Finds the landmarks of a face in a region of a frame."""

    def __init__(self, model: LiteRtModel, *, least_score: float) -> None:
        self._model = model
        self._least_score = least_score
        # a new array of this size in every frame costs ten times what filling it does
        self._input = np.empty((1, INPUT_SIZE_PX, INPUT_SIZE_PX, 3), dtype=np.float32)

    def locate(self, image: Image, region: Region) -> FaceMesh | None:
        """Locate the landmarks in a region of a frame `(height, width, 3)`, uint8 RGB; None if no face."""
        if not 4.0 <= region.side_px <= 8.0 * max(image.shape[:2]):
            return None
        to_square = region.to_square(INPUT_SIZE_PX)
        square = cv2.warpAffine(image, to_square, (INPUT_SIZE_PX, INPUT_SIZE_PX), flags=cv2.INTER_LINEAR)
        np.divide(square, np.float32(255.0), out=self._input[0])
        outputs = self._model.run(self._input)
        points, logit = sorted((output.ravel() for output in outputs), key=len, reverse=True)
        score = float(1 / (1 + np.exp(-np.clip(logit[0], -80, 80))))
        if not score >= self._least_score or not np.isfinite(points).all():
            return None
        return FaceMesh(_to_frame(points.reshape(LANDMARKS, 3), to_square), score)


def _to_frame(points: FloatArray, to_square: NDArray[np.float64]) -> FloatArray:
    back = cv2.invertAffineTransform(to_square)
    zoom = float(np.hypot(back[0, 0], back[1, 0]))
    flat = points[:, :2] @ back[:, :2].T + back[:, 2]
    return np.column_stack([flat, points[:, 2] * zoom]).astype(np.float32)
