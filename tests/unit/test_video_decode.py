from pathlib import Path

import numpy as np
import pytest

from services.common.contracts.results import ErrorCode
from services.common.errors import InputError
from services.video.decode import Frame, VideoSource, scaled_size_px
from tests.media_audio import make_audio_file
from tests.media_video import (
    make_video_file,
    make_video_frames,
    make_video_huge,
    make_video_truncated,
    make_video_turned,
)


def read(
    path: Path,
    *,
    long_side_px: int = 640,
    rate_hz: float = 1000.0,
    max_duration_s: float = 60.0,
    max_pixels: int = 4_000_000,
) -> tuple[VideoSource, list[Frame]]:
    with VideoSource(path, max_duration_s=max_duration_s, max_pixels=max_pixels) as source:
        frames = source.frames(long_side_px=long_side_px, rate_hz=rate_hz, max_decoded_rate_hz=240)
        return source, list(frames)


def code_of(path: Path, **limits: float) -> ErrorCode:
    with pytest.raises(InputError) as caught:
        read(path, **limits)
    return caught.value.code


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm", ".mpg"])
def test_every_frame_comes_with_its_time_whatever_the_container(tmp_path: Path, suffix: str):
    source, frames = read(make_video_file(tmp_path / f"a{suffix}"))
    assert len(frames) == source.decoded == 25
    assert [frame.time_s for frame in frames] == pytest.approx(np.arange(25) / 25, abs=0.002)
    assert frames[0].image.shape == (120, 160, 3)
    assert frames[0].image.dtype == np.uint8
    assert source.decoded_s == pytest.approx(1.0, abs=0.01)
    assert source.share == pytest.approx(1.0, abs=0.05)
    assert not source.truncated
    assert source.bad_packets == 0


