"""The parts of an answer, read from disk while they are sent."""

import io
import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from candor_client.flow import FilePart

MediaSource = str | os.PathLike[str] | IO[bytes]
"""A path, or a binary file that is open. One that cannot be rewound is sent once and never again."""

UploadProgress = Callable[[int, int | None], None]
"""Called with the bytes that were sent and the bytes there are, which is null for a pipe."""


@dataclass(slots=True)
class _Count:
    total: int | None
    tell: UploadProgress
    sent: int = 0

    def add(self, size: int) -> None:
        if size:
            self.sent += size
            self.tell(self.sent, self.total)


class _Counted(io.RawIOBase):
    """A file whose reading is told; going back to its start, for another attempt, takes that back."""

    def __init__(self, file: IO[bytes], count: _Count) -> None:
        super().__init__()
        self._file, self._count, self._read = file, count, 0

    def fileno(self) -> int:
        return self._file.fileno()

    def seekable(self) -> bool:
        return self._file.seekable()

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        position = self._file.seek(offset, whence)
        if (offset, whence) == (0, os.SEEK_SET):
            self._count.sent -= self._read
            self._read = 0
        return position

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size)
        self._read += len(piece)
        self._count.add(len(piece))
        return piece


@dataclass(frozen=True, slots=True)
class OpenMedia:
    """Files that are ready to be sent.

    Attributes:
        parts: name of the form's part, file name and file.
        rewindable: whether all of them can be sent again.
    """

    parts: list[FilePart]
    rewindable: bool


def open_media(
    sources: Mapping[str, MediaSource | None], *, files: ExitStack, progress: UploadProgress | None
) -> OpenMedia:
    """Open what `sources` names by part; `files` closes what was opened here.

    Raises:
        OSError: a path cannot be read.
        TypeError: a file was opened as text.
    """
    opened = {name: _open(source, files) for name, source in sources.items() if source is not None}
    sizes = [_size(file) for file in opened.values()]
    known = [size for size in sizes if size is not None]
    count = _Count(sum(known) if len(known) == len(sizes) else None, progress or _silent)
    return OpenMedia(
        parts=[(name, (_file_name(file, name), _Counted(file, count))) for name, file in opened.items()],
        rewindable=all(file.seekable() for file in opened.values()),
    )


def _silent(_sent: int, _total: int | None) -> None:
    """Ignore the progress."""


def _open(source: MediaSource, files: ExitStack) -> IO[bytes]:
    if isinstance(source, str | os.PathLike):
        return files.enter_context(Path(source).open("rb"))
    if "b" not in getattr(source, "mode", "b"):
        raise TypeError("open the file in binary mode: open(path, 'rb')")
    return source


def _size(file: IO[bytes]) -> int | None:
    if not file.seekable():
        return None
    before = file.tell()
    size = file.seek(0, os.SEEK_END)
    file.seek(before)
    return size


def _file_name(file: IO[bytes], part: str) -> str:
    """Return a name: it decides nothing on the server, but an extension that lies is refused there."""
    name = getattr(file, "name", "")
    return Path(name).name if isinstance(name, str) and name else part
