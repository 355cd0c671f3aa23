"""Media types by the first bytes of a file. Names and declared types are not trusted.

No container is parsed here (decision record 0004): the workers find out what is inside. Of a ZIP only those
entry names are looked at that happen to lie within the first bytes.
"""

from collections.abc import Callable
from dataclasses import dataclass

from services.common.contracts.labels import MediaKind
from services.common.media.text_encoding import detect_wide_encoding

HEAD_BYTES = 4096
"""The first bytes of a file, which decide its type."""

ZIP_ENTRY = b"PK\x03\x04"
_OFFICE = "application/vnd.openxmlformats-officedocument"

UNKNOWN = "application/octet-stream"
PLAIN_TEXT = "text/plain"
PDF = "application/pdf"
DOCX = f"{_OFFICE}.wordprocessingml.document"
OLE = "application/msword"
"""Word before 2007, and any newer Office file that asks for a password."""
RTF = "application/rtf"
ODT = "application/vnd.oasis.opendocument.text"
DOCUMENTS = (PDF, DOCX, PLAIN_TEXT)
"""The types that the text analysis reads from a file."""

CONTAINER: dict[str, str] = {
    "video/mp4": "mp4",
    "audio/mp4": "mp4",
    "video/quicktime": "mp4",
    "video/webm": "matroska",
    "video/x-matroska": "matroska",
    "video/x-msvideo": "avi",
    "video/mpeg": "mpeg",
    "video/mp2t": "mpeg",
    "video/x-flv": "flv",
    "video/x-ms-asf": "asf",
    "video/ogg": "ogg",
    "audio/ogg": "ogg",
    "audio/wav": "wav",
    "audio/aiff": "aiff",
    "audio/flac": "flac",
    "audio/mpeg": "mp3",
    "audio/aac": "aac",
    PDF: "pdf",
    DOCX: "docx",
    PLAIN_TEXT: "text",
}
"""Accepted types and their family. A file name contradicts the content only if it promises another family."""

_BOTH = frozenset(
    kind for kind in CONTAINER if kind.startswith("video/") or kind in ("audio/mp4", "audio/ogg")
)
ACCEPTED: dict[MediaKind, frozenset[str]] = {
    MediaKind.VIDEO: _BOTH,
    MediaKind.AUDIO: _BOTH | frozenset(kind for kind in CONTAINER if kind.startswith("audio/")),
    MediaKind.DOCUMENT: frozenset(DOCUMENTS),
    MediaKind.TEXT: frozenset({PLAIN_TEXT}),
}
"""A video container may hold sound alone, so `audio` accepts those types as well."""

ADVICE: dict[str, str] = {
    OLE: "It is a Word file from before 2007 or one with a password; save it as .docx without a password.",
    RTF: "Save it as .docx, PDF or plain text.",
    ODT: "Save it as .docx, PDF or plain text.",
}
"""Advice for documents that people often have and that Candor does not read."""


@dataclass(frozen=True, slots=True)
class _Signature:
    content_type: str
    matches: Callable[[bytes], bool]


