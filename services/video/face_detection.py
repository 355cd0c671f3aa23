"""BlazeFace (Bazarevsky et al. 2019) on LiteRT: letterbox, anchors, decoding, suppression.

The weights are MediaPipe's (Apache-2.0); what surrounds them is ours, after the paper and the published
model cards: six key points per face, and the two anchor plans below.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from services.common.serving.litert import LiteRtModel

FloatArray = NDArray[np.float32]
Image = NDArray[np.uint8]

KEYPOINTS = 6
RIGHT_EYE, LEFT_EYE = 0, 1
"""Key points, named after the subject: the right eye lies left in the image."""
OVERLAP = 0.3


@dataclass(frozen=True, slots=True)
class AnchorPlan:
    """How a network sees its picture.

    Attributes:
        input_px: side of the square input.
        grids: cells per side of a feature map, and anchors per cell.
    """

    input_px: int
    grids: tuple[tuple[int, int], ...]


SHORT_RANGE = AnchorPlan(128, ((16, 2), (8, 6)))
"""16 · 16 · 2 + 8 · 8 · 6 = 896 anchors; faces from about a tenth of the frame on."""
FULL_RANGE = AnchorPlan(192, ((48, 1),))
"""48 · 48 = 2304 anchors; faces down to about a twentieth of the frame."""


@dataclass(frozen=True, slots=True)
class Detection:
    """One face.

    Attributes:
        box: shape `(4,)`, float32: left, top, right, bottom in pixels of the frame.
        keypoints: shape `(6, 2)`, float32, pixels: right eye, left eye, nose tip, mouth, right ear, left ear.
        score: 0..1.
    """

    box: FloatArray
    keypoints: FloatArray
    score: float

    @property
    def area_px(self) -> float:
        return float((self.box[2] - self.box[0]) * (self.box[3] - self.box[1]))


@cache
def anchor_centres(plan: AnchorPlan = SHORT_RANGE) -> FloatArray:
    """Return the centres of the anchors, shape `(n, 2)`, float32, x and y in 0..1 of the network's input."""
    grids = []
    for cells, per_cell in plan.grids:
        axis = (np.arange(cells, dtype=np.float32) + 0.5) / cells
        y, x = np.meshgrid(axis, axis, indexing="ij")
        grids.append(np.repeat(np.stack([x.ravel(), y.ravel()], axis=1), per_cell, axis=0))
    return np.concatenate(grids)


def letterbox(
    image: Image, side_px: int = SHORT_RANGE.input_px
) -> tuple[FloatArray, float, tuple[float, float]]:
    """Fit a frame into the network's square input, black around it.

    Args:
        image: shape `(height, width, 3)`, uint8 RGB.
        side_px: side of the input.

    Returns:
        The input, shape `(1, side_px, side_px, 3)`, float32 in -1..1; the scale from pixels of the frame to
        pixels of the input; and the offset (x, y) of the frame in the input.
    """
    height, width = image.shape[:2]
    scale = side_px / max(height, width)
    new_width, new_height = max(1, round(width * scale)), max(1, round(height * scale))
    left, top = (side_px - new_width) // 2, (side_px - new_height) // 2
    square = np.zeros((side_px, side_px, 3), dtype=np.uint8)
    square[top : top + new_height, left : left + new_width] = cv2.resize(
        image, (new_width, new_height), interpolation=cv2.INTER_AREA
    )
    return square[np.newaxis].astype(np.float32) / 127.5 - 1.0, scale, (left, top)


def decode_boxes(regressors: FloatArray, plan: AnchorPlan = SHORT_RANGE) -> FloatArray:
    """Decode raw regressions to boxes and key points.

    Args:
        regressors: shape `(n, 16)`: centre x, centre y, width, height, then x and y of the six key
            points, in pixels of the input relative to the anchor.
        plan: of the network.

    Returns:
        Shape `(n, 16)`, 0..1 of the input: left, top, right, bottom, then the key points.
    """
    anchors = anchor_centres(plan)
    points = regressors.reshape(-1, 2 + KEYPOINTS, 2) / plan.input_px
    centre, half = points[:, 0] + anchors, points[:, 1] / 2
    keypoints = points[:, 2:] + anchors[:, np.newaxis]
    flat = keypoints.reshape(-1, 2 * KEYPOINTS)
    return np.concatenate([centre - half, centre + half, flat], axis=1).astype(np.float32)


