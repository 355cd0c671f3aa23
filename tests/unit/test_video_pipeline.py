from pathlib import Path

import numpy as np
import pytest

from services.common.contracts.labels import MediaKind
from services.common.contracts.results import ErrorCode
from services.common.errors import InputError
from services.common.media.files import MediaFile
from services.video.pipeline import analyze
from services.video.remarks import NO_FACE_SENTENCES
from services.video.settings import VideoSettings
from tests.face_model import FakeFacePredictor
from tests.media_audio import make_audio_file
from tests.media_video import make_video_file, make_video_frames, make_video_truncated


def code_of(path: Path) -> ErrorCode:
    media = MediaFile(path, MediaKind.VIDEO, "video/mp4")
    with pytest.raises(InputError) as caught:
        analyze(media, predictor=FakeFacePredictor(), settings=VideoSettings())
    assert caught.value.reason.endswith(".")
    return caught.value.code


def test_noise_has_no_face(tmp_path: Path):
    assert code_of(make_video_file(tmp_path / "a.mp4")) is ErrorCode.NO_FACE


def test_black_video_has_no_face(tmp_path: Path):
    path = make_video_file(tmp_path / "a.webm", make_video_frames(10, level=0))
    assert code_of(path) is ErrorCode.NO_FACE


def test_refusal_says_what_to_do_when_the_video_is_black(tmp_path: Path):
    path = make_video_file(tmp_path / "a.webm", make_video_frames(10, level=0))
    with pytest.raises(InputError) as caught:
        analyze(
            MediaFile(path, MediaKind.VIDEO, "video/webm"),
            predictor=FakeFacePredictor(),
            settings=VideoSettings(),
        )
    assert caught.value.reason == NO_FACE_SENTENCES["too_dark"]


def test_cut_off_noise_has_no_face(tmp_path: Path):
    path = make_video_truncated(tmp_path / "a.mkv", keep=0.5, frames=make_video_frames(50))
    assert code_of(path) is ErrorCode.NO_FACE


def test_extreme_sizes_have_no_face(tmp_path: Path):
    path = make_video_file(tmp_path / "a.mp4", make_video_frames(3, width=2000, height=2))
    assert code_of(path) is ErrorCode.NO_FACE
    path = make_video_file(tmp_path / "b.mkv", make_video_frames(3, width=16, height=16))
    assert code_of(path) is ErrorCode.NO_FACE


def test_sound_alone_has_no_video_stream(tmp_path: Path):
    assert code_of(make_audio_file(tmp_path / "a.mp4")) is ErrorCode.NO_VIDEO_STREAM


def test_garbage_is_corrupt(tmp_path: Path):
    path = tmp_path / "a.mp4"
    path.write_bytes(np.random.default_rng(0).bytes(20_000))
    assert code_of(path) is ErrorCode.MEDIA_CORRUPT


def test_settings_take_the_models_folder_of_the_installation(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("CANDOR_MODELS_DIR", str(tmp_path))
    assert VideoSettings().models_dir == tmp_path
    assert VideoSettings(models_dir=Path("x")).models_dir == Path("x")
