"""Multipart uploads, straight from the socket to the object store: never whole in memory, never on disk."""

import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

from anyio import CancelScope
from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool

from gateway.errors import FieldFault, RefusedError
from gateway.http.idempotency import fingerprint_of, once_of
from gateway.problem_codes import ProblemCode
from gateway.uploads.media_types import PLAIN_TEXT, SUFFIX
from gateway.uploads.parts import FieldPart, MediaPart
from services.common.contracts.labels import MediaKind
from services.common.contracts.media import MediaRef
from services.common.errors import CandorError
from services.common.logging import get_logger
from services.common.storage import DiscardingStore, ObjectStore, make_object_key

log = get_logger(__name__)

BATCH_BYTES = 256 * 1024
"""How much is gathered on the event loop before a thread parses, hashes and stores it."""
SINGLE_FIELDS = (
    "candidate",
    "question",
    "interview",
    "purpose",
    "consent",
    "consent_version",
    "consented_at",
)
REPEATED_FIELDS = ("tags", "upload")
FIELDS = SINGLE_FIELDS + REPEATED_FIELDS
"""Form fields beside the media: those that come once, and those that may come several times."""
MAX_PARTS = 64
MAX_FIELD_BYTES = 4096
FORM_OVERHEAD_BYTES = 1024 * 1024
"""Fields, headers and boundaries next to the media."""


class Limits(Protocol):
    """The largest upload per kind of media."""

    def max_bytes(self, kind: MediaKind) -> int: ...


@dataclass(frozen=True, slots=True)
class Received:
    """What a complete upload held: raw form fields, and media that is stored already."""

    fields: dict[str, list[str]]
    media: list[MediaRef]


@dataclass(slots=True)
class _Header:
    name: bytearray = field(default_factory=bytearray)
    value: bytearray = field(default_factory=bytearray)


class UploadReceiver:
    """Takes one multipart body in pieces. Synchronous: feed it from a worker thread.

    Args:
        boundary: of the multipart body.
        store: where media goes.
        tenant_id: whose it is.
        limits: the largest upload per kind.
    """

    def __init__(self, *, boundary: bytes, store: ObjectStore, tenant_id: str, limits: Limits) -> None:
        self._store, self._tenant_id, self._limits = store, tenant_id, limits
        self._fields: dict[str, list[str]] = {}
        self._media: list[MediaRef] = []
        self._typed: str | None = None
        self._part: FieldPart | MediaPart | None = None
        self._headers: dict[str, bytes] = {}
        self._header = _Header()
        self._parts = 0
        self._ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._on_part_begin,
                "on_header_field": self._on_header_field,
                "on_header_value": self._on_header_value,
                "on_header_end": self._on_header_end,
                "on_headers_finished": self._on_headers_finished,
                "on_part_data": self._on_part_data,
                "on_part_end": self._on_part_end,
                "on_end": self._on_end,
            },
        )

    def feed(self, data: bytes) -> None:
        """Parse, check, hash and store the next piece.

        Raises:
            RefusedError: the upload is refused; call `discard`.
            TemporaryError: the store failed; call `discard`.
        """
        try:
            self._parser.write(data)
        except FormParserError as fault:
            raise _malformed() from fault

    def finish(self) -> Received:
        """Return what the complete body held.

        Raises:
            RefusedError: it ended early, or holds no answer, or one that is empty.
        """
        if not self._ended:
            raise _malformed()
        self._store_typed_answer()
        if not self._media and not any(self._fields.get("upload", ())):
            raise RefusedError(
                ProblemCode.MEDIA_REQUIRED, "Send at least one of the parts video, audio, document or text."
            )
        join_media(self._media, [])
        return Received(fields=self._fields, media=self._media)

    def discard(self) -> None:
        """Remove whatever was stored. Never raises: what cannot be removed is logged."""
        if isinstance(self._part, MediaPart):
            self._part.abort()
        for part in self._media:
            try:
                self._store.delete(part.key)
            except CandorError as fault:
                log.error("orphaned_object", key=part.key, detail=str(fault))

    def _store_typed_answer(self) -> None:
        """Store the typed answer. A blank one beside other media is a text box that nobody filled in."""
        if self._typed is None:
            return
        if not self._typed.strip():
            if self._media:
                return
            raise RefusedError(ProblemCode.ANSWER_EMPTY, "Type an answer, or send a file.")
        if "\x00" in self._typed:
            raise RefusedError(ProblemCode.TEXT_NOT_UTF8, "Remove the NUL characters from the typed answer.")
        data = self._typed.encode("utf-8")
        key = make_object_key(self._tenant_id, SUFFIX[PLAIN_TEXT])
        with self._store.create(key) as writer:
            writer.write(data)
        self._media.append(
            MediaRef(
                kind=MediaKind.TEXT,
                key=key,
                sha256=hashlib.sha256(data).hexdigest(),
                size_bytes=len(data),
                content_type=PLAIN_TEXT,
            )
        )

    def _on_part_begin(self) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise RefusedError(ProblemCode.VALIDATION_FAILED, f"Send at most {MAX_PARTS} parts.")
        self._headers = {}

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header.name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header.value += data[start:end]

    def _on_header_end(self) -> None:
        self._headers[self._header.name.decode("latin-1").lower()] = bytes(self._header.value)
        self._header = _Header()

    def _on_headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get("content-disposition", b""))
        name = options.get(b"name", b"").decode("utf-8", errors="replace")
        raw_filename = options.get(b"filename")
        filename = None if raw_filename is None else raw_filename.decode("utf-8", errors="replace")
        self._part = self._new_part(name, filename)

    def _new_part(self, name: str, filename: str | None) -> FieldPart | MediaPart:
        if name == MediaKind.TEXT:
            limit = self._limits.max_bytes(MediaKind.TEXT)
            detail = f"The typed answer may have at most {limit} bytes; send a document instead."
            return FieldPart(name, max_bytes=limit, too_long=RefusedError(ProblemCode.TEXT_TOO_LONG, detail))
        if name in FIELDS:
            detail = f"The field `{name}` may have at most {MAX_FIELD_BYTES} bytes."
            return FieldPart(name, max_bytes=MAX_FIELD_BYTES, too_long=_invalid(name, detail))
        if name not in tuple(MediaKind):
            raise _invalid(name, "There is no such part; see the description of this operation.")
        if any(part.kind == name for part in self._media):
            raise _invalid(name, "Send this part once.")
        kind = MediaKind(name)
        return MediaPart(
            kind,
            filename=filename,
            store=self._store,
            tenant_id=self._tenant_id,
            max_bytes=self._limits.max_bytes(kind),
        )

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._part is not None:
            self._part.write(data[start:end])

    def _on_part_end(self) -> None:
        part = self._part
        if isinstance(part, MediaPart):
            stored = part.close()
            if stored is not None:
                self._media.append(stored)
        elif part is not None and part.name == MediaKind.TEXT:
            if self._typed is not None:
                raise _invalid(part.name, "Send this part once.")
            self._typed = part.text()
        elif part is not None:
            self._fields.setdefault(part.name, []).append(part.text())
        self._part = None

    def _on_end(self) -> None:
        self._ended = True


