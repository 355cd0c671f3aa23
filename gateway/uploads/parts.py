"""The parts of an upload: form fields, kept in memory, and media, passed on to the object store."""

import hashlib
from contextlib import ExitStack, suppress

from gateway.errors import RefusedError
from gateway.problem_codes import ProblemCode
from gateway.uploads.media_types import HEAD_BYTES, SUFFIX, accepted_type
from services.common.contracts.labels import MediaKind
from services.common.contracts.media import MediaRef
from services.common.errors import CandorError
from services.common.storage import ObjectStore, ObjectWriter, make_object_key


class FieldPart:
    """A form field, or a typed answer: small, so it is gathered in memory.

    Args:
        name: of the field.
        max_bytes: how much is taken.
        too_long: raised when there is more.
    """

    def __init__(self, name: str, *, max_bytes: int, too_long: RefusedError) -> None:
        self.name = name
        self._max_bytes, self._too_long = max_bytes, too_long
        self._data = bytearray()

    def write(self, data: bytes) -> None:
        if len(self._data) + len(data) > self._max_bytes:
            raise self._too_long
        self._data += data

    def text(self) -> str:
        """Return the text that was sent.

        Raises:
            RefusedError: `text_not_utf8`.
        """
        try:
            return self._data.decode("utf-8-sig")
        except UnicodeDecodeError as fault:
            raise RefusedError(
                ProblemCode.TEXT_NOT_UTF8, f"Encode the field `{self.name}` as UTF-8 and send it again."
            ) from fault


class MediaPart:
    """A file on its way into the store. Nothing is stored until its first bytes are accepted.

    Args:
        kind: what the client says it is.
        filename: what the client calls it; used for nothing but to notice a lie.
        store: where it goes.
        tenant_id: whose it is.
        max_bytes: how much is taken.
    """

    def __init__(
        self, kind: MediaKind, *, filename: str | None, store: ObjectStore, tenant_id: str, max_bytes: int
    ) -> None:
        self.kind = kind
        self.filename = filename
        self._store, self._tenant_id, self._max_bytes = store, tenant_id, max_bytes
        self._head = bytearray()
        self._hash = hashlib.sha256()
        self._size_bytes = 0
        self._key = self._content_type = ""
        self._open = ExitStack()
        self._writer: ObjectWriter | None = None

    def write(self, data: bytes) -> None:
        """Take the next piece.

        Raises:
            RefusedError: `media_too_large`, or a type that is not accepted.
            TemporaryError: the store failed.
        """
        self._size_bytes += len(data)
        if self._size_bytes > self._max_bytes:
            raise RefusedError(
                ProblemCode.MEDIA_TOO_LARGE,
                f"The part `{self.kind}` may have at most {self._max_bytes} bytes; shorten or compress it.",
            )
        self._hash.update(data)
        if self._writer is not None:
            self._writer.write(data)
            return
        self._head += data
        if len(self._head) >= HEAD_BYTES:
            self._begin()

    def _begin(self) -> None:
        head = bytes(self._head)
        self._content_type = accepted_type(head[:HEAD_BYTES], kind=self.kind, filename=self.filename)
        self._key = make_object_key(self._tenant_id, SUFFIX.get(self._content_type, ""))
        self._writer = self._open.enter_context(self._store.create(self._key))
        self._head.clear()
        self._writer.write(head)

    def close(self) -> MediaRef | None:
        """Complete the object; null for a file input that the browser sends although nobody chose a file."""
        if self._size_bytes == 0:
            if not self.filename:
                return None
            raise RefusedError(
                ProblemCode.MEDIA_EMPTY, f"The part `{self.kind}` has no bytes; choose the file again."
            )
        if self._writer is None:
            self._begin()
        self._open.close()
        return MediaRef(
            kind=self.kind,
            key=self._key,
            sha256=self._hash.hexdigest(),
            size_bytes=self._size_bytes,
            content_type=self._content_type,
        )

    def abort(self) -> None:
        """Abort the write, so that no object is left behind."""
        stopped = _StoppedError()
        with suppress(_StoppedError, CandorError):
            self._open.__exit__(_StoppedError, stopped, None)


class _StoppedError(Exception):
    """Tells a writer that its object is not wanted."""
