"""The face analysis on real recordings, with the models that are served."""

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from services.common.contracts.labels import EMOTIONS, MediaKind, ModalityStatus
from services.common.contracts.results import ErrorCode, ModalityResult
from services.common.errors import InputError, TemporaryError
from services.common.media.files import MediaFile
from services.common.serving.litert import LiteRtPredictor
from services.common.serving.registry import FACE_ACTIVATION, FACE_EMOTION
from services.common.settings import CommonSettings
from services.common.statistics.perceived_time import timeline_words
from services.video.face_words import frame_words
from services.video.pipeline import IN_PROCESS, analyze
from services.video.salience import can_explain
from services.video.settings import VideoSettings
from tests.face_model import FakeFacePredictor, UnreachableFacePredictor
from tests.media_video import (
    Image,
    make_video_changed,
    make_video_file,
    make_video_truncated,
    make_video_turned,
    read_video,
)

pytestmark = pytest.mark.corpora


@pytest.fixture(scope="module")
def predictor() -> LiteRtPredictor:
    return LiteRtPredictor(models_dir=CommonSettings().models_dir)


@pytest.fixture
def clips(corpora: Path) -> Path:
    return corpora / "clips"


def analysed(path: Path, predictor: object = None, **settings: float) -> ModalityResult:
    media = MediaFile(path, MediaKind.VIDEO, "video/mp4")
    chosen = predictor or FakeFacePredictor()
    return analyze(media, predictor=chosen, settings=VideoSettings(**settings))  # type: ignore[arg-type]


def lost(result: ModalityResult) -> dict[str, int]:
    """Reasons for which frames were lost, those that cost none left out."""
    assert result.face is not None
    assert result.face.frames is not None
    return {reason: count for reason, count in result.face.frames.lost.model_dump().items() if count}


def remarks(result: ModalityResult) -> set[str]:
    assert result.quality is not None
    return {notice.code for notice in result.quality.reasons}


def test_one_face_is_scored_in_every_frame(clips: Path, predictor: LiteRtPredictor):
    result = analysed(clips / "single_face.mp4", predictor)
    assert result.status is ModalityStatus.SUCCEEDED
    assert result.face is not None
    assert result.quality is not None
    assert result.emotions is not None
    assert result.face.frames_decoded == result.face.frames_with_face == 72
    assert result.face.max_faces == 1
    assert result.face.frames is not None
    assert result.face.frames.summary == frame_words(result.face.frames)
    assert result.timeline_summary == timeline_words(result.timeline)
    assert result.quality.coverage == 1.0
    assert result.quality.duration_s == pytest.approx(2.4, abs=0.05)
    assert sum(result.emotions.values()) == pytest.approx(1.0, abs=0.01)
    explained = [FACE_ACTIVATION] if can_explain(predictor) else []
    assert [model.name for model in result.models] == [FACE_EMOTION, *explained, *IN_PROCESS]
    # he looks into the camera, blinks once at 0.9 s, and starts to smile
    assert [(blink.start_s, blink.end_s) for blink in result.face.blinks] == [
        (pytest.approx(0.84, abs=0.05), pytest.approx(0.96, abs=0.05))
    ]
    assert result.face.head_pose_mean is not None
    assert abs(result.face.head_pose_mean.yaw_deg) < 10
    assert [segment.label for segment in result.timeline] == ["neutral", "happy"]
    assert remarks(result) == set()


def test_timeline_lies_inside_the_video(clips: Path, predictor: LiteRtPredictor):
    result = analysed(clips / "WolfgangLanger_Pexels.mp4", predictor)
    edges = [(segment.start_s, segment.end_s) for segment in result.timeline]
    assert edges[0][0] == 0.0
    assert edges[-1][1] == pytest.approx(19.69, abs=0.05)
    assert all(end == following for (_, end), (following, _) in pairwise(edges))


def test_clip_without_a_face_is_refused(clips: Path):
    with pytest.raises(InputError) as caught:
        analysed(clips / "no_face.mp4")
    assert caught.value.code is ErrorCode.NO_FACE


