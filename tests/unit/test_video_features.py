import cv2
import numpy as np
import pytest

from services.video.features import (
    CANONICAL_FACE,
    CROP,
    LEFT_EYE,
    RIGHT_EYE,
    crop_region,
    eye_aspect_ratio,
    eye_openness,
    face_crop,
    head_pose,
    network_input,
    pose_of_rotation,
)
from services.video.landmarks import LANDMARKS, FaceMesh, Region, region_of_mesh

FRAME_PX = (640, 480)


def eye(height: float, width: float = 30.0) -> np.ndarray:
    half = height / 2
    x = width * np.array([0, 1 / 3, 2 / 3, 1, 2 / 3, 1 / 3])
    return np.column_stack([x, [0, -half, -half, 0, half, half]]).astype(np.float32)


def rotation(*, yaw_deg: float = 0, pitch_deg: float = 0, roll_deg: float = 0) -> np.ndarray:
    """Built from the meaning of the angles: roll first, then up or down, then to the side."""
    # right-handed about x (right), y (down), z (away): up is a negative turn about x, and towards the
    # viewer's right a negative turn about y
    about_x = cv2.Rodrigues(np.array([-np.radians(pitch_deg), 0, 0]))[0]
    about_y = cv2.Rodrigues(np.array([0, -np.radians(yaw_deg), 0]))[0]
    about_z = cv2.Rodrigues(np.array([0, 0, np.radians(roll_deg)]))[0]
    return about_y @ about_x @ about_z


def projected_face(turn: np.ndarray, *, distance_mm: float = 700.0) -> np.ndarray:
    """The canonical face in front of a camera with a focal length of the frame's longer side."""
    points = np.zeros((LANDMARKS, 3), np.float32)
    for index, point in CANONICAL_FACE.items():
        x, y, z = turn @ np.array(point) + np.array([0, 0, distance_mm])
        focal = max(FRAME_PX)
        points[index, :2] = focal * x / z + FRAME_PX[0] / 2, focal * y / z + FRAME_PX[1] / 2
    return points


def square_mesh(*, centre: tuple[float, float], side: float, roll_deg: float = 0.0) -> FaceMesh:
    """Landmarks on the rim of a square, eyes level before it is rolled (clockwise)."""
    turn = np.linspace(0, 2 * np.pi, LANDMARKS, endpoint=False)
    rim = np.column_stack([np.cos(turn), np.sin(turn)])
    rim *= side / 2 / np.abs(rim).max(axis=1, keepdims=True)
    rim[33], rim[263] = (-side / 4, -side / 8), (side / 4, -side / 8)
    angle = np.radians(roll_deg)
    clockwise = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    flat = rim @ clockwise + np.array(centre)
    return FaceMesh(np.column_stack([flat, np.zeros(LANDMARKS)]).astype(np.float32), 1.0)


def test_eye_aspect_ratio_is_height_over_width_when_the_lids_are_parallel():
    assert eye_aspect_ratio(eye(height=9.0, width=30.0)) == pytest.approx(0.3)


def test_eye_aspect_ratio_is_the_same_when_the_eye_is_scaled_and_turned():
    turn = cv2.getRotationMatrix2D((0, 0), 25, 3.0)[:, :2]
    assert eye_aspect_ratio((eye(9.0) @ turn.T).astype(np.float32)) == pytest.approx(0.3, rel=1e-5)


def test_eye_aspect_ratio_is_nan_when_the_corners_coincide():
    assert np.isnan(eye_aspect_ratio(np.zeros((6, 2), np.float32)))


@pytest.mark.parametrize(("yaw_deg", "expected"), [(0.0, 0.2), (30.0, 0.3), (-30.0, 0.1)])
def test_the_nearer_eye_counts_when_the_head_is_turned(yaw_deg: float, expected: float):
    points = np.zeros((LANDMARKS, 3), np.float32)
    points[list(RIGHT_EYE), :2], points[list(LEFT_EYE), :2] = eye(9.0), eye(3.0)
    assert eye_openness(points, yaw_deg=yaw_deg) == pytest.approx(expected)


