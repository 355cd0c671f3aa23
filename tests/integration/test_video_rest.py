"""The resting face on a real speaker whom the served network calls sad, though he only reads a sentence."""

from pathlib import Path

import pytest

from services.common.contracts.labels import Emotion, MediaKind
from services.common.media.files import MediaFile
from services.common.serving.litert import LiteRtPredictor
from services.common.settings import CommonSettings
from services.video.pipeline import analyze
from services.video.settings import VideoSettings
from tests.media_video import Image, make_video_file, read_video

pytestmark = pytest.mark.corpora


def there_and_back(frames: list[Image], times: int) -> list[Image]:
    return [*frames, *frames[::-1]] * times


def test_a_resting_face_loses_what_it_always_shows_and_keeps_its_smile(corpora: Path, tmp_path: Path):
    clips = corpora / "clips"
    recordings = {
        "rest": there_and_back(read_video(clips / "grid_bbaf2n.mpg")[20:], 3),
        "smile": there_and_back(read_video(clips / "single_face.mp4")[30:], 4),
    }
    predictor = LiteRtPredictor(models_dir=CommonSettings().models_dir)
    for name, frames in recordings.items():
        path = make_video_file(tmp_path / f"{name}.mp4", frames, rate_hz=25)
        media = MediaFile(path, MediaKind.VIDEO, "video/mp4")
        result = analyze(media, predictor=predictor, settings=VideoSettings())
        assert result.emotions is not None
        assert result.face is not None
        after = result.face.emotions_from_rest
        assert after is not None
        if name == "rest":
            assert after[Emotion.SAD] < result.emotions[Emotion.SAD]
            assert max(after, key=lambda emotion: after[emotion]) is Emotion.NEUTRAL
        else:
            assert max(after, key=lambda emotion: after[emotion]) is Emotion.HAPPY
