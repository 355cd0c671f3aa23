"""Synthetic sound files, written with PyAV and by hand. Every maker returns the path that it wrote."""

import struct
import wave
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

CODECS = {
    ".wav": "pcm_s16le",
    ".flac": "flac",
    ".mp3": "mp3",
    ".mp4": "aac",
    ".m4a": "aac",
    ".mov": "aac",
    ".webm": "libopus",
    ".opus": "libopus",
    ".ogg": "libopus",
    ".mkv": "pcm_s16le",
}

LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}


def make_audio_tone(
    seconds: float = 1.0, *, rate_hz: int = 16_000, pitch_hz: float = 440.0
) -> NDArray[np.float32]:
    """A sine of amplitude 0.5, shape `(n,)`."""
    time_s = np.arange(int(seconds * rate_hz)) / rate_hz
    return (0.5 * np.sin(2 * np.pi * pitch_hz * time_s)).astype(np.float32)


def make_audio_silence(seconds: float = 1.0, *, rate_hz: int = 16_000) -> NDArray[np.float32]:
    return np.zeros(int(seconds * rate_hz), np.float32)


def make_audio_file(
    path: Path,
    samples: NDArray[np.float32] | None = None,
    *,
    rate_hz: int = 16_000,
    channels: int = 1,
    with_video: bool = False,
) -> Path:
    """Encode samples into the container that the suffix names, alike in every channel.

    With `with_video` the file also has a black video stream of the same length.
    """
    sound = make_audio_tone(rate_hz=rate_hz) if samples is None else samples
    with av.open(str(path), "w") as container:
        stream = container.add_stream(CODECS[path.suffix], rate=rate_hz)
        stream.layout = LAYOUTS[channels]
        video = _black_stream(container) if with_video else None
        for start in range(0, len(sound), 1024):
            block = np.repeat(sound[start : start + 1024], channels)
            frame = av.AudioFrame.from_ndarray(
                (block * 32_767).astype(np.int16)[np.newaxis], format="s16", layout=stream.layout
            )
            frame.sample_rate, frame.pts, frame.time_base = rate_hz, start, Fraction(1, rate_hz)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if video is not None:
            _write_black(container, video, seconds=len(sound) / rate_hz)
    return path


def make_audio_many_channels(path: Path, *, channels: int, rate_hz: int = 48_000) -> Path:
    """Write a second of one tone on every channel: more channels than PyAV can write itself."""
    tone = (make_audio_tone(1.0, rate_hz=rate_hz) * 32_767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(np.repeat(tone, channels).tobytes())
    return path


def make_audio_video_without_sound(path: Path, *, seconds: float = 1.0) -> Path:
    """A video file with no audio stream."""
    with av.open(str(path), "w") as container:
        _write_black(container, _black_stream(container), seconds=seconds)
    return path


def make_audio_hours_of_silence(path: Path, *, hours: float, rate_hz: int = 8_000) -> Path:
    """A WAV that is long on the clock and short on the disk: its samples are a hole in the file."""
    size = int(hours * 3600 * rate_hz)
    layout = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate_hz, rate_hz, 1, 8)
    head = b"RIFF" + struct.pack("<I", 36 + size) + b"WAVE" + layout + b"data" + struct.pack("<I", size)
    with path.open("wb") as file:
        file.write(head)
        file.truncate(len(head) + size)
    return path


def make_audio_truncated(source: Path, path: Path, *, share: float = 0.5) -> Path:
    """The first part of a file, as a broken upload leaves it."""
    content = source.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


def make_audio_float_wav(path: Path, samples: NDArray[np.float32], *, rate_hz: int = 16_000) -> Path:
    """A 32-bit float WAV written byte by byte: the header says `rate_hz`, the samples may be NaN."""
    body = samples.astype("<f4").tobytes()
    header = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        36 + len(body),
        b"WAVE",
        b"fmt ",
        16,
        3,
        1,
        rate_hz,
        rate_hz * 4 & 0xFFFFFFFF,
        4,
        32,
        b"data",
        len(body),
    )
    path.write_bytes(header + body)
    return path


def _black_stream(container: av.container.OutputContainer) -> av.VideoStream:
    stream = container.add_stream("mpeg4" if container.format.name != "webm" else "libvpx", rate=10)
    stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
    return stream


def _write_black(container: av.container.OutputContainer, stream: av.VideoStream, *, seconds: float) -> None:
    picture = np.zeros((64, 64, 3), np.uint8)
    for number in range(max(1, round(seconds * 10))):
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts, frame.time_base = number, Fraction(1, 10)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