def test_coverage_says_how_long_the_face_was_there(clips: Path):
    result = analysed(clips / "face_noface.mov")
    assert result.quality is not None
    assert result.quality.coverage == pytest.approx(0.43, abs=0.02)
    assert remarks(result) == {"face_missing"}
    assert sum(lost(result).values()) == 96
    assert lost(result)["no_face"] >= 92  # one is nearly black, two hold something like a face
    assert result.timeline[-1].end_s < 2.8


@pytest.mark.parametrize("name", ["bbaf2n", "brbk7n", "lbax4n", "lwbsza", "pwij3p", "swiz3n"])
def test_speakers_are_followed_through_the_whole_clip(clips: Path, name: str):
    result = analysed(clips / f"grid_{name}.mpg")
    assert result.face is not None
    assert result.face.frames_with_face == 75
    assert result.face.max_faces == 1


def test_blinks_are_those_that_were_seen_by_eye(clips: Path):
    counts = {"bbaf2n": 2, "brbk7n": 1, "lbax4n": 1, "lwbsza": 0, "swiz3n": 0}
    for name, count in counts.items():
        result = analysed(clips / f"grid_{name}.mpg")
        assert result.face is not None
        assert len(result.face.blinks) == count, name
        assert result.face.blink_rate_per_min is None  # three seconds say nothing about a rate


def test_expressions_are_sampled_at_the_rate_that_is_set(clips: Path):
    for rate_hz in (2.0, 5.0):
        predictor = FakeFacePredictor()
        analysed(clips / "single_face.mp4", predictor, expression_rate_hz=rate_hz, expression_batch=4)
        assert sum(len(batch) for batch in predictor.batches) == int(2.4 * rate_hz) + 1 - (rate_hz == 5.0)
        assert max(len(batch) for batch in predictor.batches) == 4


def test_several_faces_are_counted(clips: Path, tmp_path: Path):
    def twice(image: Image) -> Image:
        return np.concatenate([image, image[:, ::-1]], axis=1)

    path = make_video_changed(tmp_path / "a.mp4", clips / "single_face.mp4", twice, rate_hz=30)
    result = analysed(path)
    assert result.face is not None
    assert result.face.max_faces == 2
    assert remarks(result) == {"several_faces"}


def test_frames_are_lost_for_the_reason_that_was_filmed(clips: Path, tmp_path: Path):
    faults = {
        "too_dark": lambda image: image // 14,
        "blurred": lambda image: np.asarray(cv2.GaussianBlur(image, (0, 0), 12.0)),
        "no_face": lambda image: np.full_like(image, 120),
    }
    for reason, change in faults.items():
        frames = read_video(clips / "single_face.mp4")
        changed = [change(image) if 20 <= number < 50 else image for number, image in enumerate(frames)]
        result = analysed(make_video_file(tmp_path / f"{reason}.mp4", changed, rate_hz=30))
        assert lost(result) == {reason: pytest.approx(30, abs=3)}, reason
        assert result.quality is not None
        assert result.quality.coverage == pytest.approx(42 / 72, abs=0.05)


def test_dark_video_is_remarked_on(clips: Path, tmp_path: Path):
    path = make_video_changed(
        tmp_path / "a.mp4", clips / "single_face.mp4", lambda image: image // 6, rate_hz=30
    )
    assert "dark" in remarks(analysed(path))


def test_small_face_is_remarked_on(clips: Path, tmp_path: Path):
    def far(image: Image) -> Image:
        framed = np.full((720, 1280, 3), 128, np.uint8)
        framed[200:560, 300:940] = image
        return framed

    path = make_video_changed(tmp_path / "a.mp4", clips / "single_face.mp4", far, rate_hz=30)
    result = analysed(path, small_face_px=120.0)
    assert result.face is not None
    assert result.face.frames_with_face > 60
    assert "small_face" in remarks(result)


