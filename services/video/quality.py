"""Why a frame cannot be used: too dark, too small, turned away, blurred, covered, or no face. Pure."""

from dataclasses import dataclass
from enum import IntEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from services.common.contracts.face import LostFrames
from services.video.features import Image, Pose

FRAME_SIDE_PX = 128
"""A frame without a face is judged at the size at which the detector saw it."""


class Fault(IntEnum):
    """What is wrong with a frame, or with the face in it."""

    NONE = 0
    TOO_DARK = 1
    TOO_SMALL = 2
    TURNED_AWAY = 3
    BLURRED = 4
    COVERED = 5
    NO_FACE = 6


@dataclass(frozen=True, slots=True)
class Limits:
    """Where a face stops being usable.

    Attributes:
        least_luma: mean grey level of face or frame, 0..255. One in a thousand images of FER2013's
            `public` is darker than 23.
        least_side_px: side of the crop in the analysed frame; half of what the network takes.
        largest_yaw_deg: beyond this the mesh guesses half of the face.
        largest_pitch_deg: likewise up and down.
        least_face_detail: `detail` of the 48 px crop. One in a thousand images of FER2013 has less than
            0.107; sharp frames of the clips have 0.19 to 0.24, and 0.06 once blurred by about two pixels
            of the crop.
        least_frame_detail: `detail` of a whole frame at `FRAME_SIDE_PX`. The clips have 0.08 to 0.15;
            where a blur makes the detector miss the face in them, 0.01 to 0.015.
        least_frame_contrast: standard deviation of a frame's grey levels, below which there is nothing
            to be sharp.
        lost_while_turned_deg: a face that was turned this far when it was lost has turned away.
        turned_for_s: for how long that explains its absence.
    """

    least_luma: float = 15.0
    least_side_px: float = 24.0
    largest_yaw_deg: float = 50.0
    largest_pitch_deg: float = 45.0
    least_face_detail: float = 0.06
    least_frame_detail: float = 0.02
    least_frame_contrast: float = 8.0
    lost_while_turned_deg: float = 35.0
    turned_for_s: float = 3.0


LIMITS = Limits()


def detail(grey: NDArray[np.uint8]) -> float:
    """Return the share of fine contrast: SD of what a 3 × 3 mean removes from a picture, over its SD.

    Args:
        grey: shape `(height, width)`, uint8.

    Returns:
        0 for a flat picture, about 0.2 for a sharp face of 48 px, 0.94 for noise.
    """
    values = grey.astype(np.float32)
    spread = float(values.std())
    return float((values - cv2.blur(values, (3, 3))).std()) / spread if spread > 0 else 0.0


def face_fault(
    crop: NDArray[np.uint8], *, side_px: float, pose: Pose | None, limits: Limits = LIMITS
) -> Fault:
    """Return why the expression of a face that was found cannot be scored, or `NONE`.

    Args:
        crop: what the network would take, shape `(48, 48)`, uint8 grey.
        side_px: side of that crop in the analysed frame.
        pose: of the head; None where it could not be solved.
        limits: of use.
    """
    if side_px < limits.least_side_px:
        return Fault.TOO_SMALL
    if pose is None or abs(pose.yaw_deg) > limits.largest_yaw_deg:
        return Fault.TURNED_AWAY
    if abs(pose.pitch_deg) > limits.largest_pitch_deg:
        return Fault.TURNED_AWAY
    if float(crop.mean()) < limits.least_luma:
        return Fault.TOO_DARK
    return Fault.BLURRED if detail(crop) < limits.least_face_detail else Fault.NONE


def absence_fault(image: Image, *, detected_px: float | None, limits: Limits = LIMITS) -> Fault:
    """Return the likeliest reason why a frame shows no landmarks of any face.

    Args:
        image: shape `(height, width, 3)`, uint8 RGB.
        detected_px: side of the largest face that was detected but has no landmarks, None if there is none.
        limits: of use.
    """
    height, width = image.shape[:2]
    scale = min(1.0, FRAME_SIDE_PX / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    grey = cv2.cvtColor(cv2.resize(image, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    if float(grey.mean()) < limits.least_luma:
        return Fault.TOO_DARK
    contrast, fine = float(grey.std()), detail(np.asarray(grey, dtype=np.uint8))
    if contrast >= limits.least_frame_contrast and fine < limits.least_frame_detail:
        return Fault.BLURRED
    if detected_px is None:
        return Fault.NO_FACE
    return Fault.TOO_SMALL if detected_px < limits.least_side_px else Fault.COVERED


def explain_absence(
    faults: NDArray[np.uint8],
    times_s: NDArray[np.float64],
    *,
    seen: NDArray[np.bool_],
    turned_deg: NDArray[np.float32],
    limits: Limits = LIMITS,
) -> NDArray[np.uint8]:
    """Say "turned away" where a face vanished while it was turning.

    Args:
        faults: `Fault` per frame, shape `(n,)`.
        times_s: shape `(n,)`, increasing.
        seen: whether the face was found, shape `(n,)`.
        turned_deg: how far it was turned then, yaw or pitch, shape `(n,)`; any value elsewhere.
        limits: of use.

    Returns:
        Faults, with `NO_FACE` and `COVERED` replaced in the `turned_for_s` after such a frame.
    """
    rows = np.arange(len(faults))
    last_seen = np.maximum.accumulate(np.where(seen, rows, -1))
    anchor = np.maximum(last_seen, 0)
    explained = (
        (last_seen >= 0)
        & ~seen
        & (turned_deg[anchor] >= limits.lost_while_turned_deg)
        & (times_s - times_s[anchor] <= limits.turned_for_s)
        & np.isin(faults, [Fault.NO_FACE, Fault.COVERED])
    )
    return np.where(explained, np.uint8(Fault.TURNED_AWAY), faults).astype(np.uint8)


def count_lost(faults: NDArray[np.uint8]) -> LostFrames:
    """Count the frames by reason; `NONE` is not counted."""
    counted = np.bincount(faults, minlength=len(Fault))
    return LostFrames(
        too_dark=int(counted[Fault.TOO_DARK]),
        too_small=int(counted[Fault.TOO_SMALL]),
        turned_away=int(counted[Fault.TURNED_AWAY]),
        blurred=int(counted[Fault.BLURRED]),
        covered=int(counted[Fault.COVERED]),
        no_face=int(counted[Fault.NO_FACE]),
    )
