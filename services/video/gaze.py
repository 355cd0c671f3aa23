"""Where the eyes point: irises on LiteRT (Ablavatski et al. 2020), added to the head pose.

The weights are MediaPipe's (Apache-2.0). The geometry is ours: how far the iris lies from the middle of
the eye's corners, as the sine of the eyeball's turn.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from services.common.serving.litert import LiteRtModel
from services.common.serving.registry import IRIS
from services.video.features import FloatArray, Image, Pose
from services.video.landmarks import FaceMesh, Region
from services.video.settings import VideoSettings
from services.video.tracking import load_model

INPUT_SIZE_PX = 64
REGION_SCALE = 2.3
"""Side of the square over the distance of the eye's corners."""
RIGHT_CORNERS, LEFT_CORNERS = (33, 133), (362, 263)
"""Corners of the mesh, left in the image first; eyes named after the subject."""
OUTER, INNER = 0, 8
LOWER_LID, UPPER_LID = slice(3, 6), slice(11, 14)
"""Points of the network's eye contour: corners, and the middle of each lid."""
WIDTH_OVER_RADIUS = 2.5
"""Corner to corner, about 28 mm, over the distance of the iris from the eyeball's centre, about 11 mm."""
LEVEL_OFFSET = -0.055
"""How far the iris lies below the corners when a person looks straight ahead, in widths of the eye: mean of
the ten GRID speakers (-0.056; theirs lie between -0.076 and -0.035), whose head pose defines zero pitch
likewise. They read from a screen, so that "straight ahead" is only roughly the camera."""
LEAST_APERTURE = 0.13
"""Lids closer than this share of the eye's width hide the iris."""
HEAD_ONLY_YAW_DEG = 40.0
"""Beyond this the head alone says that the gaze is elsewhere; the irises are not looked at."""
LARGEST_TURN_DEG = 40.0
"""People turn their heads long before; a larger turn of the eyes is an iris that was not found, which happens
where a face jumps and the mesh lags behind."""
TOWARDS_DEG = 15.0
"""Largest angle between the gaze and the way to the camera that counts as towards it. The speakers of GRID
and the selfie stay within 11° in 95 of 100 frames."""


@dataclass(frozen=True, slots=True)
class EyeLook:
    """One eye, in widths of it.

    Attributes:
        right: of the iris from the middle of the corners, positive to the right of the image.
        down: likewise, positive downwards.
        aperture: distance of the lids.
    """

    right: float
    down: float
    aperture: float


@dataclass(frozen=True, slots=True)
class GazeAngles:
    """Degrees between the gaze and the way to the camera: yaw to the subject's left, pitch upwards."""

    yaw_deg: float
    pitch_deg: float

    @property
    def towards_camera(self) -> bool:
        return float(np.hypot(self.yaw_deg, self.pitch_deg)) <= TOWARDS_DEG


class IrisFinder:
    """Finds iris and lids of one eye."""

    def __init__(self, model: LiteRtModel) -> None:
        self._model = model

    def look(self, image: Image, mesh: FaceMesh, *, left: bool) -> EyeLook:
        """Measure one eye of a face.

        Args:
            image: frame, shape `(height, width, 3)`, uint8 RGB.
            mesh: landmarks of the face.
            left: the subject's left eye. It is mirrored for the network, which knows right eyes.
        """
        region = eye_region(mesh, left=left)
        square = cv2.warpAffine(
            image, region.to_square(INPUT_SIZE_PX), (INPUT_SIZE_PX, INPUT_SIZE_PX), flags=cv2.INTER_LINEAR
        )
        square = square[:, ::-1] if left else square
        outputs = self._model.run(square[np.newaxis].astype(np.float32) / 255.0)
        iris, contour = sorted((output.reshape(-1, 3)[:, :2] for output in outputs), key=len)
        return eye_look(iris[0], contour, mirrored=left)