def test_time_stamps_are_kept_when_the_frame_rate_varies(tmp_path: Path):
    stamps = [0, 40, 80, 500, 540, 1000]
    _, frames = read(make_video_file(tmp_path / "a.mkv", make_video_frames(6), stamps=stamps))
    assert [frame.time_s for frame in frames] == pytest.approx(np.array(stamps) / 1000, abs=0.001)


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuvj420p", "yuv444p", "gray", "yuv420p10le"])
@pytest.mark.parametrize("size", [(1280, 720), (1282, 722), (500, 1334)])
def test_colours_are_the_same_when_a_frame_is_scaled_far_down(
    tmp_path: Path, size: tuple[int, int], pixel_format: str
):
    width, height = size
    picture = np.zeros((height, width, 3), np.uint8)
    picture[:, : width // 2], picture[:, width // 2 :] = (200, 60, 40), (30, 90, 180)
    path = make_video_file(tmp_path / "a.mkv", [picture] * 2, pixel_format=pixel_format, codec="libx264")
    _, large = read(path, long_side_px=max(size))
    _, small = read(path, long_side_px=320)
    assert max(small[0].image.shape) == 320
    for share in (0.25, 0.75):
        colours = [
            frames[0].image[frames[0].image.shape[0] // 2, int(share * frames[0].image.shape[1])]
            for frames in (large, small)
        ]
        assert colours[0].tolist() == pytest.approx(colours[1].tolist(), abs=3)


def test_frames_are_scaled_when_they_are_large(tmp_path: Path):
    path = make_video_file(tmp_path / "a.mp4", make_video_frames(3, width=1280, height=720, level=90))
    _, frames = read(path, long_side_px=320)
    assert frames[0].image.shape == (180, 320, 3)
    assert np.abs(frames[0].image.astype(int) - 90).max() <= 3


def test_frames_are_turned_when_the_metadata_says_so(tmp_path: Path):
    stored = np.zeros((120, 160, 3), np.uint8)
    stored[:, :80] = 255
    _, frames = read(make_video_turned(make_video_file(tmp_path / "a.mp4", [stored] * 5)))
    image = frames[0].image
    assert image.shape == (160, 120, 3)
    assert image[:70].mean() > 240  # the stored left half is shown at the top
    assert image[90:].mean() < 15


def test_frames_beyond_the_rate_are_decoded_but_not_given_out(tmp_path: Path):
    source, frames = read(make_video_file(tmp_path / "a.mp4", make_video_frames(60), rate_hz=60), rate_hz=30)
    assert source.decoded == 60
    assert len(frames) == source.beyond_rate == 30


def test_no_frame_is_dropped_when_the_source_has_just_that_rate(tmp_path: Path):
    _, frames = read(make_video_file(tmp_path / "a.mp4", make_video_frames(30), rate_hz=30), rate_hz=30)
    assert len(frames) == 30


def test_frames_are_accounted_for_when_their_time_stamps_repeat(tmp_path: Path):
    # Matroska rounds the half milliseconds
    source, frames = read(make_video_file(tmp_path / "a.mkv", make_video_frames(8), rate_hz=2000))
    assert source.decoded == 8
    assert source.out_of_order > 0
    assert len(frames) + source.out_of_order == 8
    assert source.beyond_rate == source.unreadable == 0


def test_sizes_respect_the_shape_of_the_pixels():
    assert scaled_size_px(720, 576, pixel_aspect=16 / 15, long_side_px=640) == (640, 480)
    assert scaled_size_px(320, 240, pixel_aspect=1.0, long_side_px=640) == (320, 240)
    assert scaled_size_px(1080, 1920, pixel_aspect=1.0, long_side_px=640) == (360, 640)
    assert scaled_size_px(10_000, 1, pixel_aspect=1.0, long_side_px=640) == (640, 2)


def test_cut_off_video_gives_what_is_there_and_says_so(tmp_path: Path):
    path = make_video_truncated(tmp_path / "a.mkv", keep=0.5, frames=make_video_frames(75))
    source, frames = read(path)
    assert 20 < len(frames) < 60
    assert source.truncated


def test_video_is_refused_when_its_index_is_cut_off(tmp_path: Path):
    assert code_of(make_video_truncated(tmp_path / "a.mp4", keep=0.8)) is ErrorCode.MEDIA_CORRUPT


def test_missing_file_is_told_apart(tmp_path: Path):
    assert code_of(tmp_path / "none.mp4") is ErrorCode.MEDIA_MISSING


def test_empty_file_is_told_apart(tmp_path: Path):
    (tmp_path / "a.mp4").touch()
    assert code_of(tmp_path / "a.mp4") is ErrorCode.MEDIA_EMPTY


def test_sound_is_refused_when_there_is_no_picture(tmp_path: Path):
    assert code_of(make_audio_file(tmp_path / "a.mp4")) is ErrorCode.NO_VIDEO_STREAM


@pytest.mark.parametrize(
    "content", [b"%PDF-1.7 not a video", b"\0" * 5000, b"#EXTM3U\n/etc/passwd\n", b"\x89PNG"]
)
def test_lying_extension_is_corrupt_media(tmp_path: Path, content: bytes):
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    assert code_of(path) is ErrorCode.MEDIA_CORRUPT


def test_playlist_opens_no_other_file(tmp_path: Path):
    other = make_video_file(tmp_path / "other.mpg")
    playlist = tmp_path / "a.m3u8"
    playlist.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{other}\n#EXT-X-ENDLIST\n")
    assert code_of(playlist) is ErrorCode.MEDIA_CORRUPT


def test_video_is_refused_when_it_says_it_is_too_long(tmp_path: Path):
    path = make_video_file(tmp_path / "a.mp4")
    assert code_of(path, max_duration_s=0.5) is ErrorCode.MEDIA_TOO_LONG


def test_video_is_refused_when_it_turns_out_too_long(tmp_path: Path):
    stamps = [0, 40, 80, 120]
    path = make_video_file(tmp_path / "a.mpg", make_video_frames(50))
    assert code_of(path, max_duration_s=1.0) is ErrorCode.MEDIA_TOO_LONG
    path = make_video_file(tmp_path / "b.mkv", make_video_frames(4), stamps=[*stamps[:3], 90_000])
    assert code_of(path, max_duration_s=60.0) is ErrorCode.MEDIA_TOO_LONG


def test_large_picture_is_refused_before_it_is_decoded(tmp_path: Path):
    path = make_video_file(tmp_path / "a.mp4", make_video_frames(1, width=640, height=480, level=0))
    assert code_of(path, max_pixels=640 * 480 - 1) is ErrorCode.MEDIA_UNSUPPORTED


def test_stream_is_believed_when_the_container_declares_a_huge_picture(tmp_path: Path):
    _, frames = read(make_video_huge(tmp_path / "a.mp4"))
    assert len(frames) == 25
    assert frames[0].image.shape == (120, 160, 3)


def test_pictures_are_skipped_when_they_grow_huge_in_the_middle(tmp_path: Path):
    small = make_video_file(tmp_path / "small.h264", make_video_frames(30))
    large = make_video_file(tmp_path / "large.h264", make_video_frames(3, width=1600, height=1200, level=0))
    path = tmp_path / "a.h264"
    path.write_bytes(small.read_bytes() + large.read_bytes())
    assert len(read(path)[1]) == 33
    source, frames = read(path, max_pixels=320 * 240)
    assert 0 < len(frames) <= 30
    assert {frame.image.shape for frame in frames} == {(120, 160, 3)}
    assert source.bad_packets > 0


def test_hostile_bytes_raise_nothing_but_input_errors(tmp_path: Path):
    generator = np.random.default_rng(0)
    originals = [make_video_file(tmp_path / f"a{suffix}") for suffix in (".mp4", ".mkv", ".webm", ".mpg")]
    outcomes: set[str] = set()
    for number in range(60):
        content = bytearray(originals[number % len(originals)].read_bytes())
        for place in generator.integers(0, len(content), size=int(generator.integers(1, 60))):
            content[place] = int(generator.integers(256))
        path = tmp_path / f"hostile{number}"
        path.write_bytes(content[: int(len(content) * generator.uniform(0.2, 1.2))])
        try:
            _, frames = read(path)
            outcomes.add("frames" if frames else "none")
        except InputError as fault:
            outcomes.add(fault.code)
    assert {"frames", ErrorCode.MEDIA_CORRUPT} <= outcomes
    assert "none" not in outcomes
