"""From a stored object to plain text: typed text, TXT, PDF and DOCX."""

import json
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.common.contracts.labels import MediaKind
from services.common.contracts.results import ErrorCode
from services.common.errors import InputError
from services.common.media.files import MediaFile
from services.common.media.types import ADVICE, DOCX, OLE, PDF, PLAIN_TEXT, sniff
from services.text import document_reader
from services.text.plain_text import decode_text, without_surrogates
from services.text.settings import TextSettings

BYTES_PER_CHARACTER = 4
"""UTF-32 takes the most."""
HEAD_BYTES = 4096

_OUTCOMES = {
    "encrypted": (
        ErrorCode.DOCUMENT_ENCRYPTED,
        "The {name} asks for a password; save it without one and upload it again.",
    ),
    "too_complex": (
        ErrorCode.DOCUMENT_TOO_COMPLEX,
        "Reading the {name} took too much time or memory; export it again as plain text.",
    ),
    "corrupt": (
        ErrorCode.MEDIA_CORRUPT,
        "The {name} is damaged and cannot be read; export it again and upload the new file.",
    ),
    "old_word": (
        ErrorCode.MEDIA_UNSUPPORTED,
        "The document is a Word file from before 2007; save it as .docx and upload that.",
    ),
    "macros": (
        ErrorCode.MEDIA_UNSUPPORTED,
        "The document holds macros; save it as .docx, which has none, and upload that.",
    ),
    "not_word": (
        ErrorCode.MEDIA_UNSUPPORTED,
        "The file is an archive but no Word document; upload a .docx, a PDF or a text file.",
    ),
}
_NAME = {PDF: "PDF", DOCX: "Word document"}
_ENGINES = {PDF: (document_reader.PDFIUM, document_reader.PYPDF), DOCX: (document_reader.DOCX,)}
"""Each gets its chance where the one before finds the file corrupt, or dies of it."""


@dataclass(frozen=True, slots=True)
class Document:
    """Plain text and where it came from.

    Attributes:
        text: never blank, as written (case, punctuation and line breaks kept), without lone surrogates.
        pages: of a PDF, else None.
        encoding: of a text file, else None.
    """

    text: str
    pages: int | None = None
    encoding: str | None = None


def read_document(media: MediaFile, settings: TextSettings) -> Document:
    """Read the text of typed text, a text file, a PDF or a Word document.

    PDF and Word are parsed by `document_reader.py` in a process of their own, without the parent's
    environment and within the limits of the settings.

    Raises:
        InputError: `media_empty`, `media_corrupt`, `media_unsupported`, `media_too_long`, `no_text`,
            `document_encrypted` or `document_too_complex`.
    """
    if media.kind not in (MediaKind.TEXT, MediaKind.DOCUMENT):
        raise InputError(
            ErrorCode.MEDIA_UNSUPPORTED,
            f"A {media.kind} holds no text; upload a document or type the answer.",
        )
    if media.path.stat().st_size == 0:
        raise InputError(ErrorCode.MEDIA_EMPTY, "The document is empty; choose a file with text in it.")
    kind = _format(media)
    document = _read_plain(media.path, settings) if kind == PLAIN_TEXT else _read(media.path, kind, settings)
    if not document.text.strip():
        raise InputError(
            ErrorCode.NO_TEXT,
            "No text was found; a scanned document has to go through text recognition first.",
        )
    return document


def _format(media: MediaFile) -> str:
    """Return PDF, DOCX or plain text: what was declared, and for text what the bytes say."""
    if media.kind is MediaKind.TEXT:
        return PLAIN_TEXT
    declared = media.content_type.partition(";")[0].strip().lower()
    if declared in (DOCX, OLE):
        return DOCX
    if declared == PDF:
        return PDF
    with media.path.open("rb") as file:
        found = sniff(file.read(HEAD_BYTES))
    refused = next((kind for kind in (declared, found) if kind in ADVICE), None)
    if refused or not declared.startswith("text/"):
        advice = ADVICE.get(refused or declared, "Upload a PDF, a Word document (.docx) or a text file.")
        raise InputError(
            ErrorCode.MEDIA_UNSUPPORTED, f"Documents of type {refused or declared} are not read. {advice}"
        )
    return found if found in _NAME else PLAIN_TEXT


def _read_plain(path: Path, settings: TextSettings) -> Document:
    limit = settings.max_characters * BYTES_PER_CHARACTER
    with path.open("rb") as file:
        content = file.read(limit + 1)
    text, encoding = decode_text(content[:limit])
    if len(content) > limit or len(text) > settings.max_characters:
        raise _too_long(settings)
    return Document(text=text, encoding=encoding)


def _too_long(settings: TextSettings) -> InputError:
    return InputError(
        ErrorCode.MEDIA_TOO_LONG,
        f"The text is longer than {settings.max_characters} characters or {settings.max_pages} pages; "
        "upload the answer alone.",
    )


def _read(path: Path, kind: str, settings: TextSettings) -> Document:
    """Try the engines of a format until one can read the file."""
    deadline = time.monotonic() + settings.document_time_limit_s
    reading: dict[str, Any] = {}
    for engine in _ENGINES[kind]:
        reading = _read_in_process(path, settings, engine=engine, deadline=deadline)
        if reading["outcome"] != "corrupt":
            break
    if reading["outcome"] == "too_long":
        raise _too_long(settings)
    if reading["outcome"] != "ok":
        code, reason = _OUTCOMES[reading["outcome"]]
        raise InputError(code, reason.format(name=_NAME[kind]))
    return Document(text=without_surrogates(reading["text"]), pages=reading["pages"])


def _read_in_process(path: Path, settings: TextSettings, *, engine: str, deadline: float) -> dict[str, Any]:
    """Run `document_reader.py` on `path` without the parent's environment; how it ends is an outcome."""
    remaining_s = deadline - time.monotonic()
    if remaining_s <= 0:
        return {"outcome": "too_complex"}
    request = document_reader.Request(
        path=str(path),
        engine=engine,
        max_pages=settings.max_pages,
        max_characters=settings.max_characters,
        memory_bytes=settings.document_memory_bytes,
        time_s=int(remaining_s) + 1,
    )
    bare = ["-S"] if engine == document_reader.DOCX else []  # needs no installed package: starts faster
    command = [sys.executable, "-I", *bare, document_reader.__file__, json.dumps(request)]
    with tempfile.TemporaryFile() as output:
        try:
            code = subprocess.run(  # noqa: S603 - our own script, no shell
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.DEVNULL,
                timeout=remaining_s,
                env={},
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            return {"outcome": "too_complex"}
        output.seek(0)
        return _outcome(code, output.read())


def _outcome(code: int, output: bytes) -> dict[str, Any]:
    """Return what a reader that ended with `code` said; one that the limits ended says nothing."""
    if code == 0:
        reading: dict[str, Any] = json.loads(output)
        return reading
    limits = (signal.SIGKILL, signal.SIGXCPU, signal.SIGXFSZ)
    return {"outcome": "too_complex" if -code in limits else "corrupt"}
