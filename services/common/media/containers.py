"""Reading one stream of a media container packet by packet (PyAV, FFmpeg), for sound and pictures alike.

Only the audio and the video service may import this module; no other process has PyAV.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

import av.error
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.stream import VideoStream

from services.common.contracts.results import ErrorCode
from services.common.errors import InputError, TemporaryError

MAX_BAD_PACKETS = 200
TRUNCATION_TOLERANCE_S = 1.0


class PacketSource(ABC):
    """One stream of a media file. Use as a context manager; read it once.

    A subclass names its medium and the sentences for people, chooses the stream, and makes its own product
    from `_decode_frames`. What it does to the open container before it is entered happens inside
    `_close_on_error`.

    Attributes:
        duration_s: duration of the stream by the container, None if the container has no reliable one.
        bad_packets: packets that were skipped because they do not decode.
    """

    MEDIUM: ClassVar[str]
    CORRUPT: ClassVar[str]
    EMPTY: ClassVar[str]

    def __init__(
        self, path: Path, *, open_container: Callable[[Path], InputContainer], max_duration_s: float
    ) -> None:
        """Open `path`.

        Args:
            path: the file.
            open_container: opens it; an error of FFmpeg in there is a fault of the file.
            max_duration_s: longer media is refused.

        Raises:
            InputError: `media_missing`, `media_empty` or `media_corrupt`.
            TemporaryError: `storage_unavailable`, the file exists but cannot be read.
        """
        self._max_duration_s = max_duration_s
        self._size_bytes = _measure_file(path)
        self._byte_position = 0
        self._ended_early = False
        self.duration_s: float | None = None
        self.bad_packets = 0
        with self._translate_media_errors():
            self._container = open_container(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._container.close()

    @property
    @abstractmethod
    def decoded_s(self) -> float:
        """How far the stream has been decoded, in seconds."""

    @property
    def share(self) -> float:
        """Share of the media that has been read, 0..1: by time, or by bytes if there is no duration."""
        if self.duration_s:
            return min(1.0, self.decoded_s / self.duration_s)
        return min(1.0, self._byte_position / max(1, self._size_bytes))

    @property
    def truncated(self) -> bool:
        """Whether the stream ended before it should have (meaningful once it was read to its end)."""
        told_s = self.duration_s or 0.0
        return self._ended_early or told_s - self.decoded_s > max(TRUNCATION_TOLERANCE_S, 0.02 * told_s)

    def _decode_frames(self, stream: AudioStream | VideoStream) -> Iterator[object]:
        """Yield the decoded frames of `stream`.

        Up to `MAX_BAD_PACKETS` packets that do not decode are skipped.
        """
        packets = self._container.demux(stream)
        while self.bad_packets <= MAX_BAD_PACKETS:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except (av.error.FFmpegError, ValueError):
                self._ended_early = True
                return
            self._byte_position = max(self._byte_position, packet.pos or 0)
            try:
                frames = packet.decode()
            except (av.error.FFmpegError, ValueError):
                self.bad_packets += 1
                continue
            yield from frames
        self._ended_early = True

    def _check_length(self, seconds: float) -> None:
        if seconds > self._max_duration_s:
            raise InputError(
                ErrorCode.MEDIA_TOO_LONG,
                f"The {self.MEDIUM} is longer than {self._max_duration_s:g} s; hand in a shorter recording.",
            )

    def _make_empty_error(self) -> InputError:
        """Return the error for a stream that gave nothing up to its end: it is broken, or it is empty."""
        if self.bad_packets or self._ended_early:
            return InputError(ErrorCode.MEDIA_CORRUPT, self.CORRUPT)
        return InputError(ErrorCode.MEDIA_EMPTY, self.EMPTY)

    @contextmanager
    def _close_on_error(self) -> Iterator[None]:
        """Close the container if the block fails: nobody closes a source that was never entered."""
        try:
            yield
        except BaseException:
            self._container.close()
            raise

    @contextmanager
    def _translate_media_errors(self) -> Iterator[None]:
        """Raise FFmpeg's errors as faults of the input; that the file can be read was checked before."""
        try:
            yield
        except (av.error.FFmpegError, ValueError, OverflowError) as fault:
            raise InputError(ErrorCode.MEDIA_CORRUPT, self.CORRUPT) from fault


def _measure_file(path: Path) -> int:
    """Return the size of a file in bytes, after a check that it can be read and is not empty."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            file.read(1)
    except FileNotFoundError as fault:
        raise InputError(ErrorCode.MEDIA_MISSING, "The media is gone; upload it again.") from fault
    except OSError as fault:
        raise TemporaryError(ErrorCode.STORAGE_UNAVAILABLE, f"The media cannot be read: {fault}") from fault
    if size == 0:
        raise InputError(ErrorCode.MEDIA_EMPTY, "The file is empty; record or export it again.")
    return size
