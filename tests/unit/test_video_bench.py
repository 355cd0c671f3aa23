from pathlib import Path

from bench.recordings import decode_video, enlarge_video
from tests.media_video import make_video_file, make_video_frames, read_video


def test_a_clip_is_written_in_1080p_with_grain_when_the_bench_asks_for_it(tmp_path: Path):
    source = make_video_file(tmp_path / "a.mp4", make_video_frames(6, level=120))
    target = tmp_path / "b.mp4"
    enlarge_video(source, target, frames=4)
    assert decode_video(target) == 4
    picture = read_video(target)[0]
    assert picture.shape == (1080, 1920, 3)
    assert 1.0 < picture.std() < 6.0
