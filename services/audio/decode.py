"""Decoding of any container to blocks of 16 kHz mono, streamed by PyAV (FFmpeg) in bounded memory."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from numpy.typing import NDArray

from services.audio.features import SAMPLE_RATE_HZ, FloatArray
from services.common.contracts.results import ErrorCode
from services.common.errors import InputError
from services.common.media.containers import PacketSource
from services.common.media.files import Progress

FORMATS = (
    "aac,ac3,aiff,amr,asf,au,avi,caf,flac,flv,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,mp3,mpeg,mpegts,"
    "mpegvideo,ogg,w64,wav"
)
"""Demultiplexers that may run. Those of playlists may not, because a playlist can name other files."""
ESTIMATED_DURATION = frozenset({"aac", "ac3", "amr", "mp3"})
"""Formats whose duration FFmpeg estimates from the bit rate, so that nothing is refused because of it."""
RATES_HZ = range(4_000, 384_001)
BLOCK_SAMPLES = 8_192
PROGRESS_STEP = 0.01
MAX_FRAME_S = 30.0
"""A longer single frame is taken for an attack on memory and skipped."""


class SoundSource(PacketSource):
    """The first audio stream of a file. Use as a context manager; read `blocks()` once.

    Attributes:
        sample_rate_hz: of the source.
        duration_s: duration of the stream by the container, None if the container has no reliable one.
        offset_s: where the sound starts on the clock of the media (a video may start earlier).
        samples: samples yielded so far, at 16 kHz.
        bad_packets: packets that were skipped because they do not decode.
    """

    MEDIUM = "sound"
    CORRUPT = "The sound cannot be decoded; export the recording again, as MP4, WebM, WAV or MP3 for example."
    EMPTY = "The file holds no sound at all; record again."

    def __init__(self, path: Path, *, max_duration_s: float) -> None:
        """Open `path`.

        Raises:
            InputError: `media_missing`, `media_empty`, `media_corrupt`, `no_audio_stream`,
                `media_unsupported`, or `media_too_long` by the container's duration.
            TemporaryError: `storage_unavailable`, the file exists but cannot be read.
        """
        super().__init__(path, open_container=_open, max_duration_s=max_duration_s)
        self.samples = 0
        with self._close_on_error():
            self._ended_early = _is_riff_cut(path, self._size_bytes)
            self._stream = self._choose_stream()
            self.sample_rate_hz = _check_rate(self._stream)
            self.duration_s = self._read_duration_s()
            self.offset_s = self._read_offset_s()
            self._check_length(self.duration_s or 0.0)

    @property
    def decoded_s(self) -> float:
        """Seconds of sound yielded so far."""
        return self.samples / SAMPLE_RATE_HZ

    def blocks(self) -> Iterator[FloatArray]:
        """Decode and resample, block by block.

        Yields:
            Samples of shape `(n,)`, float32, -1..1, 16 kHz mono; about `BLOCK_SAMPLES` at a time.

        Raises:
            InputError: `media_corrupt` if nothing decodes, `media_too_long` while streaming.
        """
        for planes in _join_short(_separate_channels(frame) for frame in self._resample_frames()):
            block = planes.mean(axis=0, dtype=np.float32)
            block = np.clip(np.nan_to_num(block, nan=0.0, posinf=1.0, neginf=-1.0), -1.0, 1.0)
            self.samples += block.size
            self._check_length(self.decoded_s)
            if block.size:
                yield block
        if self.samples == 0:
            raise self._make_empty_error()

    def _resample_frames(self) -> Iterator[AudioFrame]:
        """Yield packed float frames at 16 kHz. A source that changes its format gets a new resampler.

        Channels are kept and averaged later: FFmpeg's own mix to mono adds 3 dB and would clip.
        """
        resampler: AudioResampler | None = None
        shape: tuple[str, str, int] | None = None
        for frame in self._filter_plausible():
            now = (frame.format.name, frame.layout.name, frame.sample_rate)
            if resampler is None or now != shape:
                yield from self._flush(resampler)
                resampler, shape = AudioResampler("flt", None, SAMPLE_RATE_HZ), now
            frame.pts = None
            with self._translate_media_errors():
                resampled = resampler.resample(frame)
            yield from resampled
        yield from self._flush(resampler)

    def _flush(self, resampler: AudioResampler | None) -> list[AudioFrame]:
        if resampler is None:
            return []
        with self._translate_media_errors():
            return resampler.resample(None)

    def _filter_plausible(self) -> Iterator[AudioFrame]:
        """Yield the plausible decoded frames; any other counts as a packet that does not decode."""
        for frame in self._decode_frames(self._stream):
            if isinstance(frame, AudioFrame) and _is_plausible(frame):
                yield frame
            else:
                self.bad_packets += 1

    def _choose_stream(self) -> AudioStream:
        if not self._container.streams.audio:
            raise InputError(
                ErrorCode.NO_AUDIO_STREAM, "The file has no sound; record again with the microphone on."
            )
        return self._container.streams.audio[0]

    def _read_duration_s(self) -> float | None:
        stream, container = self._stream, self._container
        if ESTIMATED_DURATION & set(container.format.name.split(",")):
            return None
        if stream.duration and stream.time_base:
            return float(stream.duration * stream.time_base)
        return container.duration / av.time_base if container.duration else None

    def _read_offset_s(self) -> float:
        if self._stream.start_time is None or self._stream.time_base is None:
            return 0.0
        start_s = float(self._stream.start_time * self._stream.time_base)
        offset_s = start_s - (self._container.start_time or 0) / av.time_base
        return offset_s if 0.0 < offset_s < self._max_duration_s else 0.0


def report_blocks(source: SoundSource, progress: Progress) -> Iterator[FloatArray]:
    """Yield the blocks of the source and report its progress in steps that never go back."""
    reported = 0.0
    for block in source.blocks():
        yield block
        if source.share >= reported + PROGRESS_STEP:
            reported = source.share
            progress(reported)


def _separate_channels(frame: AudioFrame) -> NDArray[Any]:
    """Return the samples of a packed frame, shape `(channels, n)`.

    Frames are packed because a planar frame keeps only eight pointers to its planes in place: reading the
    ninth channel of one is a segmentation fault inside the decoder.
    """
    return frame.to_ndarray().reshape(-1, frame.layout.nb_channels).T


def _join_short(planes: Iterable[NDArray[Any]]) -> Iterator[NDArray[Any]]:
    """Join short arrays of shape `(channels, n)`: the frame of a codec is too short to process alone."""
    held: list[NDArray[Any]] = []
    size = 0
    for plane in planes:
        if held and held[0].shape[0] != plane.shape[0]:
            yield np.concatenate(held, axis=1)
            held, size = [], 0
        held.append(plane)
        size += plane.shape[1]
        if size >= BLOCK_SAMPLES:
            yield np.concatenate(held, axis=1)
            held, size = [], 0
    if held:
        yield np.concatenate(held, axis=1)


def _open(path: Path) -> InputContainer:
    return av.open(
        str(path),
        options={"protocol_whitelist": "file", "format_whitelist": FORMATS},
        metadata_errors="replace",
    )


def _is_riff_cut(path: Path, size_bytes: int) -> bool:
    """Return whether a WAV file announces more bytes than it has; FFmpeg reads such a file without a word.

    Recorders that stream leave the size at 0 or near its limit, which announces nothing.
    """
    with path.open("rb") as file:
        head = file.read(8)
    if head[:4] != b"RIFF" or len(head) < 8:
        return False
    announced = int.from_bytes(head[4:], "little")
    return announced < 0x7FFF_0000 and announced > size_bytes


def _check_rate(stream: AudioStream) -> int:
    # a stream without a decoder has no codec context, and then no rate either
    rate = 0 if stream.codec_context is None else stream.codec_context.sample_rate or 0
    if rate not in RATES_HZ:
        raise InputError(
            ErrorCode.MEDIA_UNSUPPORTED,
            "The sound has a codec or sample rate that cannot be read; export it as AAC, Opus, MP3 or WAV.",
        )
    return int(rate)


def _is_plausible(frame: AudioFrame) -> bool:
    rate = frame.sample_rate
    return rate in RATES_HZ and 0 < frame.samples <= rate * MAX_FRAME_S
