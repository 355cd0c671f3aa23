"""Any container to small RGB frames, streamed by PyAV (FFmpeg) in bounded memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import av
import av.error
import numpy as np
from av.container import InputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from services.common.contracts.results import ErrorCode
from services.common.errors import InputError
from services.common.media.containers import PacketSource

FORMATS = "asf,avi,flv,h264,hevc,ivf,m4v,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,mpeg,mpegts,mpegvideo,obu,ogg"
"""Demultiplexers that may run. Playlists and image sequences could name other files, so they may not."""
MAX_STREAMS = 64
RATE_TOLERANCE = 0.8
"""A frame counts as due this share of the interval after the one before, so that jitter drops none."""
DEFAULT_RATE_HZ = 25.0
SCALED_FIRST = ("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "nv12", "yuv420p10le")
MUCH_SMALLER = 1.5
"""Width of the source over that of the picture from which on scaling comes before the change of colours."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture.

    Attributes:
        time_s: when it is shown, from the start of the media; increases from frame to frame.
        image: shape `(height, width, 3)`, uint8 RGB, upright, square pixels, longer side bounded.
    """

    time_s: float
    image: NDArray[np.uint8]


class VideoSource(PacketSource):
    """The first video stream of a file. Use as a context manager; read `frames()` once.

    Attributes:
        duration_s: what the container says about the stream, None where it says nothing.
        decoded: frames that were decoded so far: those given out and the following three.
        beyond_rate: frames that were not given out because more come in a second than were asked for.
        out_of_order: frames that were not given out because they are not later than the one before.
        unreadable: frames that could not be turned into a picture.
        bad_packets: packets that were skipped because they do not decode.
    """

    MEDIUM = "video"
    CORRUPT = "The video cannot be decoded; export the recording again, as MP4 or WebM for example."
    EMPTY = "The video holds no picture at all; record again."

    def __init__(self, path: Path, *, max_duration_s: float, max_pixels: int, threads: int = 1) -> None:
        """Open `path`.

        Args:
            path: a file of any of `FORMATS`.
            max_duration_s: longer video is refused.
            max_pixels: width × height; larger pictures are refused before they are decoded.
            threads: of the decoder.

        Raises:
            InputError: `media_missing`, `media_empty`, `media_corrupt`, `no_video_stream`,
                `media_unsupported`, or `media_too_long` by the container's own account.
            TemporaryError: `storage_unavailable`, the file exists but cannot be read.
        """
        open_container = partial(_open, max_pixels=max_pixels)
        super().__init__(path, open_container=open_container, max_duration_s=max_duration_s)
        self._max_pixels = max_pixels
        self._end_s = 0.0
        self.decoded = self.beyond_rate = self.out_of_order = self.unreadable = 0
        with self._close_on_error():
            with self._translate_media_errors():
                self._stream = self._choose_stream(threads)
                self._frame_interval_s = 1.0 / _declared_rate_hz(self._stream)
                self.duration_s = self._told_duration_s()
            self._check_length(self.duration_s or 0.0)

    @property
    def decoded_s(self) -> float:
        """End of the last decoded frame, in seconds from the start of the media."""
        return self._end_s

    def frames(self, *, long_side_px: int, rate_hz: float, max_decoded_rate_hz: float) -> Iterator[Frame]:
        """Decode, and scale in the decoder's own colour space, frame by frame.

        Args:
            long_side_px: bound of the longer side; smaller pictures keep their size.
            rate_hz: frames beyond this rate are decoded but not given out.
            max_decoded_rate_hz: a stream with more frames than this per second of the greatest
                duration is refused.

        Raises:
            InputError: `media_corrupt` if nothing decodes, `media_empty` if there is nothing to decode,
                `media_too_long` while streaming.
        """
        scaler = _Scaler()
        due_s = float("-inf")
        most = self._max_duration_s * max_decoded_rate_hz
        last_s = float("-inf")
        for frame, time_s in self._timed_frames():
            self._check_length(self._end_s if self.decoded <= most else float("inf"))
            if time_s <= last_s:
                self.out_of_order += 1
                continue
            if time_s < due_s:
                self.beyond_rate += 1
                continue
            image = self._upright(frame, scaler, long_side_px)
            if image is None:
                self.unreadable += 1
                continue
            due_s, last_s = time_s + RATE_TOLERANCE / rate_hz, time_s
            yield Frame(time_s, image)
        if self.decoded == 0:
            raise self._make_empty_error()

    def _timed_frames(self) -> Iterator[tuple[VideoFrame, float]]:
        """Yield frames with their times; a frame without a time stamp follows the one before."""
        origin_s: float | None = None
        for frame in self._decode_frames(self._stream):
            if not isinstance(frame, VideoFrame):
                continue
            self.decoded += 1
            time_s = self._end_s
            if frame.pts is not None and frame.time_base:
                stamp_s = float(frame.pts * frame.time_base)
                origin_s = self._origin_s(stamp_s) if origin_s is None else origin_s
                time_s = max(0.0, stamp_s - origin_s)
            self._end_s = max(self._end_s, time_s + self._frame_interval_s)
            yield frame, time_s

    def _origin_s(self, first_s: float) -> float:
        """Return the start of the media on the stream's clock: the container's, unless it is implausible."""
        told = self._container.start_time
        start_s = told / av.time_base if told is not None else first_s
        return start_s if 0.0 <= first_s - start_s <= self._max_duration_s else first_s

    def _upright(self, frame: VideoFrame, scaler: "_Scaler", long_side_px: int) -> NDArray[np.uint8] | None:
        """Scale, convert and turn one frame; None if it cannot be converted."""
        width, height = scaled_size_px(
            frame.width, frame.height, pixel_aspect=self._pixel_aspect, long_side_px=long_side_px
        )
        try:
            image = scaler.rgb(frame, width=width, height=height)
        except (av.error.FFmpegError, ValueError, OverflowError):
            return None
        # frame.rotation turns counterclockwise, as np.rot90 does
        return np.ascontiguousarray(np.rot90(image, k=round(frame.rotation / 90) % 4))

    def _choose_stream(self, threads: int) -> VideoStream:
        pictures = [s for s in self._container.streams.video if not s.disposition & Disposition.attached_pic]
        if not pictures:
            raise InputError(
                ErrorCode.NO_VIDEO_STREAM, "The file has no moving picture; record again with the camera on."
            )
        stream = pictures[0]
        context = stream.codec_context
        if context is None or context.codec is None:
            raise InputError(
                ErrorCode.MEDIA_UNSUPPORTED, "The video has a codec that cannot be read; export it as H.264."
            )
        if stream.width * stream.height > self._max_pixels:
            raise InputError(
                ErrorCode.MEDIA_UNSUPPORTED,
                f"The picture is larger than {self._max_pixels} pixels; export the video in 1080p.",
            )
        context.options = {"max_pixels": str(self._max_pixels)}
        stream.thread_type = "AUTO" if threads > 1 else "SLICE"
        context.thread_count = threads
        aspect = float(stream.sample_aspect_ratio or 1)
        self._pixel_aspect = aspect if 0.25 <= aspect <= 4.0 else 1.0
        return stream

    def _told_duration_s(self) -> float | None:
        stream, container = self._stream, self._container
        if stream.duration and stream.duration > 0 and stream.time_base:
            return float(stream.duration * stream.time_base)
        return container.duration / av.time_base if container.duration and container.duration > 0 else None


class _Scaler:
    """Scales frames and turns them into RGB.

    A picture that becomes much smaller is scaled in its own colour space first: FFmpeg's scaler would
    otherwise turn every source pixel's row into RGB, which costs twice as much. Colours differ by about one
    grey level then.
    """

    def __init__(self) -> None:
        self._scale, self._convert = VideoReformatter(), VideoReformatter()

    def rgb(self, frame: VideoFrame, *, width: int, height: int) -> NDArray[np.uint8]:
        """Return the frame as `(height, width, 3)`, uint8."""
        if frame.format.name in SCALED_FIRST and frame.width >= MUCH_SMALLER * width:
            frame = self._scale.reformat(
                frame,
                width=width,
                height=height,
                format=frame.format.name,
                interpolation=Interpolation.AREA,
            )
        small = self._convert.reformat(
            frame, width=width, height=height, format="rgb24", interpolation=Interpolation.BILINEAR
        )
        return np.asarray(small.to_ndarray(), dtype=np.uint8)


def scaled_size_px(width: int, height: int, *, pixel_aspect: float, long_side_px: int) -> tuple[int, int]:
    """Return the size with square pixels whose longer side is at most `long_side_px`; never enlarge.

    Args:
        width: of the stored picture.
        height: of the stored picture.
        pixel_aspect: width over height of one stored pixel.
        long_side_px: bound.

    Example:
        >>> scaled_size_px(1920, 1080, pixel_aspect=1.0, long_side_px=640)
        (640, 360)
    """
    shown = width * pixel_aspect
    scale = min(1.0, long_side_px / max(shown, height))
    return max(2, round(shown * scale)), max(2, round(height * scale))


def _open(path: Path, *, max_pixels: int) -> InputContainer:
    """Open a container; its decoders refuse large pictures even while FFmpeg probes the streams."""
    options = {"protocol_whitelist": "file", "format_whitelist": FORMATS, "max_streams": str(MAX_STREAMS)}
    limits = [{"max_pixels": str(max_pixels)}] * MAX_STREAMS
    try:
        return av.open(str(path), options=options, stream_options=limits, metadata_errors="replace")  # type: ignore[arg-type]  # the stub says list[str]
    except ValueError:
        # MPEG program streams show their streams only once probed, and so take no options for them
        return av.open(str(path), options=options, metadata_errors="replace")


def _declared_rate_hz(stream: VideoStream) -> float:
    rate = float(stream.average_rate or stream.guessed_rate or 0)
    return rate if 1.0 <= rate <= 1000.0 else DEFAULT_RATE_HZ