def join_media(parts: Sequence[MediaRef], uploaded: Sequence[MediaRef]) -> list[MediaRef]:
    """Return the media of one answer: what came with the form, and what was uploaded before it.

    Raises:
        RefusedError: `media_conflict`, they exclude each other.
    """
    media = [*parts, *uploaded]
    kinds = [part.kind for part in media]
    if len(set(kinds)) < len(kinds):
        raise RefusedError(ProblemCode.MEDIA_CONFLICT, "Send each kind of media once.")
    if {MediaKind.DOCUMENT, MediaKind.TEXT} <= set(kinds):
        raise RefusedError(ProblemCode.MEDIA_CONFLICT, "Send either `document` or `text`, not both.")
    return media


def _malformed() -> RefusedError:
    return RefusedError(
        ProblemCode.MALFORMED_MULTIPART, "The upload was cut short or is not multipart; send it again."
    )


def _invalid(name: str, detail: str) -> RefusedError:
    shown = name[:80] or "(unnamed)"
    return RefusedError(
        ProblemCode.VALIDATION_FAILED,
        "Correct the fields listed in `errors`.",
        faults=[FieldFault(field=shown, detail=detail)],
    )


@asynccontextmanager
async def receive_upload(
    request: Request, *, store: ObjectStore, tenant_id: str, limits: Limits
) -> AsyncIterator[Received]:
    """Stream the body of `request` into the store; where the block fails, nothing of it stays there.

    Raises:
        RefusedError: the upload is refused.
        TemporaryError: the store failed.
        ClientDisconnect: the client went away.
    """
    boundary = _boundary(request)
    _refuse_by_length(request, limits)
    receiver = UploadReceiver(boundary=boundary, store=store, tenant_id=tenant_id, limits=limits)
    try:
        await _feed(request, receiver)
        received = await run_in_threadpool(receiver.finish)
        if (once := once_of(request)) is not None:
            once.fingerprint = _fingerprint(request, received)
        yield received
    except BaseException:
        with CancelScope(shield=True):
            await run_in_threadpool(receiver.discard)
        raise


async def read_fingerprint(request: Request, *, limits: Limits) -> str:
    """Return what identifies an upload, as `Once.fingerprint`, without keeping any of it.

    Raises:
        RefusedError: the upload would have been refused.
    """
    async with receive_upload(request, store=DiscardingStore(), tenant_id="", limits=limits) as received:
        return _fingerprint(request, received)


def _fingerprint(request: Request, received: Received) -> str:
    media = sorted((part.kind, part.sha256) for part in received.media)
    return fingerprint_of(request, json.dumps([sorted(received.fields.items()), media]))


def _boundary(request: Request) -> bytes:
    content_type, options = parse_options_header(request.headers.get("content-type", ""))
    if content_type != b"multipart/form-data":
        raise RefusedError(
            ProblemCode.UNSUPPORTED_CONTENT_TYPE, "Send the answer as multipart/form-data, as `curl -F` does."
        )
    boundary = options.get(b"boundary", b"")
    if not 0 < len(boundary) <= 70:
        raise _malformed()
    return bytes(boundary)


def _refuse_by_length(request: Request, limits: Limits) -> None:
    """Refuse before a byte is read what cannot fit; a client that waits for `100 Continue` sends none."""
    declared = request.headers.get("content-length", "")
    most = sum(limits.max_bytes(kind) for kind in MediaKind) + FORM_OVERHEAD_BYTES
    if declared.isascii() and declared.isdigit() and int(declared[:20]) > most:
        raise RefusedError(ProblemCode.MEDIA_TOO_LARGE, f"An upload may have at most {most} bytes.")


async def _feed(request: Request, receiver: UploadReceiver) -> None:
    batch = bytearray()
    async for piece in request.stream():
        batch += piece
        if len(batch) >= BATCH_BYTES:
            await run_in_threadpool(receiver.feed, bytes(batch))
            batch.clear()
    if batch:
        await run_in_threadpool(receiver.feed, bytes(batch))
