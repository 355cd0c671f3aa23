"""From landmarks to measures: eye aspect ratio, head pose, and the crop that the network takes. Pure.

Two tables here were measured from data, not chosen: `CANONICAL_FACE` and `CROP`. The command
`python -m services.video.training.geometry --data FOLDER` measures both again.
"""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from services.video.landmarks import FaceMesh, Region, region_of_mesh

FloatArray = NDArray[np.float32]
Image = NDArray[np.uint8]

RIGHT_EYE = (33, 160, 158, 133, 153, 144)
LEFT_EYE = (362, 385, 387, 263, 373, 380)
"""p1 … p6 of Soukupová & Čech 2016 (figure 1) as landmarks of the mesh, named after the subject:
p1 and p4 are the corners, p2 and p3 the upper lid, p6 and p5 the lower lid below them."""

INNER_LIPS = (13, 14)
MOUTH_CORNERS = (61, 291)
"""Middle of the upper and of the lower inner lip; right and left corner, named after the subject."""

CANONICAL_FACE: dict[int, tuple[float, float, float]] = {
    33: (-45.3, -0.8, 2.6),  # outer corner of the right eye
    133: (-17.7, 0.8, -2.6),  # its inner corner
    362: (17.7, 0.8, -2.6),
    263: (45.3, -0.8, 2.6),
    127: (-68.9, 4.9, 52.4),  # temples
    356: (68.9, 4.9, 52.4),
    234: (-68.1, 20.1, 57.4),  # in front of the ears
    454: (68.1, 20.1, 57.4),
    98: (-16.9, 46.4, -15.9),  # wings of the nose
    327: (16.9, 46.4, -15.9),
    168: (0.0, -5.2, -19.7),  # bridge of the nose
    6: (0.0, 2.7, -23.9),
    1: (0.0, 41.1, -39.7),  # tip of the nose
    2: (0.0, 48.2, -23.9),
    151: (0.0, -39.9, -19.5),  # forehead
    10: (0.0, -56.9, -16.1),
}
"""Landmarks that neither speech nor expression moves much, in millimetres about the eyes' centre, seen
by the camera: x to the viewer's right, y down, z away. Mean mesh of the ten GRID speakers (each aligned
by rotation, mirrored and averaged, scaled to 63 mm between the pupils); the speakers differ from it by
0.6 mm. Zero pitch is therefore how those speakers, who read from a screen, held their heads."""
RIGID = tuple(CANONICAL_FACE)

CROP_SIZE_PX = 48


class CropGeometry(NamedTuple):
    """How the square crop lies about the box of the mesh, both upright to the eyes.

    Attributes:
        scale: side of the crop over the longer side of the box of all landmarks.
        lift: how far the centre of the crop lies above the centre of the box, in sides of the crop.
    """

    scale: float
    lift: float


CROP = CropGeometry(scale=1.083, lift=0.041)
"""What makes a video frame look like FER2013. Detector and mesh were run on 400 images of FER2013's
`public`, scaled up fourfold: 378 gave landmarks. There the longer side of the mesh's box is 0.923 of the
image (median; 10th to 90th percentile 0.75 to 1.08), its centre lies at (0.503, 0.541), the pupils at
about (0.31, 0.39) and (0.69, 0.39), the mouth at 0.76. Of the scales that were compared, the box's
longer side varies least from image to image (coefficient of variation 0.16; distance of the eyes 0.20,
eyes to mouth 0.18), because it does not shrink when a head turns.

Cutting the images of the held-out part of `train` out again by this rule (1,150 of 1,200 gave landmarks)
left the accuracy of version 1 where it was, 65.0 after 65.2 %; at 1.25 of the box it was 63.8, at 1.4 62.8.
"""


def eye_aspect_ratio(eye: FloatArray) -> float:
    """Compute (‖p2 − p6‖ + ‖p3 − p5‖) / (2 ‖p1 − p4‖) of an eye (Soukupová & Čech 2016, equation 1).

    Args:
        eye: p1 … p6, shape `(6, 2)`, any unit with square pixels.

    Returns:
        About 0.2 to 0.4 for an open eye, near 0 for a closed one; NaN if the corners coincide.

    Example:
        >>> eye = np.array([[0, 0], [1, -1], [2, -1], [3, 0], [2, 1], [1, 1]], dtype=np.float32)
        >>> round(eye_aspect_ratio(eye), 3)
        0.667
    """
    width = float(np.linalg.norm(eye[0] - eye[3]))
    if width == 0.0:
        return float("nan")
    heights = np.linalg.norm(eye[1] - eye[5]) + np.linalg.norm(eye[2] - eye[4])
    return float(heights / (2.0 * width))


