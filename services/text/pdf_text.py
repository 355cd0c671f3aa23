"""The text of one PDF, read in a process of its own.

`documents.py` runs this file as a script: it is the one place where hostile bytes meet a parser
written in C. It limits its own memory, time and output before it loads that parser, imports nothing
of Candor, and answers with one JSON object on standard output.
"""

import argparse
import json
import resource
import sys
from typing import Any, TypedDict

PDFIUM = "pdfium"
PYPDF = "pypdf"
BYTES_PER_CHARACTER = 12
"""JSON writes a character outside the basic plane as a pair of `\\uXXXX`."""


class Answer(TypedDict):
    """`outcome` is `ok`, `encrypted`, `corrupt`, `too_long` or `too_complex`."""

    outcome: str
    text: str
    pages: int


class _TooLongError(Exception):
    """More pages or characters than the caller takes."""


class _EncryptedError(Exception):
    """A password is needed."""


def limit_resources(*, memory_bytes: int, time_s: int, output_bytes: int) -> None:
    """Let the kernel end this process if it takes more than it was given."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (time_s, time_s + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (output_bytes, output_bytes))


def read_with_pdfium(path: str, *, max_pages: int, max_characters: int) -> tuple[str, int]:
    """Text and number of pages, by PDFium."""
    import pypdfium2
    from pypdfium2 import raw

    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as fault:
        if raw.FPDF_GetLastError() == raw.FPDF_ERR_PASSWORD or "password" in str(fault).lower():
            raise _EncryptedError from fault
        raise
    pages = len(document)
    if pages > max_pages:
        raise _TooLongError
    parts: list[str] = []
    size = 0
    for page in document:
        text_page = page.get_textpage()
        size += text_page.count_chars()
        if size > max_characters:
            raise _TooLongError
        parts.append(text_page.get_text_bounded())
        text_page.close()
        page.close()
    return "\n".join(parts), pages


def read_with_pypdf(path: str, *, max_pages: int, max_characters: int) -> tuple[str, int]:
    """Text and number of pages, by pypdf: slower, and lenient where PDFium gives up."""
    import pypdf
    from pypdf.errors import LimitReachedError

    try:
        return _pages_with_pypdf(pypdf.PdfReader(path), max_pages=max_pages, max_characters=max_characters)
    except LimitReachedError as fault:  # pypdf's own guard against streams that inflate without end
        raise MemoryError from fault


def _pages_with_pypdf(document: Any, *, max_pages: int, max_characters: int) -> tuple[str, int]:
    if document.is_encrypted and not document.decrypt(""):
        raise _EncryptedError
    pages = len(document.pages)
    if pages > max_pages:
        raise _TooLongError
    parts: list[str] = []
    size = 0
    for page in document.pages:
        parts.append(page.extract_text())
        size += len(parts[-1])
        if size > max_characters:
            raise _TooLongError
    return "\n".join(parts), pages


def read(path: str, *, engine: str, max_pages: int, max_characters: int) -> Answer:
    """Read with one engine and say how it went. Only the kernel's limits get past this."""
    reader = read_with_pdfium if engine == PDFIUM else read_with_pypdf
    try:
        text, pages = reader(path, max_pages=max_pages, max_characters=max_characters)
    except _EncryptedError:
        return Answer(outcome="encrypted", text="", pages=0)
    except _TooLongError:
        return Answer(outcome="too_long", text="", pages=0)
    except (MemoryError, RecursionError):
        return Answer(outcome="too_complex", text="", pages=0)
    except Exception:  # noqa: BLE001 - whatever a hostile file makes a parser raise
        return Answer(outcome="corrupt", text="", pages=0)
    return Answer(outcome="ok", text=text, pages=pages)


def main() -> None:
    """Parse the command line, set the limits, read, answer."""
    parser = argparse.ArgumentParser()
    parser.add_argument("path")
    parser.add_argument("--engine", choices=(PDFIUM, PYPDF), required=True)
    parser.add_argument("--max-pages", type=int, required=True)
    parser.add_argument("--max-characters", type=int, required=True)
    parser.add_argument("--memory-bytes", type=int, required=True)
    parser.add_argument("--time-s", type=int, required=True)
    options = parser.parse_args()
    limit_resources(
        memory_bytes=options.memory_bytes,
        time_s=options.time_s,
        output_bytes=options.max_characters * BYTES_PER_CHARACTER + 65_536,
    )
    answer = read(
        options.path,
        engine=options.engine,
        max_pages=options.max_pages,
        max_characters=options.max_characters,
    )
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