@pytest.mark.parametrize("angles", [{}, {"yaw_deg": 30}, {"pitch_deg": -20}, {"roll_deg": 40}])
def test_head_pose_finds_the_angles_when_the_canonical_face_is_turned(angles: dict[str, float]):
    pose = head_pose(projected_face(rotation(**angles)), frame_size_px=FRAME_PX)
    assert pose is not None
    wanted = {"yaw_deg": 0, "pitch_deg": 0, "roll_deg": 0} | angles
    found = {"yaw_deg": pose.yaw_deg, "pitch_deg": pose.pitch_deg, "roll_deg": pose.roll_deg}
    assert found == pytest.approx(wanted, abs=0.1)


def test_head_pose_keeps_yaw_and_pitch_when_the_head_is_also_rolled():
    pose = pose_of_rotation(rotation(yaw_deg=25, pitch_deg=-15, roll_deg=35))
    assert (pose.yaw_deg, pose.pitch_deg, pose.roll_deg) == pytest.approx((25, -15, 35))


def test_yaw_is_positive_when_the_nose_points_to_the_subjects_left():
    points = projected_face(rotation(yaw_deg=25))
    assert points[1, 0] > (points[33, 0] + points[263, 0]) / 2  # the subject's left is the image's right
    pose = head_pose(points, frame_size_px=FRAME_PX)
    assert pose is not None
    assert pose.yaw_deg > 0


def test_pitch_is_positive_when_the_nose_points_up():
    level, up = projected_face(rotation()), projected_face(rotation(pitch_deg=20))
    assert up[1, 1] < level[1, 1]
    pose = head_pose(up, frame_size_px=FRAME_PX)
    assert pose is not None
    assert pose.pitch_deg > 0


def test_roll_is_positive_when_the_head_tilts_clockwise():
    points = projected_face(rotation(roll_deg=20))
    assert points[263, 1] > points[33, 1]  # the eye on the right of the image is the lower one
    pose = head_pose(points, frame_size_px=FRAME_PX)
    assert pose is not None
    assert pose.roll_deg > 0


def test_crop_puts_the_box_of_the_mesh_where_fer_has_it():
    region = crop_region(square_mesh(centre=(200, 150), side=100))
    assert region.side_px == pytest.approx(100 * CROP.scale)
    assert region.centre == pytest.approx([200, 150 - CROP.lift * region.side_px], abs=0.01)
    assert region.roll_rad == pytest.approx(0, abs=1e-6)


def test_region_follows_the_roll_when_the_head_is_tilted():
    region = region_of_mesh(square_mesh(centre=(200, 150), side=100, roll_deg=30))
    assert np.degrees(region.roll_rad) == pytest.approx(30, abs=0.01)
    assert region.side_px == pytest.approx(150, rel=1e-3)
    assert region.centre == pytest.approx([200, 150], abs=0.1)


def test_square_maps_its_corners_when_the_region_is_rolled():
    region = Region(np.array([50, 40], np.float32), 20.0, np.pi / 2)
    to_square = region.to_square(21)
    # rolled by 90° clockwise, the top of the square lies on the right of the frame
    assert to_square @ [60, 40, 1] == pytest.approx([10, -0.5], abs=0.01)


def test_crop_is_upright_when_the_head_is_tilted():
    upright = np.zeros((300, 400, 3), np.uint8)
    upright[:150] = 220  # bright above the face's centre, dark below
    turn = cv2.getRotationMatrix2D((200, 150), -30, 1.0)  # OpenCV counts counterclockwise
    tilted = cv2.warpAffine(upright, turn, (400, 300), borderMode=cv2.BORDER_REPLICATE)
    straight = face_crop(upright, square_mesh(centre=(200, 150), side=100))
    righted = face_crop(tilted, square_mesh(centre=(200, 150), side=100, roll_deg=30))
    assert righted.shape == (48, 48)
    assert righted.dtype == np.uint8
    assert np.abs(righted.astype(int) - straight).mean() < 4


def test_crop_averages_when_the_face_is_large():
    checks = (np.indices((600, 600)).sum(axis=0) % 2 * 255).astype(np.uint8)
    crop = face_crop(np.repeat(checks[..., None], 3, axis=2), square_mesh(centre=(300, 300), side=400))
    assert crop[8:40, 8:40].std() < 10  # sampling single pixels would leave the pattern


def test_network_input_is_grey_between_0_and_1():
    batch = network_input(np.array([[[0, 255]]], np.uint8))
    assert batch.dtype == np.float32
    assert batch.ravel().tolist() == [0.0, 1.0]
    assert batch.shape == (1, 1, 2, 1)
