"""Gaze from landmarks that were computed, not filmed."""

import numpy as np
import pytest

from services.video.features import FloatArray, Image, Pose
from services.video.gaze import (
    INNER,
    LEVEL_OFFSET,
    LOWER_LID,
    OUTER,
    UPPER_LID,
    EyeLook,
    GazeAngles,
    GazeMeter,
    IrisFinder,
    camera_bearing_deg,
    eye_look,
    eye_region,
    gaze_angles,
)
from services.video.landmarks import LANDMARKS, FaceMesh

EYE_WIDTH_MM, IRIS_DISTANCE_MM = 28.0, 11.2
STRAIGHT = Pose(0.0, 0.0, 0.0)
AHEAD = (0.0, 0.0)


def contour(*, width: float = 30.0, aperture: float = 0.3) -> FloatArray:
    """A right eye's contour about (32, 32): the outer corner left, the inner one right."""
    points = np.full((16, 2), 32.0, np.float32)
    points[OUTER, 0], points[INNER, 0] = 32 - width / 2, 32 + width / 2
    points[LOWER_LID, 1] = 32 + aperture * width / 2
    points[UPPER_LID, 1] = 32 - aperture * width / 2
    return points


def rolled(points: FloatArray, degrees: float) -> FloatArray:
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return ((points - 32) @ turn.T + 32).astype(np.float32)


def look(*, right_deg: float = 0.0, up_deg: float = 0.0) -> EyeLook:
    """An eyeball that is turned to the viewer's right and upwards, seen from the front."""
    reach = IRIS_DISTANCE_MM / EYE_WIDTH_MM
    return EyeLook(
        right=reach * float(np.sin(np.radians(right_deg))),
        down=LEVEL_OFFSET - reach * float(np.sin(np.radians(up_deg))),
        aperture=0.3,
    )


def mesh_at(x: float, y: float) -> FaceMesh:
    points = np.zeros((LANDMARKS, 3), np.float32)
    points[:, :2] = x, y
    return FaceMesh(points, 1.0)


def angles(right: EyeLook, left: EyeLook, pose: Pose = STRAIGHT, bearing: tuple[float, float] = AHEAD):
    found = gaze_angles(pose, right, left, bearing_deg=bearing)
    assert found is not None
    return found


def test_offsets_are_in_widths_of_the_eye_however_it_is_rolled():
    for roll_deg in (0, 25, -60):
        iris = rolled(np.array([35.0, 29.0], np.float32), roll_deg)
        found = eye_look(iris, rolled(contour(width=30), roll_deg), mirrored=False)
        assert (found.right, found.down, found.aperture) == (
            pytest.approx(0.1, abs=1e-5),
            pytest.approx(-0.1, abs=1e-5),
            pytest.approx(0.3, abs=1e-5),
        )


def test_right_stays_right_when_the_eye_was_mirrored():
    seen = eye_look(np.array([35.0, 32.0], np.float32), contour(), mirrored=True)
    assert seen.right == pytest.approx(-0.1)


@pytest.mark.parametrize(("right_deg", "up_deg"), [(0, 0), (20, 0), (-20, 0), (0, 15), (0, -15), (12, -9)])
def test_the_turn_of_the_eyeballs_is_found_again(right_deg: float, up_deg: float):
    eye = look(right_deg=right_deg, up_deg=up_deg)
    found = angles(eye, eye)
    assert found.yaw_deg == pytest.approx(right_deg, abs=0.1)  # the viewer's right is the subject's left
    assert found.pitch_deg == pytest.approx(up_deg, abs=0.1)


def test_the_gaze_is_level_when_head_and_eyes_cancel_out():
    eye = look(right_deg=-10, up_deg=-8)
    found = angles(eye, eye, Pose(10.0, 8.0, 0.0))
    assert found.towards_camera
    assert np.hypot(found.yaw_deg, found.pitch_deg) < 0.1