def overlaps(box: FloatArray, boxes: FloatArray) -> FloatArray:
    """Compute the intersection over union of one box `(4,)` with boxes `(n, 4)`, shape `(n,)`, 0..1."""
    low = np.maximum(box[:2], boxes[:, :2])
    high = np.minimum(box[2:4], boxes[:, 2:4])
    shared = np.prod(np.clip(high - low, 0, None), axis=1)
    areas = np.prod(np.clip(boxes[:, 2:4] - boxes[:, :2], 0, None), axis=1)
    union = areas + np.prod(np.clip(box[2:4] - box[:2], 0, None)) - shared
    return np.asarray(shared / np.maximum(union, 1e-9), dtype=np.float32)


def suppress_overlaps(boxes: FloatArray, scores: FloatArray, *, overlap: float = OVERLAP) -> list[int]:
    """Suppress overlapping boxes greedily (non-maximum suppression).

    Args:
        boxes: shape `(n, ≥ 4)`; the first four columns are left, top, right, bottom.
        scores: shape `(n,)`.
        overlap: boxes that share more than this with a better one go.

    Returns:
        Rows that stay, the best first.
    """
    order = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while order.size:
        best, rest = int(order[0]), order[1:]
        kept.append(best)
        order = rest[overlaps(boxes[best], boxes[rest]) <= overlap]
    return kept


def blend_overlaps(
    boxes: FloatArray, scores: FloatArray, *, overlap: float = OVERLAP
) -> list[tuple[FloatArray, float]]:
    """Average overlapping boxes instead of dropping them (Bazarevsky et al. 2019, section 3.3).

    A box that stays becomes the mean, weighted by score, of the candidates that overlap with it,
    which trembles less from frame to frame.

    Returns:
        Row (as in `boxes`) and score per face, the best first.
    """
    faces = []
    for row in suppress_overlaps(boxes, scores, overlap=overlap):
        near = overlaps(boxes[row], boxes) > overlap
        near[row] = True
        weights = scores[near, np.newaxis]
        blended = (boxes[near] * weights).sum(axis=0) / weights.sum()
        faces.append((blended.astype(np.float32), float(scores[row])))
    return faces


class FaceDetector:
    """Finds faces in a frame with one of the two networks."""

    def __init__(self, model: LiteRtModel, *, least_score: float, plan: AnchorPlan = SHORT_RANGE) -> None:
        self._model = model
        self._least_score = least_score
        self._plan = plan

    def detect(self, image: Image) -> list[Detection]:
        """Detect the faces of a frame `(height, width, 3)` uint8 RGB, the largest first."""
        batch, scale, offset = letterbox(image, self._plan.input_px)
        regressors, logits = sorted(self._model.run(batch), key=lambda output: -output.shape[-1])
        scores = 1 / (1 + np.exp(-np.clip(logits[0, :, 0], -80, 80)))
        likely = scores >= self._least_score
        if not likely.any():
            return []
        rows = decode_boxes(regressors[0], self._plan)[likely] * self._plan.input_px
        faces = blend_overlaps(rows, scores[likely].astype(np.float32))
        found = [_in_frame(row, score, scale=scale, offset=offset) for row, score in faces]
        return sorted(found, key=lambda face: -face.area_px)


def merge_detections(first: list[Detection], second: list[Detection]) -> list[Detection]:
    """Merge the faces of two networks, the largest first; if both find a face, the first network's stays."""
    taken = np.stack([face.box for face in first]) if first else np.zeros((0, 4), np.float32)
    new = [face for face in second if not (overlaps(face.box, taken) > OVERLAP).any()]
    return sorted([*first, *new], key=lambda face: -face.area_px)


def _in_frame(row: FloatArray, score: float, *, scale: float, offset: tuple[float, float]) -> Detection:
    points = (row.reshape(-1, 2) - np.asarray(offset, dtype=np.float32)) / scale
    points = points.astype(np.float32)
    return Detection(box=points[:2].reshape(4), keypoints=points[2:], score=score)
