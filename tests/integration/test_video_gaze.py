"""Gaze on real recordings, with the network that is served."""

from pathlib import Path

import numpy as np
import pytest

from services.common.contracts.face import Gaze
from services.common.contracts.labels import MediaKind
from services.common.media.files import MediaFile
from services.common.serving.registry import IRIS
from services.video.decode import VideoSource
from services.video.gaze import LEAST_APERTURE, LEVEL_OFFSET, IrisFinder
from services.video.pipeline import analyze
from services.video.settings import VideoSettings
from services.video.tracking import FaceTracker, load_model
from tests.face_model import FakeFacePredictor
from tests.media_video import make_video_changed

pytestmark = pytest.mark.corpora


@pytest.fixture
def clips(corpora: Path) -> Path:
    return corpora / "clips"


def gaze_of(path: Path) -> Gaze:
    media = MediaFile(path, MediaKind.VIDEO, "video/mp4")
    face = analyze(media, predictor=FakeFacePredictor(), settings=VideoSettings()).face
    assert face is not None
    assert face.gaze is not None
    return face.gaze


@pytest.mark.parametrize("name", ["grid_bbaf2n.mpg", "grid_lbax4n.mpg", "grid_swiz3n.mpg", "single_face.mp4"])
def test_people_who_face_the_camera_look_at_it(clips: Path, name: str):
    gaze = gaze_of(clips / name)
    assert gaze.samples >= 6
    assert gaze.towards_camera_share == 1.0


def test_a_woman_who_looks_up_and_around_rarely_looks_at_the_camera(clips: Path):
    gaze = gaze_of(clips / "WolfgangLanger_Pexels.mp4")
    assert 33 < gaze.samples < 48  # of 59: for seven seconds her eyes are closed
    assert gaze.towards_camera_share is not None
    assert gaze.towards_camera_share < 0.25
    assert gaze.pitch_mean_deg is not None
    assert gaze.pitch_mean_deg > 8


def test_left_and_right_change_places_when_the_picture_is_mirrored(clips: Path, tmp_path: Path):
    source = clips / "WolfgangLanger_Pexels.mp4"
    copy = make_video_changed(tmp_path / "a.mp4", source, lambda image: image[:, ::-1], rate_hz=24)
    before, after = gaze_of(source), gaze_of(copy)
    assert before.yaw_mean_deg is not None
    assert abs(before.yaw_mean_deg) > 3
    assert after.yaw_mean_deg == pytest.approx(-before.yaw_mean_deg, abs=3)
    assert after.pitch_mean_deg == pytest.approx(before.pitch_mean_deg, abs=3)


def test_there_is_no_share_when_the_looks_are_too_few(clips: Path, tmp_path: Path):
    source = clips / "grid_lwbsza.mpg"
    shown = iter(range(100))

    def brief(image: np.ndarray) -> np.ndarray:
        return image if next(shown) < 25 else np.full_like(image, 120)

    gaze = gaze_of(make_video_changed(tmp_path / "a.mp4", source, brief, rate_hz=25))
    assert 0 < gaze.samples < 5
    assert gaze.towards_camera_share is None


def test_level_eyes_are_those_of_the_speakers_of_grid(clips: Path):
    settings = VideoSettings()
    irises = IrisFinder(load_model(settings.models_dir, IRIS))
    means = []
    for path in sorted(clips.glob("grid_*.mpg")):
        tracker, downs = FaceTracker.from_settings(settings), []
        with VideoSource(path, max_duration_s=60, max_pixels=10**6) as source:
            for frame in source.frames(long_side_px=640, rate_hz=6, max_decoded_rate_hz=240):
                mesh = tracker.follow(frame.image, frame.time_s).mesh
                assert mesh is not None
                eyes = [irises.look(frame.image, mesh, left=left) for left in (False, True)]
                if min(eye.aperture for eye in eyes) >= LEAST_APERTURE:
                    downs.append(np.mean([eye.down for eye in eyes]))
        means.append(np.mean(downs))
    assert len(means) == 10
    assert np.mean(means) == pytest.approx(LEVEL_OFFSET, abs=0.004)
