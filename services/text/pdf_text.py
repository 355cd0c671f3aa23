"""The text of a PDF. Loaded by `document_reader.py` alone, in a process with limits."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from services.text.document_reader import Reading


def _refused(outcome: str) -> "Reading":
    return {"outcome": outcome, "text": "", "pages": None}


def read_with_pdfium(path: str, *, max_pages: int, max_characters: int) -> "Reading":
    """Read text and number of pages, by PDFium.

    Raises:
        Exception: the file is damaged; of which kind is up to the library.
    """
    import pypdfium2
    from pypdfium2 import raw

    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as fault:
        if raw.FPDF_GetLastError() == raw.FPDF_ERR_PASSWORD or "password" in str(fault).lower():
            return _refused("encrypted")
        raise
    pages = len(document)
    if pages > max_pages:
        return _refused("too_long")
    parts: list[str] = []
    size = 0
    for page in document:
        text_page = page.get_textpage()
        size += text_page.count_chars()
        if size > max_characters:
            return _refused("too_long")
        parts.append(text_page.get_text_bounded())
        text_page.close()
        page.close()
    return {"outcome": "ok", "text": "\n".join(parts), "pages": pages}


def read_with_pypdf(path: str, *, max_pages: int, max_characters: int) -> "Reading":
    """Read the same by pypdf: slower, and lenient where PDFium gives up.

    Raises:
        MemoryError: a stream inflates without end.
        Exception: the file is damaged.
    """
    import pypdf
    from pypdf.errors import LimitReachedError

    try:
        return _pages_with_pypdf(pypdf.PdfReader(path), max_pages=max_pages, max_characters=max_characters)
    except LimitReachedError as fault:  # pypdf's own guard
        raise MemoryError from fault


def _pages_with_pypdf(document: Any, *, max_pages: int, max_characters: int) -> "Reading":
    if document.is_encrypted and not document.decrypt(""):
        return _refused("encrypted")
    pages = len(document.pages)
    if pages > max_pages:
        return _refused("too_long")
    parts: list[str] = []
    size = 0
    for page in document.pages:
        parts.append(page.extract_text())
        size += len(parts[-1])
        if size > max_characters:
            return _refused("too_long")
    return {"outcome": "ok", "text": "\n".join(parts), "pages": pages}