def _match_start(*magic: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(magic)


def _match_riff(*forms: bytes) -> Callable[[bytes], bool]:
    return lambda head: head[:4] in (b"RIFF", b"RF64", b"BW64") and head[8:12] in forms


def _match_brand(*brands: bytes) -> Callable[[bytes], bool]:
    return lambda head: head[4:8] == b"ftyp" and head[8:12] in brands


def _is_quicktime_atom(head: bytes) -> bool:
    """Recognise QuickTime from before 2001 by its first atom; text may begin the same way ("I'm free")."""
    return head[4:8] in (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot") and not _is_text(head)


def _match_ebml(doctype: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(b"\x1a\x45\xdf\xa3") and doctype in head[:128]


def _is_ogg_video(head: bytes) -> bool:
    return head.startswith(b"OggS") and (b"theora" in head[:512] or b"\x01video" in head[:512])


def _is_transport_stream(head: bytes) -> bool:
    """Recognise packets of 188 bytes, or 192 with a time stamp in front (Blu-ray)."""
    return any(
        len(head) > start + 2 * size and all(head[start + step * size] == 0x47 for step in range(3))
        for start, size in ((0, 188), (4, 192))
    )


def _match_mpeg_audio(layers: tuple[int, ...]) -> Callable[[bytes], bool]:
    """Return a test for an MPEG audio frame header (ISO 11172-3, 2.4.1.3) with a layer in `layers`."""

    def matches(head: bytes) -> bool:
        if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
            return False
        version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
        rate = head[2] >> 2 & 15 if layer == 0 else head[2] >> 2 & 3
        return version != 1 and layer in layers and rate != (15 if layer == 0 else 3)

    return matches


def _is_text(head: bytes) -> bool:
    """Recognise text, in any Unicode encoding or Windows code page, by its control characters."""
    wide = "utf-16" if head.startswith((b"\xff\xfe", b"\xfe\xff")) else detect_wide_encoding(head)
    if wide is not None:
        text = head[: len(head) & ~3].decode(wide, errors="replace")
    else:
        text = head.decode("utf-8", errors="replace") if _is_utf8_start(head) else head.decode("latin-1")
    return not any(character < " " and character not in "\t\n\r\f" for character in text)


def _is_utf8_start(head: bytes) -> bool:
    """Recognise UTF-8, apart from a character that the end of `head` may cut."""
    for cut in range(4):
        try:
            head[: len(head) - cut].decode("utf-8")
        except UnicodeDecodeError:
            continue
        return True
    return False


def _list_entry_names(head: bytes) -> list[bytes]:
    """Return the names in the local headers of a ZIP (APPNOTE 4.3.7) that lie within `head`."""
    names = []
    start = head.find(ZIP_ENTRY)
    while start >= 0:
        size = int.from_bytes(head[start + 26 : start + 28], "little")
        names.append(head[start + 30 : start + 30 + size])
        start = head.find(ZIP_ENTRY, start + 4)
    return names


def _match_office(folder: bytes) -> Callable[[bytes], bool]:
    """Return a test for an Office Open XML package that keeps its content in `folder`."""
    return lambda head: (
        head.startswith(ZIP_ENTRY) and any(n.startswith(folder) for n in _list_entry_names(head))
    )


def _is_office_package(head: bytes) -> bool:
    """Recognise an Office Open XML package whose content lies further on; the worker checks its kind."""
    return head.startswith(ZIP_ENTRY) and _list_entry_names(head)[0] in (
        b"[Content_Types].xml",
        b"_rels/.rels",
    )


def _is_open_document_text(head: bytes) -> bool:
    return head.startswith(ZIP_ENTRY) and head[30:].startswith(b"mimetype" + ODT.encode())


def _is_html(head: bytes) -> bool:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:14].lower()
    return start.startswith((b"<!doctype html", b"<html"))


SIGNATURES: tuple[_Signature, ...] = (
    _Signature("image/heif", _match_brand(b"heic", b"heix", b"mif1", b"msf1", b"avif", b"avis")),
    _Signature("audio/mp4", _match_brand(b"M4A ", b"M4B ", b"M4P ", b"F4A ")),
    _Signature("video/quicktime", _match_brand(b"qt  ")),
    _Signature("video/mp4", lambda head: head[4:8] == b"ftyp"),
    _Signature("video/quicktime", _is_quicktime_atom),
    _Signature("video/webm", _match_ebml(b"webm")),
    _Signature("video/x-matroska", _match_ebml(b"matroska")),
    _Signature("video/x-msvideo", _match_riff(b"AVI ")),
    _Signature("audio/wav", _match_riff(b"WAVE")),
    _Signature("video/ogg", _is_ogg_video),
    _Signature("audio/ogg", _match_start(b"OggS")),
    _Signature("audio/flac", _match_start(b"fLaC")),
    _Signature("audio/aiff", lambda head: head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC")),
    _Signature("video/mpeg", _match_start(b"\x00\x00\x01\xba", b"\x00\x00\x01\xb3")),
    _Signature("video/mp2t", _is_transport_stream),
    _Signature("video/x-flv", _match_start(b"FLV\x01")),
    _Signature("video/x-ms-asf", _match_start(b"\x30\x26\xb2\x75\x8e\x66\xcf\x11")),
    _Signature("audio/mpeg", _match_start(b"ID3")),
    _Signature("audio/mpeg", _match_mpeg_audio((1, 2))),
    _Signature("audio/aac", _match_mpeg_audio((0,))),
    _Signature(PDF, lambda head: b"%PDF-" in head[:1024]),
    _Signature("image/png", _match_start(b"\x89PNG\r\n")),
    _Signature("image/jpeg", _match_start(b"\xff\xd8\xff")),
    _Signature("image/gif", _match_start(b"GIF87a", b"GIF89a")),
    _Signature(DOCX, _match_office(b"word/")),
    _Signature(f"{_OFFICE}.spreadsheetml.sheet", _match_office(b"xl/")),
    _Signature(f"{_OFFICE}.presentationml.presentation", _match_office(b"ppt/")),
    _Signature(DOCX, _is_office_package),
    _Signature(ODT, _is_open_document_text),
    _Signature("application/zip", _match_start(ZIP_ENTRY, b"PK\x05\x06")),
    _Signature("application/gzip", _match_start(b"\x1f\x8b")),
    _Signature(OLE, _match_start(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")),
    _Signature(RTF, _match_start(b"{\\rtf")),
    _Signature("application/postscript", _match_start(b"%!PS")),
    _Signature("application/x-executable", _match_start(b"\x7fELF", b"MZ\x90")),
    _Signature("text/html", _is_html),
    _Signature(PLAIN_TEXT, _is_text),
)
"""Tried in this order; the first that matches decides."""


def sniff(head: bytes) -> str:
    """Return the media type by the first bytes of a file (up to `HEAD_BYTES`).

    `UNKNOWN` if nothing matches.
    """
    for signature in SIGNATURES:
        if signature.matches(head):
            return signature.content_type
    return UNKNOWN


def infer_media_kind(content_type: str) -> MediaKind | None:
    """Return the kind of answer that a file of this type is if nobody said so; None if no kind takes it."""
    if content_type not in CONTAINER:
        return None
    if content_type in DOCUMENTS:
        return MediaKind.DOCUMENT
    return MediaKind.VIDEO if content_type.startswith("video/") else MediaKind.AUDIO