def eye_openness(points: FloatArray, *, yaw_deg: float) -> float:
    """Compute the eye aspect ratio of a face, from the eye or eyes that the camera sees well.

    Facing the camera both eyes count the same; from 20° of yaw on, only the nearer one does.

    Args:
        points: landmarks, shape `(468, 2 or more)`, pixels.
        yaw_deg: head yaw, positive to the subject's left, which brings the right eye nearer.
    """
    share_right = float(np.clip(0.5 + yaw_deg / 40.0, 0.0, 1.0))
    right = eye_aspect_ratio(points[list(RIGHT_EYE), :2])
    left = eye_aspect_ratio(points[list(LEFT_EYE), :2])
    return share_right * right + (1.0 - share_right) * left


def mouth_openness(points: FloatArray) -> float:
    """Divide the gap of the inner lips by the distance of the corners: 0 closed, 0.5 and more wide open.

    Args:
        points: landmarks, shape `(468, 2 or more)`, pixels.

    Returns:
        The ratio; NaN if the corners coincide.
    """
    width = float(np.linalg.norm(np.diff(points[list(MOUTH_CORNERS), :2], axis=0)))
    gap = float(np.linalg.norm(np.diff(points[list(INNER_LIPS), :2], axis=0)))
    return gap / width if width > 0.0 else float("nan")


@dataclass(frozen=True, slots=True)
class Pose:
    """Degrees. Yaw is positive to the subject's left, pitch upwards, roll clockwise for the viewer."""

    yaw_deg: float
    pitch_deg: float
    roll_deg: float


def head_pose(points: FloatArray, *, frame_size_px: tuple[int, int]) -> Pose | None:
    """Estimate the head pose by perspective-n-point (Terzakis & Lourakis 2020) against `CANONICAL_FACE`.

    The camera is unknown: a pinhole with a focal length of the frame's longer side (53° across), no
    distortion.

    Args:
        points: landmarks, shape `(468, 2 or more)`, pixels.
        frame_size_px: width and height.

    Returns:
        The pose, or None if the points allow none.
    """
    width, height = frame_size_px
    focal = float(max(width, height))
    camera = np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]], dtype=np.float64)
    solved, rotation, _ = cv2.solvePnP(
        np.array(list(CANONICAL_FACE.values()), dtype=np.float64),
        points[list(RIGID), :2].astype(np.float64),
        camera,
        None,
        flags=cv2.SOLVEPNP_SQPNP,
    )
    if not solved or not np.isfinite(rotation).all():
        return None
    return pose_of_rotation(cv2.Rodrigues(rotation)[0])


def pose_of_rotation(rotation: NDArray[np.float64]) -> Pose:
    """Return the angles of a rotation matrix `(3, 3)` in camera axes (x right, y down, z away).

    R = Ry(yaw) · Rx(pitch) · Rz(roll): yaw and pitch say where the face points, whatever the roll.
    """
    facing = rotation @ np.array([0.0, 0.0, -1.0])
    yaw = np.arctan2(facing[0], -facing[2])
    pitch = np.arcsin(np.clip(-facing[1], -1.0, 1.0))
    roll = np.arctan2(rotation[1, 0], rotation[1, 1])
    return Pose(float(np.degrees(yaw)), float(np.degrees(pitch)), float(np.degrees(roll)))


def crop_region(mesh: FaceMesh, geometry: CropGeometry = CROP) -> Region:
    """Return the square of the frame that corresponds to a FER2013 image, upright to the eyes."""
    around = region_of_mesh(mesh, scale=geometry.scale)
    up = np.array([np.sin(around.roll_rad), -np.cos(around.roll_rad)], dtype=np.float32)
    lift = np.float32(geometry.lift * around.side_px)
    return Region(around.centre + lift * up, around.side_px, around.roll_rad)


def face_crop(image: Image, mesh: FaceMesh) -> Image:
    """Cut out the face as input of the network, shape `(48, 48)`, uint8 grey; see `cut_square`."""
    return cut_square(image, crop_region(mesh))


def cut_square(image: Image, region: Region) -> Image:
    """Cut a square out of a frame, in the size of the network's input.

    The square is sampled at about the frame's own resolution and averaged down, so that a large face
    does not alias.

    Args:
        image: frame, shape `(height, width, 3)`, uint8 RGB.
        region: of the face, by `crop_region`.

    Returns:
        Shape `(48, 48)`, uint8 grey.
    """
    size = CROP_SIZE_PX * int(np.clip(round(region.side_px / CROP_SIZE_PX), 1, 8))
    square = cv2.warpAffine(
        cv2.cvtColor(image, cv2.COLOR_RGB2GRAY),
        region.to_square(size),
        (size, size),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    small = cv2.resize(square, (CROP_SIZE_PX, CROP_SIZE_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.uint8)


def network_input(crops: Image) -> FloatArray:
    """Convert grey crops `(n, 48, 48)` uint8 to the network's input: `(n, 48, 48, 1)` float32, 0..1."""
    return crops[..., np.newaxis].astype(np.float32) / np.float32(255.0)
