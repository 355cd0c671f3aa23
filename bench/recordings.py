"""What is measured on: a real clip, its loop, RAVDESS clips in a row, the head of an essay."""

import csv
import wave
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import av
import numpy as np
from av.packet import Packet
from av.video.stream import VideoStream
from numpy.typing import NDArray

from services.audio.decode import SoundSource
from services.audio.features import SAMPLE_RATE_HZ

CLIP = "clips/WolfgangLanger_Pexels.mp4"
SPEECH, SPEECH_FILES = "ravdess", "*.flac"
SENTENCES, SENTENCE_FILES = "clips", "grid_*"
"""Speech without one sentence over and over, as RAVDESS has it: for what writes words down."""
ESSAYS = "essays/essays.csv"
NO_LIMIT_S = 7200.0
HD_PX = (1920, 1080)
HD_BIT_RATE = 17_000_000
"""What phones write of 1080p in H.264, bits a second. Less of it is less to decode, and the face is not."""
GRAIN, GRAINS = 3.0, 8
"""Standard deviation of the grain in grey levels, and after how many frames it repeats."""


def decode_video(path: Path) -> int:
    """Decode every frame on one thread and convert none; returns their number. The limit for video."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        return sum(1 for _ in container.decode(stream))


def decode_sound(path: Path) -> int:
    """Decode every sample and convert none; returns their number. The limit for sound."""
    with av.open(str(path)) as container:
        return sum(frame.samples for frame in container.decode(container.streams.audio[0]))


def video_duration_s(path: Path) -> float:
    """Return the duration of the first video stream, by the container's account.

    Raises:
        ValueError: the container does not tell it.
    """
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        if stream.duration is None or stream.time_base is None:
            raise ValueError(f"{path.name} does not tell its duration")
        return float(stream.duration * stream.time_base)


def loop_video(source: Path, target: Path, *, times: int) -> None:
    """Write the first video stream of `source` `times` in a row, packet by packet, nothing re-encoded.

    Args:
        source: starts with a key frame, as whole files do.
        target: suffix names the container.
        times: at least 1.

    Raises:
        ValueError: the source holds no packet with a time.
    """
    span = _span(source)
    with av.open(str(target), "w") as output:
        copy = None
        for turn in range(times):
            with av.open(str(source)) as container:
                stream = container.streams.video[0]
                copy = copy or output.add_stream_from_template(stream)
                for packet in _stamped(container.demux(stream)):
                    packet.pts = (packet.pts or 0) + turn * span
                    packet.dts = (packet.dts or 0) + turn * span
                    packet.stream = copy
                    output.mux(packet)


def enlarge_video(source: Path, target: Path, *, frames: int) -> None:
    """Write the first frames of `source` in 1080p, with the grain and the bit rate of a phone's video.

    Args:
        source: any video.
        target: suffix names the container.
        frames: how many, at most.
    """
    generator = np.random.default_rng(0)
    grain = [generator.normal(0, GRAIN, (*HD_PX[::-1], 1)).astype(np.float32) for _ in range(GRAINS)]
    with av.open(str(source)) as container, av.open(str(target), "w") as output:
        rate = container.streams.video[0].average_rate
        stream = output.add_stream("libx264", rate=rate, options={"preset": "veryfast"})
        stream.width, stream.height = HD_PX
        stream.pix_fmt, stream.bit_rate = "yuv420p", HD_BIT_RATE
        for number, frame in enumerate(islice(container.decode(video=0), frames)):
            large = frame.to_ndarray(format="rgb24", width=HD_PX[0], height=HD_PX[1])
            grained = np.clip(large + grain[number % GRAINS], 0, 255).astype(np.uint8)
            output.mux(stream.encode(av.VideoFrame.from_ndarray(grained, format="rgb24")))
        output.mux(stream.encode(None))


def _stamped(packets: "Iterator[Packet[VideoStream]]") -> "Iterator[Packet[VideoStream]]":
    """Yield the packets with time stamps; the last of a demultiplexer is empty and has none."""
    return (packet for packet in packets if packet.pts is not None and packet.dts is not None)


def _span(path: Path) -> int:
    """Return the length of the first video stream in its own time base: start of the first frame to end of
    the last.
    """
    with av.open(str(path)) as container:
        packets = list(_stamped(container.demux(container.streams.video[0])))
    if not packets:
        raise ValueError(f"{path.name} holds no picture")
    starts = [packet.pts or 0 for packet in packets]
    ends = [(packet.pts or 0) + (packet.duration or 0) for packet in packets]
    return max(ends) - min(starts)


def read_sound(path: Path) -> NDArray[np.float32]:
    """Read all samples of a short recording, shape `(n,)`, float32, -1..1, 16 kHz mono."""
    with SoundSource(path, max_duration_s=NO_LIMIT_S) as source:
        return np.concatenate(list(source.blocks()))


def join_speech(folder: Path, target: Path, *, duration_s: float, files: str = SPEECH_FILES) -> None:
    """Write clips of a folder in a row, 16 kHz mono 16 bit WAV, `duration_s` long to the sample.

    The clips come in a fixed random order, so that speakers and emotions change, and again from the
    first where they do not suffice.

    Raises:
        FileNotFoundError: the folder holds none of the files.
    """
    clips = sorted(folder.glob(files))
    if not clips:
        raise FileNotFoundError(f"no {files} in {folder}")
    wanted = round(duration_s * SAMPLE_RATE_HZ)
    order = np.random.default_rng(0).permutation(len(clips))
    with wave.open(str(target), "wb") as output:
        output.setnchannels(1)
        output.setsampwidth(2)
        output.setframerate(SAMPLE_RATE_HZ)
        turn = 0
        while wanted > 0:
            samples = read_sound(clips[order[turn % len(clips)]])[:wanted]
            output.writeframes(np.round(samples * 32767).astype("<i2").tobytes())
            wanted -= samples.size
            turn += 1


def essay_head(path: Path, *, words: int) -> str:
    """Return the first `words` words of the first essay that has as many.

    Raises:
        ValueError: none has.
    """
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found = row["text"].split()
            if len(found) >= words:
                return " ".join(found[:words])
    raise ValueError(f"no essay of {words} words in {path.name}")