def test_far_face_is_found_with_a_second_detector(clips: Path, tmp_path: Path):
    def far(image: Image) -> Image:
        framed = np.full((720, 1280, 3), 128, np.uint8)
        framed[300:480, 500:820] = cv2.resize(image, (320, 180), interpolation=cv2.INTER_AREA)
        return framed

    path = make_video_changed(tmp_path / "a.mp4", clips / "single_face.mp4", far, rate_hz=30)
    face = analysed(path).face
    assert face is not None
    assert face.frames_with_face > 60
    assert face.faces[0].side_px < 60


def test_cut_off_video_is_scored_and_remarked_on(clips: Path, tmp_path: Path):
    frames = read_video(clips / "single_face.mp4")
    path = make_video_truncated(tmp_path / "a.mkv", keep=0.5, frames=frames)
    result = analysed(path)
    assert result.face is not None
    assert 10 < result.face.frames_with_face < 60
    assert "truncated" in remarks(result)


def test_face_is_found_when_the_phone_was_held_upright(clips: Path, tmp_path: Path):
    path = make_video_changed(tmp_path / "a.mp4", clips / "single_face.mp4", np.rot90, rate_hz=30)
    straight, turned = analysed(clips / "single_face.mp4"), analysed(make_video_turned(path))
    assert straight.face is not None
    assert turned.face is not None
    assert turned.face.frames_with_face == 72
    assert straight.face.head_pose_mean is not None
    assert turned.face.head_pose_mean is not None
    assert turned.face.head_pose_mean.roll_deg == pytest.approx(
        straight.face.head_pose_mean.roll_deg, abs=1.0
    )


def test_roll_is_measured_when_the_picture_is_tilted(clips: Path, tmp_path: Path):
    def tilted(image: Image) -> Image:
        height, width = image.shape[:2]
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), -20, 1.0)  # clockwise
        return np.asarray(cv2.warpAffine(image, turn, (width, height)))

    path = make_video_changed(tmp_path / "a.mp4", clips / "single_face.mp4", tilted, rate_hz=30)
    before, after = analysed(clips / "single_face.mp4").face, analysed(path).face
    assert before is not None
    assert after is not None
    assert before.head_pose_mean is not None
    assert after.head_pose_mean is not None
    assert after.head_pose_mean.roll_deg - before.head_pose_mean.roll_deg == pytest.approx(20, abs=2)
    assert after.head_pose_mean.yaw_deg == pytest.approx(before.head_pose_mean.yaw_deg, abs=4)
    assert len(after.blinks) == len(before.blinks)


def test_blinks_are_about_the_same_when_half_the_frames_are_missing(clips: Path, tmp_path: Path):
    frames = read_video(clips / "WolfgangLanger_Pexels.mp4")
    half = make_video_file(tmp_path / "a.mp4", frames[::2], rate_hz=12)
    fast, slow = analysed(clips / "WolfgangLanger_Pexels.mp4"), analysed(half)
    assert fast.face is not None
    assert slow.face is not None
    assert abs(len(fast.face.blinks) - len(slow.face.blinks)) <= 2


def test_progress_grows_to_one(clips: Path):
    told: list[float] = []
    media = MediaFile(clips / "single_face.mp4", MediaKind.VIDEO, "video/mp4")
    analyze(media, predictor=FakeFacePredictor(), settings=VideoSettings(), progress=told.append)
    assert told == sorted(told)
    assert len(told) > 2
    assert told[-1] == 1.0


def test_fault_of_the_model_server_is_passed_on(clips: Path):
    with pytest.raises(TemporaryError):
        analysed(clips / "single_face.mp4", UnreachableFacePredictor())


def test_missing_models_are_a_temporary_fault(clips: Path, tmp_path: Path):
    media = MediaFile(clips / "single_face.mp4", MediaKind.VIDEO, "video/mp4")
    with pytest.raises(TemporaryError) as caught:
        analyze(media, predictor=FakeFacePredictor(), settings=VideoSettings(models_dir=tmp_path))
    assert caught.value.code is ErrorCode.MODEL_UNAVAILABLE


def test_served_model_knows_the_labels(predictor: LiteRtPredictor):
    assert predictor.manifest(FACE_EMOTION).labels == [str(emotion) for emotion in EMOTIONS]
