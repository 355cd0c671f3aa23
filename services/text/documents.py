"""From a stored object to plain text: typed text, TXT and PDF."""

import codecs
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
from services.common.media import MediaFile
from services.text import pdf_text
from services.text.settings import TextSettings

PDF_MAGIC = b"%PDF-"
BYTES_PER_CHARACTER = 4
"""UTF-32 takes the most."""
MAX_CONTROL_SHARE = 0.02
"""Share of control characters above which bytes are not text (a form feed a page is far below it)."""

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

_OUTCOMES = {
    "encrypted": (
        ErrorCode.DOCUMENT_ENCRYPTED,
        "The PDF asks for a password; save it without one and upload it again.",
    ),
    "too_complex": (
        ErrorCode.DOCUMENT_TOO_COMPLEX,
        "Reading the PDF took too much time or memory; export it again as plain text.",
    ),
    "corrupt": (
        ErrorCode.MEDIA_CORRUPT,
        "The PDF is damaged and cannot be read; export it again and upload the new file.",
    ),
}


@dataclass(frozen=True, slots=True)
class Document:
    """Plain text and where it came from.

    Attributes:
        text: never blank, as written (case, punctuation and line breaks kept).
        pages: of a PDF, else None.
        encoding: of a text file, else None.
    """

    text: str
    pages: int | None = None
    encoding: str | None = None


def read_document(media: MediaFile, settings: TextSettings) -> Document:
    """The text of typed text, a text file or a PDF.

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
    document = _read_pdf(media.path, settings) if _is_pdf(media) else _read_plain(media, settings)
    if not document.text.strip():
        raise InputError(
            ErrorCode.NO_TEXT,
            "No text was found; a scanned document has to go through text recognition first.",
        )
    return document


def decode_text(content: bytes) -> tuple[str, str]:
    """Decode by byte order mark, then as UTF-8, then as Windows-1252, a superset of Latin-1's letters.

    Returns:
        The text, and the codec's name.

    Raises:
        InputError: `media_corrupt`, the bytes are no text in any of these.
    """
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS if content.startswith(mark)), None)
    for candidate in (encoding,) if encoding else ("utf-8", "cp1252", "latin-1"):
        try:
            text = content.decode(candidate)
        except UnicodeDecodeError:
            continue
        controls = sum(not (c.isprintable() or c.isspace() or c.isalnum()) for c in text)
        if controls <= MAX_CONTROL_SHARE * len(text) and "\0" not in text:
            return text, candidate
        break
    raise InputError(
        ErrorCode.MEDIA_CORRUPT, "The file is not readable as text; save it as UTF-8 and upload it again."
    )


def _is_pdf(media: MediaFile) -> bool:
    if media.kind is MediaKind.TEXT:
        return False
    kind = media.content_type.partition(";")[0].strip().lower()
    if kind == "application/pdf":
        return True
    if not kind.startswith("text/"):
        raise InputError(
            ErrorCode.MEDIA_UNSUPPORTED,
            f"Documents of type {kind} are not read; upload a PDF or a text file.",
        )
    with media.path.open("rb") as file:
        return file.read(len(PDF_MAGIC)) == PDF_MAGIC


def _read_plain(media: MediaFile, settings: TextSettings) -> Document:
    limit = settings.max_characters * BYTES_PER_CHARACTER
    with media.path.open("rb") as file:
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


def _read_pdf(path: Path, settings: TextSettings) -> Document:
    """PDFium first; what it finds corrupt, or dies of, gets a second chance with pypdf."""
    deadline = time.monotonic() + settings.document_time_limit_s
    answer = _read_in_process(path, settings, engine=pdf_text.PDFIUM, deadline=deadline)
    if answer["outcome"] == "corrupt":
        answer = _read_in_process(path, settings, engine=pdf_text.PYPDF, deadline=deadline)
    if answer["outcome"] == "too_long":
        raise _too_long(settings)
    if answer["outcome"] != "ok":
        raise InputError(*_OUTCOMES[answer["outcome"]])
    return Document(text=answer["text"], pages=answer["pages"])


def _read_in_process(path: Path, settings: TextSettings, *, engine: str, deadline: float) -> dict[str, Any]:
    """Run `pdf_text.py` on `path` without the parent's environment; how it ends is an outcome."""
    remaining_s = deadline - time.monotonic()
    if remaining_s <= 0:
        return {"outcome": "too_complex"}
    command = [sys.executable, "-I", pdf_text.__file__, str(path), "--engine", engine]
    command += ["--max-pages", str(settings.max_pages), "--max-characters", str(settings.max_characters)]
    command += ["--memory-bytes", str(settings.document_memory_bytes), "--time-s", str(int(remaining_s) + 1)]
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
    """What a reader that ended with `code` said; one that the limits ended says nothing."""
    if code == 0:
        answer: dict[str, Any] = json.loads(output)
        return answer
    limits = (signal.SIGKILL, signal.SIGXCPU, signal.SIGXFSZ)
    return {"outcome": "too_complex" if -code in limits else "corrupt"}
