"""Media that one connection may not carry: announced, sent in pieces, gone on with after a break."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from candor_client.errors import (
    ApiError,
    ConflictError,
    ConnectionFailedError,
    RateLimitedError,
    ServerError,
    UploadFailedError,
)
from candor_client.flow import Flow, Request, Sleep, exchange, given, path_of
from candor_client.media import MediaSource, UploadProgress
from candor_client.models import MediaKind, Upload, UploadStatus
from candor_client.operation import Core, Group, TransportT_co, operation
from candor_client.retry import RetryPolicy

PATH = "/v1/uploads"
PIECE_TYPE = "application/offset+octet-stream"
PIECE_BYTES = 8 * 2**20
PIECE_TIMEOUT_S = 300.0
"""With the last piece the server reads the whole once more, before it answers."""

ONE_ATTEMPT = RetryPolicy(attempts=1)
OTHER_OFFSET = "upload_offset_mismatch"


class Uploads(Group[TransportT_co]):
    """`send` does it all; hand the answer in with `assessments.create(upload=[upload.id])`."""

    @operation("createUpload", "sendUploadPiece", "getUpload")
    def send(
        self,
        source: MediaSource,
        *,
        kind: MediaKind | str,
        upload_id: str | None = None,
        piece_bytes: int = PIECE_BYTES,
        progress: UploadProgress | None = None,
    ) -> Flow[Upload]:
        """Send a file in pieces; a broken connection costs one piece. Memory holds one piece.

        Args:
            source: a path, or an open binary file that can be rewound.
            kind: `video`, `audio` or `document`.
            upload_id: goes on with an upload that an earlier run of your program began.
            piece_bytes: size of a piece.
            progress: told how much the server has.

        Raises:
            UploadFailedError: the server could not use what came.
            ConnectionFailedError: nothing could be sent for as many attempts as the retry policy has.
        """
        with _opened(source) as (file, size_bytes):
            if upload_id is None:
                name = getattr(file, "name", None)
                named = Path(name).name if isinstance(name, str) else None
                upload = yield from self._announce(kind=kind, size_bytes=size_bytes, filename=named)
            else:
                upload = yield from self._look(upload_id)
            return (yield from _transfer(self._core, upload, file, piece_bytes=piece_bytes, tell=progress))

    @operation("createUpload")
    def create(
        self,
        *,
        kind: MediaKind | str,
        size_bytes: int,
        filename: str | None = None,
        sha256: str | None = None,
    ) -> Flow[Upload]:
        """Announce media, to send it piece by piece yourself."""
        return self._announce(kind=kind, size_bytes=size_bytes, filename=filename, sha256=sha256)

    @operation("getUpload")
    def get(self, upload_id: str) -> Flow[Upload]:
        """Get how far one upload is."""
        return self._look(upload_id)

    @operation("getUploadOffset")
    def offset(self, upload_id: str) -> Flow[int]:
        """Get the bytes that have come, where the next piece begins."""
        response = yield from self._core.send(Request("HEAD", path_of(f"{PATH}/{{}}", upload_id)))
        return int(response.headers["upload-offset"])

    @operation("sendUploadPiece")
    def send_piece(self, upload_id: str, *, offset: int, piece: bytes) -> Flow[int]:
        """Send the bytes from `offset` on; returns where the next piece begins."""
        return _send_piece(path_of(f"{PATH}/{{}}", upload_id), offset, piece)

    @operation("deleteUpload")
    def delete(self, upload_id: str) -> Flow[None]:
        """Give it up and erase what has come."""
        return self._core.discard(Request("DELETE", path_of(f"{PATH}/{{}}", upload_id)))

    def _announce(
        self, *, kind: MediaKind | str, size_bytes: int, filename: str | None, sha256: str | None = None
    ) -> Flow[Upload]:
        body = given(kind=str(kind), size_bytes=size_bytes, filename=filename, sha256=sha256)
        return self._core.fetch(Upload, Request("POST", PATH, json=body))

    def _look(self, upload_id: str) -> Flow[Upload]:
        return self._core.fetch(Upload, Request("GET", path_of(f"{PATH}/{{}}", upload_id)))


@contextmanager
def _opened(source: MediaSource) -> Iterator[tuple[IO[bytes], int]]:
    """Yield the file and its size in bytes.

    Raises:
        ValueError: it cannot be rewound.
    """
    if isinstance(source, str | os.PathLike):
        with Path(source).open("rb") as file:
            yield file, os.fstat(file.fileno()).st_size
        return
    if not source.seekable():
        raise ValueError("a file that cannot be rewound cannot be gone on with; hand it in with the answer")
    yield source, source.seek(0, os.SEEK_END)


def _transfer(
    core: Core, upload: Upload, file: IO[bytes], *, piece_bytes: int, tell: UploadProgress | None
) -> Flow[Upload]:
    """Send what is missing, from where the server says."""
    path, offset, failures = path_of(f"{PATH}/{{}}", upload.id), upload.offset, 0
    while upload.status == UploadStatus.OPEN:
        file.seek(offset)
        piece = file.read(min(piece_bytes, upload.size_bytes - offset))
        if not piece and offset < upload.size_bytes:
            raise ValueError(f"the file is shorter than the {upload.size_bytes} bytes that were announced")
        try:
            offset = yield from _send_piece(path, offset, piece)
            failures = 0
        except (ConnectionFailedError, ConflictError, RateLimitedError, ServerError) as fault:
            failures += 1
            yield Sleep(_pause_s(core.retry, failures, fault))
            upload = yield from core.fetch(Upload, Request("GET", path))
            offset = upload.offset
        if tell is not None:
            tell(offset, upload.size_bytes)
        if not failures and offset == upload.size_bytes:
            upload = yield from core.fetch(Upload, Request("GET", path))
    if upload.status == UploadStatus.FAILED:
        raise UploadFailedError(f"the server could not use the upload {upload.id}: {upload.problem}")
    return upload


def _send_piece(path: str, offset: int, piece: bytes) -> Flow[int]:
    """Send one piece once: what to do after a failure depends on how much of it arrived."""
    request = Request(
        "PATCH",
        path,
        content=piece,
        headers={"Content-Type": PIECE_TYPE, "Upload-Offset": str(offset)},
        timeout_s=PIECE_TIMEOUT_S,
    )
    response = yield from exchange(request, retry=ONE_ATTEMPT)
    return int(response.headers["upload-offset"])


def _pause_s(retry: RetryPolicy, failures: int, fault: ConnectionFailedError | ApiError) -> float:
    """Return seconds to wait before asking where to go on; raises `fault` where there is no use in that."""
    pause_s = retry.after_silence(failures)
    if pause_s is None or (isinstance(fault, ConflictError) and fault.code != OTHER_OFFSET):
        raise fault
    asked_s = fault.retry_after_s if isinstance(fault, ApiError) else None
    return pause_s + (asked_s or 0.0)
