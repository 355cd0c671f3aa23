import cv2
import numpy as np
import pytest
from pydantic import ValidationError

from services.common.contracts.face import FrameCount, LostFrames
from services.video.features import Pose
from services.video.quality import Fault, absence_fault, count_lost, detail, explain_absence, face_fault
from services.video.remarks import lost_notices, no_face_reason

FRONTAL = Pose(yaw_deg=5.0, pitch_deg=-5.0, roll_deg=60.0)
SHADE = np.linspace(60, 180, 48)[:, np.newaxis]
CROP = (SHADE + np.random.default_rng(0).integers(-20, 21, (48, 48))).astype(np.uint8)
NONE, TURNED, AWAY = Fault.NONE, Fault.TURNED_AWAY, Fault.NO_FACE


def counted(analysed: int, usable: int, **lost: int) -> FrameCount:
    return FrameCount(decoded=analysed, analysed=analysed, usable=usable, lost=LostFrames(**lost))


def test_face_is_usable_when_it_is_bright_large_sharp_and_frontal():
    assert face_fault(CROP, side_px=100, pose=FRONTAL) is Fault.NONE


@pytest.mark.parametrize(
    ("crop", "side_px", "pose", "fault"),
    [
        (CROP // 16, 100, FRONTAL, Fault.TOO_DARK),
        (CROP, 20, FRONTAL, Fault.TOO_SMALL),
        (CROP, 100, Pose(-55.0, 0.0, 0.0), Fault.TURNED_AWAY),
        (CROP, 100, Pose(0.0, 50.0, 0.0), Fault.TURNED_AWAY),
        (CROP, 100, None, Fault.TURNED_AWAY),
        (cv2.GaussianBlur(CROP, (0, 0), 4.0), 100, FRONTAL, Fault.BLURRED),
    ],
)
def test_face_is_lost_for_the_reason_that_holds(
    crop: np.ndarray, side_px: float, pose: Pose | None, fault: Fault
):
    assert face_fault(crop, side_px=side_px, pose=pose) is fault


def test_detail_falls_when_a_picture_is_blurred_and_is_zero_when_it_is_flat():
    assert detail(CROP) > 0.2
    assert detail(np.asarray(cv2.GaussianBlur(CROP, (0, 0), 2.0))) < 0.1
    assert detail(np.full((48, 48), 90, np.uint8)) == 0.0


def test_frame_without_a_face_has_a_reason():
    frame = np.random.default_rng(1).integers(0, 256, (360, 640, 3), dtype=np.uint8)
    coarse = cv2.resize(cv2.resize(frame, (4, 3)), (640, 360), interpolation=cv2.INTER_CUBIC)
    assert absence_fault(frame, detected_px=None) is Fault.NO_FACE
    assert absence_fault(frame // 20, detected_px=None) is Fault.TOO_DARK
    assert absence_fault(np.asarray(coarse), detected_px=None) is Fault.BLURRED
    assert absence_fault(frame, detected_px=80.0) is Fault.COVERED
    assert absence_fault(frame, detected_px=12.0) is Fault.TOO_SMALL


def test_flat_wall_is_no_face_rather_than_blurred():
    assert absence_fault(np.full((360, 640, 3), 120, np.uint8), detected_px=None) is Fault.NO_FACE


@pytest.mark.parametrize("turned_deg", [0.0, 60.0])
def test_absence_is_explained_by_turning_away_only_when_the_face_was_turned(turned_deg: float):
    faults = np.array([NONE, AWAY, Fault.COVERED, Fault.TOO_DARK, AWAY], np.uint8)
    explained = explain_absence(
        faults,
        np.array([0.0, 1.0, 2.0, 2.5, 3.5]),
        seen=np.array([True, False, False, False, False]),
        turned_deg=np.array([turned_deg, 0, 0, 0, 0], np.float32),
    )
    away = [TURNED, TURNED] if turned_deg else [AWAY, Fault.COVERED]
    assert explained.tolist() == [NONE, *away, Fault.TOO_DARK, AWAY]


def test_absence_is_unexplained_before_the_face_was_ever_seen():
    explained = explain_absence(
        np.array([AWAY, NONE], np.uint8),
        np.array([0.0, 1.0]),
        seen=np.array([False, True]),
        turned_deg=np.array([90.0, 90.0], np.float32),
    )
    assert explained.tolist() == [AWAY, NONE]


def test_every_fault_is_counted_once():
    lost = count_lost(np.array([*Fault, Fault.BLURRED], np.uint8))
    assert lost == LostFrames(too_dark=1, too_small=1, turned_away=1, blurred=2, covered=1, no_face=1)
    assert lost.total == 7


def test_count_is_refused_when_a_frame_is_missing():
    with pytest.raises(ValidationError, match="between decoding and analysis"):
        FrameCount(decoded=10, analysed=9, usable=9)
    with pytest.raises(ValidationError, match="between analysis and measures"):
        FrameCount(decoded=10, analysed=10, usable=8, lost=LostFrames(too_dark=1))


def test_reasons_are_told_the_costliest_first_when_they_cost_much():
    frames = counted(100, 60, blurred=10, turned_away=25, too_small=4, no_face=1)
    notices = lost_notices(frames, least_share=0.05)
    assert [notice.code for notice in notices] == ["frames_turned", "frames_blurred"]
    assert notices[0].detail == "The face was turned away in 25% of the frames; face the camera."


@pytest.mark.parametrize(
    ("lost", "word"), [({"too_dark": 9, "no_face": 1}, "dark"), ({"no_face": 10}, "No face"), ({}, "No face")]
)
def test_refusal_names_the_reason_that_cost_most(lost: dict[str, int], word: str):
    assert word in no_face_reason(counted(sum(lost.values()), 0, **lost))