def test_the_nearer_eye_decides_when_the_head_is_turned():
    found = angles(look(right_deg=5), look(right_deg=30), Pose(25.0, 0.0, 0.0))
    assert found.yaw_deg == pytest.approx(30, abs=0.2)  # towards the subject's left the right eye is nearer


def test_a_face_at_the_edge_looks_at_the_camera_when_it_is_turned_back():
    bearing = camera_bearing_deg(mesh_at(640, 180), frame_size_px=(640, 360))
    assert bearing == (pytest.approx(-26.6, abs=0.1), pytest.approx(0, abs=0.1))
    assert angles(look(), look(), Pose(-26.6, 0.0, 0.0), bearing).towards_camera
    assert not angles(look(), look(), STRAIGHT, bearing).towards_camera


def test_a_low_face_looks_at_the_camera_when_it_is_raised():
    _, pitch_deg = camera_bearing_deg(mesh_at(320, 360), frame_size_px=(640, 360))
    assert pitch_deg == pytest.approx(15.7, abs=0.1)


def test_there_is_no_gaze_when_an_eye_is_closed():
    shut = EyeLook(0.0, 0.0, 0.05)
    assert gaze_angles(STRAIGHT, shut, look(), bearing_deg=AHEAD) is None
    assert gaze_angles(STRAIGHT, look(), shut, bearing_deg=AHEAD) is None


@pytest.mark.parametrize("turn", [{"right_deg": 50}, {"up_deg": -50}])
def test_there_is_no_gaze_when_the_eyes_are_turned_further_than_eyes_turn(turn: dict[str, float]):
    assert gaze_angles(STRAIGHT, look(**turn), look(**turn), bearing_deg=AHEAD) is None


def test_the_head_decides_when_the_eyes_were_not_looked_at():
    found = gaze_angles(Pose(45.0, 3.0, 0.0), None, None, bearing_deg=(5.0, 1.0))
    assert found == GazeAngles(40.0, 2.0)
    assert not found.towards_camera


def test_towards_the_camera_is_within_one_angle_in_every_direction():
    assert GazeAngles(10.0, -10.0).towards_camera
    assert not GazeAngles(12.0, 12.0).towards_camera
    assert GazeAngles(0.0, 14.9).towards_camera
    assert not GazeAngles(-15.1, 0.0).towards_camera


class OpenEyes(IrisFinder):
    """Eyes that look straight ahead wherever they are."""

    def __init__(self) -> None:
        self.asked = 0

    def look(self, image: Image, mesh: FaceMesh, *, left: bool) -> EyeLook:
        self.asked += 1
        return look()


@pytest.mark.parametrize(("x", "seen"), [(320, True), (639, True), (645, False), (-3, False)])
def test_there_is_no_gaze_when_an_eye_lies_outside_the_frame(x: float, seen: bool):
    found = GazeMeter(OpenEyes()).measure(np.zeros((360, 640, 3), np.uint8), mesh_at(x, 180), STRAIGHT)
    assert (found is not None) == seen


def test_irises_are_not_looked_at_when_the_head_is_turned_far():
    eyes = OpenEyes()
    found = GazeMeter(eyes).measure(np.zeros((360, 640, 3), np.uint8), mesh_at(320, 180), Pose(45.0, 0, 0))
    assert found == GazeAngles(45.0, 0.0)
    assert eyes.asked == 0


def test_the_region_is_upright_to_the_corners_of_the_eye():
    points = np.zeros((LANDMARKS, 3), np.float32)
    points[33, :2], points[133, :2] = (100, 100), (130, 140)
    points[362, :2], points[263, :2] = (200, 100), (240, 100)
    right, left = (eye_region(FaceMesh(points, 1.0), left=is_left) for is_left in (False, True))
    assert right.centre.tolist() == [115, 120]
    assert right.side_px == pytest.approx(115)
    assert np.degrees(right.roll_rad) == pytest.approx(53.13, abs=0.01)
    assert (left.centre.tolist(), left.roll_rad) == ([220, 100], 0)
