"""What people upload: turned phones, odd frame rates, sizes and colours, made from a real recording."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from services.common.contracts.face import FaceMeasures
from services.common.contracts.labels import MediaKind
from services.common.contracts.results import ModalityResult
from services.common.media.files import MediaFile
from services.video.pipeline import analyze
from services.video.settings import VideoSettings
from tests.face_model import FakeFacePredictor
from tests.media_video import Image, make_video_file, make_video_turned, read_video

pytestmark = pytest.mark.corpora

BLINK_S = 0.9
"""He blinks once, there, in 72 frames at 30 a second."""


@pytest.fixture(scope="module")
def frames(corpora: Path) -> list[Image]:
    return read_video(corpora / "clips" / "single_face.mp4")


def analysed(path: Path, **settings: float) -> ModalityResult:
    media = MediaFile(path, MediaKind.VIDEO, "video/mp4")
    return analyze(media, predictor=FakeFacePredictor(), settings=VideoSettings(**settings))  # type: ignore[arg-type]


def face_of(path: Path, **settings: float) -> FaceMeasures:
    face = analysed(path, **settings).face
    assert face is not None
    assert face.frames is not None
    return face


def assert_blinks_once(face: FaceMeasures, *, within_s: float = 0.1) -> None:
    assert [(blink.start_s + blink.end_s) / 2 for blink in face.blinks] == [
        pytest.approx(BLINK_S, abs=within_s)
    ]


@pytest.mark.parametrize("clockwise_deg", [90, 180, 270])
def test_face_is_upright_however_the_phone_was_held(tmp_path: Path, frames: list[Image], clockwise_deg: int):
    stored = [np.rot90(image, k=clockwise_deg // 90) for image in frames]  # counterclockwise
    path = make_video_turned(
        make_video_file(tmp_path / "a.mp4", stored, rate_hz=30), clockwise_deg=clockwise_deg
    )
    face = face_of(path)
    assert face.frames_with_face == 72
    assert face.head_pose_mean is not None
    assert abs(face.head_pose_mean.roll_deg) < 5
    assert_blinks_once(face)


def test_blink_keeps_its_time_when_the_frame_rate_varies(tmp_path: Path, frames: list[Image]):
    kept = [*range(0, 20, 2), *range(20, 36), *range(36, 72, 3)]  # 15, then 30, then 10 frames a second
    stamps = [round(1000 * number / 30) for number in kept]
    face = face_of(make_video_file(tmp_path / "a.mkv", [frames[i] for i in kept], stamps=stamps))
    assert face.frames_decoded == face.frames_with_face == len(kept)
    assert_blinks_once(face)


def test_time_runs_on_when_the_recorder_paused(tmp_path: Path, frames: list[Image]):
    stamps = [round(1000 * i / 30) + (20_000 if i >= 50 else 0) for i in range(len(frames))]
    result = analysed(make_video_file(tmp_path / "a.mkv", frames, stamps=stamps))
    assert result.face is not None
    assert result.quality is not None
    assert result.quality.duration_s == pytest.approx(22.4, abs=0.1)
    assert_blinks_once(result.face)
    assert result.face.blink_observed_s == pytest.approx(2.37, abs=0.1)
    assert [(s.start_s, s.end_s) for s in result.timeline] == [
        (0.0, pytest.approx(1.7, abs=0.15)),
        (pytest.approx(21.7, abs=0.15), pytest.approx(22.4, abs=0.15)),
    ]


def test_ten_frames_a_second_are_all_used_but_blinks_are_not_counted(tmp_path: Path, frames: list[Image]):
    result = analysed(make_video_file(tmp_path / "a.mp4", frames[::3], rate_hz=10))
    face = result.face
    assert face is not None
    assert face.frames_decoded == face.frames_with_face == 24
    assert face.blinks == []
    assert face.blink_observed_s == 0
    assert face.blink_rate_per_min is None
    assert result.quality is not None
    assert [notice.code for notice in result.quality.reasons] == ["few_frames"]


def test_frames_beyond_the_rate_are_accounted_for_at_120_a_second(tmp_path: Path, frames: list[Image]):
    fourfold = [image for image in frames for _ in range(4)]
    face = face_of(make_video_file(tmp_path / "a.mp4", fourfold, rate_hz=120))
    assert face.frames is not None
    assert face.frames_decoded == 288
    assert face.frames.analysed == face.frames.usable == 72
    assert face.frames.beyond_rate == 216
    assert_blinks_once(face)


def test_every_frame_is_analysed_at_120_a_second_when_the_settings_ask_for_it(
    tmp_path: Path, frames: list[Image]
):
    fourfold = [image for image in frames[:40] for _ in range(4)]
    face = face_of(make_video_file(tmp_path / "a.mp4", fourfold, rate_hz=120), analysed_rate_hz=120.0)
    assert face.frames_analysed == 160
    assert_blinks_once(face)


def enlarged(image: Image) -> Image:
    return np.asarray(cv2.resize(image, (3840, 2160)))


def portrait(image: Image) -> Image:
    return image[:, 218:422]


@pytest.mark.parametrize(
    ("change", "count"), [(enlarged, 6), (portrait, 40)], ids=["2160p", "portrait, face cut close"]
)
def test_face_is_found_whatever_the_size(
    tmp_path: Path, frames: list[Image], change: Callable[[Image], Image], count: int
):
    result = analysed(
        make_video_file(tmp_path / "a.mp4", (change(image) for image in frames[:count]), rate_hz=30)
    )
    assert result.face is not None
    assert result.face.frames_with_face == count
    assert result.quality is not None
    assert [notice.code for notice in result.quality.reasons] == []


@pytest.mark.parametrize("pixel_format", ["gray", "yuv420p10le", "yuv444p", "yuvj420p"])
def test_face_is_found_whatever_the_pixels_are(tmp_path: Path, frames: list[Image], pixel_format: str):
    path = make_video_file(tmp_path / "a.mp4", frames, rate_hz=30, pixel_format=pixel_format)
    face = face_of(path)
    assert face.frames_with_face == 72
    assert_blinks_once(face)
