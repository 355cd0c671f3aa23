"""Synthetic video files, written with PyAV and by hand. Every maker returns the path that it wrote."""

import struct
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
CODECS = {
    ".mp4": "libx264",
    ".mov": "libx264",
    ".mkv": "mpeg4",
    ".webm": "libvpx",
    ".mpg": "mpeg1video",
    ".h264": "libx264",
}
ONE = 1 << 16
TURNED_CLOCKWISE = {
    90: (0, ONE, 0, -ONE, 0, 0, 0, 0, 1 << 30),
    180: (-ONE, 0, 0, 0, -ONE, 0, 0, 0, 1 << 30),
    270: (0, -ONE, 0, ONE, 0, 0, 0, 0, 1 << 30),
}
"""Display matrices of ISO/IEC 14496-12, section 8.3.2; at 90° the stored left edge is shown at the top."""


def make_video_frames(
    count: int = 25, *, width: int = 160, height: int = 120, level: int | None = None, seed: int = 0
) -> Iterator[Image]:
    """Noise, or one grey level. Shape `(height, width, 3)`, uint8 RGB."""
    generator = np.random.default_rng(seed)
    for _ in range(count):
        if level is None:
            yield generator.integers(0, 256, (height, width, 3), dtype=np.uint8)
        else:
            yield np.full((height, width, 3), level, dtype=np.uint8)


def make_video_file(
    path: Path,
    frames: Iterable[Image] | None = None,
    *,
    rate_hz: int = 25,
    stamps: list[int] | None = None,
    pixel_format: str = "yuv420p",
    codec: str | None = None,
) -> Path:
    """Encode frames into the container that the suffix names.

    Args:
        path: `.mp4`, `.mov`, `.mkv`, `.webm`, `.mpg` or `.h264`.
        frames: alike in size; noise by default.
        rate_hz: frames per second.
        stamps: time stamps in milliseconds instead of an even rate.
        pixel_format: what the codec stores.
        codec: by default that of the suffix.
    """
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec or CODECS[path.suffix], rate=rate_hz)
        stream.pix_fmt = pixel_format
        if (codec or CODECS[path.suffix]) == "libx264":
            stream.options = {"preset": "ultrafast"}
        stream.codec_context.time_base = Fraction(1, 1000) if stamps else Fraction(1, rate_hz)
        for number, image in enumerate(make_video_frames() if frames is None else frames):
            if number == 0:
                stream.height, stream.width = image.shape[:2]
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.time_base = stream.codec_context.time_base
            frame.pts = stamps[number] if stamps else number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def read_video(path: Path) -> list[Image]:
    """Every frame of a file, for making another from it."""
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def make_video_changed(path: Path, source: Path, change: Callable[[Image], Image], *, rate_hz: int) -> Path:
    """`source` with every picture changed."""
    return make_video_file(path, (change(image) for image in read_video(source)), rate_hz=rate_hz)


def make_video_turned(path: Path, *, clockwise_deg: int = 90) -> Path:
    """Have the metadata of an MP4 ask for a turn, as a phone does that was not held lying."""
    content = bytearray(path.read_bytes())
    matrix_at = content.index(b"tkhd") + 4 + 40
    content[matrix_at : matrix_at + 36] = struct.pack(">9i", *TURNED_CLOCKWISE[clockwise_deg])
    path.write_bytes(content)
    return path


def make_video_truncated(path: Path, *, keep: float, frames: Iterable[Image] | None = None) -> Path:
    """A streamable file (header first) cut off after a share of its bytes."""
    content = make_video_file(path, frames).read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])
    return path


def make_video_huge(path: Path, *, side_px: int = 30_000) -> Path:
    """A small MP4 whose sample entry and track header declare a huge picture."""
    content = bytearray(make_video_file(path).read_bytes())
    tkhd = content.index(b"tkhd") + 4
    content[tkhd + 76 : tkhd + 84] = struct.pack(">II", side_px << 16, side_px << 16)
    entry = content.index(b"avc1", content.index(b"stsd")) + 4
    content[entry + 24 : entry + 28] = struct.pack(">HH", side_px, side_px)
    path.write_bytes(content)
    return path