class GazeMeter:
    """Measures where a face looks, in the frames that it is asked about."""

    def __init__(self, irises: IrisFinder) -> None:
        self._irises = irises

    @classmethod
    def from_settings(cls, settings: VideoSettings) -> "GazeMeter":
        """Create a meter on the model that the settings name.

        Raises:
            TemporaryError: `model_unavailable`.
        """
        return cls(IrisFinder(load_model(settings.models_dir, IRIS)))

    def measure(self, image: Image, mesh: FaceMesh, pose: Pose) -> GazeAngles | None:
        """Measure the gaze of one face.

        Args:
            image: frame, shape `(height, width, 3)`, uint8 RGB.
            mesh: landmarks of the face.
            pose: of its head.

        Returns:
            The angles, by the head alone where it is turned far; None if an eye is too far closed to say,
            or lies outside the frame.
        """
        height, width = image.shape[:2]
        corners = mesh.points[[*RIGHT_CORNERS, *LEFT_CORNERS], :2]
        if (corners < 0).any() or (corners >= (width, height)).any():
            return None
        bearing_deg = camera_bearing_deg(mesh, frame_size_px=(width, height))
        if abs(pose.yaw_deg) > HEAD_ONLY_YAW_DEG:
            return gaze_angles(pose, None, None, bearing_deg=bearing_deg)
        right = self._irises.look(image, mesh, left=False)
        left = self._irises.look(image, mesh, left=True)
        return gaze_angles(pose, right, left, bearing_deg=bearing_deg)


def eye_region(mesh: FaceMesh, *, left: bool) -> Region:
    """Return the square about one eye, upright to its corners."""
    first, second = mesh.points[list(LEFT_CORNERS if left else RIGHT_CORNERS), :2]
    across = second - first
    side_px = max(1.0, REGION_SCALE * float(np.hypot(*across)))
    return Region((first + second) / 2, side_px, float(np.arctan2(across[1], across[0])))


def eye_look(iris: FloatArray, contour: FloatArray, *, mirrored: bool) -> EyeLook:
    """Compute the offsets of the iris from the network's landmarks.

    Args:
        iris: its centre, shape `(2,)`, pixels of the input.
        contour: the eye's contour, shape `(16 or more, 2)`, pixels of the input.
        mirrored: whether the input was.
    """
    across = contour[INNER] - contour[OUTER]
    width = max(float(np.hypot(*across)), 1e-6)
    along = across / width
    offset = iris - (contour[OUTER] + contour[INNER]) / 2
    right = float(offset @ along) / width
    down = float(offset @ np.array([-along[1], along[0]])) / width
    lids = contour[LOWER_LID].mean(axis=0) - contour[UPPER_LID].mean(axis=0)
    return EyeLook(-right if mirrored else right, down, float(np.hypot(*lids)) / width)


def camera_bearing_deg(mesh: FaceMesh, *, frame_size_px: tuple[int, int]) -> tuple[float, float]:
    """Return the yaw and pitch that a head must have to face the camera from its place in the frame.

    The camera is the one of `features.head_pose`: a focal length of the frame's longer side.
    """
    width, height = frame_size_px
    focal = float(max(width, height))
    centre = (mesh.box[:2] + mesh.box[2:]) / 2
    yaw = -np.degrees(np.arctan2(centre[0] - width / 2, focal))
    pitch = np.degrees(np.arctan2(centre[1] - height / 2, focal))
    return float(yaw), float(pitch)


def gaze_angles(
    pose: Pose, right_eye: EyeLook | None, left_eye: EyeLook | None, *, bearing_deg: tuple[float, float]
) -> GazeAngles | None:
    """Combine head and eyes to angles relative to the direction of the camera.

    Facing the camera both eyes count the same; a turned head shows the nearer one better (as in
    `features.eye_openness`).

    Args:
        pose: of the head.
        right_eye: the subject's; None to go by the head alone.
        left_eye: likewise.
        bearing_deg: yaw and pitch of a head that faces the camera.

    Returns:
        The angles, or None if an eye is too far closed, or turned too far, to believe it.
    """
    head = pose.yaw_deg - bearing_deg[0], pose.pitch_deg - bearing_deg[1]
    if right_eye is None or left_eye is None:
        return GazeAngles(*head)
    if min(right_eye.aperture, left_eye.aperture) < LEAST_APERTURE:
        return None
    share_right = float(np.clip(0.5 + pose.yaw_deg / 40.0, 0.0, 1.0))
    right = share_right * right_eye.right + (1.0 - share_right) * left_eye.right
    down = share_right * right_eye.down + (1.0 - share_right) * left_eye.down
    turn = _turn_deg(right), -_turn_deg(down - LEVEL_OFFSET)
    if max(map(abs, turn)) > LARGEST_TURN_DEG:
        return None
    return GazeAngles(head[0] + turn[0], head[1] + turn[1])


def _turn_deg(offset: float) -> float:
    """Return the turn of the eyeball that moves the iris by `offset` widths of the eye."""
    return float(np.degrees(np.arcsin(np.clip(WIDTH_OVER_RADIUS * offset, -1.0, 1.0))))
