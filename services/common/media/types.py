"""What a file really is, from its first bytes. Names and declared types are not believed.

No container is parsed here (decision record 0004): what is inside is for the workers to find out. Of a
ZIP only the names that the first bytes happen to show are looked at.
"""

from collections.abc import Callable
from dataclasses import dataclass

from services.common.contracts.labels import MediaKind
from services.common.media.text_encoding import unmarked_wide_encoding

HEAD_BYTES = 4096
"""How much of a file the decision rests on."""

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
"""What the text analysis reads from a file."""

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
"""Accepted types and their family: a name lies only if it promises another family."""

_BOTH = frozenset(
    kind for kind in CONTAINER if kind.startswith("video/") or kind in ("audio/mp4", "audio/ogg")
)
ACCEPTED: dict[MediaKind, frozenset[str]] = {
    MediaKind.VIDEO: _BOTH,
    MediaKind.AUDIO: _BOTH | frozenset(kind for kind in CONTAINER if kind.startswith("audio/")),
    MediaKind.DOCUMENT: frozenset(DOCUMENTS),
    MediaKind.TEXT: frozenset({PLAIN_TEXT}),
}
"""A container of moving pictures may well hold sound alone, so `audio` accepts those as well."""

ADVICE: dict[str, str] = {
    OLE: "It is a Word file from before 2007 or one with a password; save it as .docx without a password.",
    RTF: "Save it as .docx, PDF or plain text.",
    ODT: "Save it as .docx, PDF or plain text.",
}
"""What to do about documents that people do have and nothing here reads."""


@dataclass(frozen=True, slots=True)
class _Signature:
    content_type: str
    matches: Callable[[bytes], bool]


def _starts(*magic: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(magic)


def _riff(*forms: bytes) -> Callable[[bytes], bool]:
    return lambda head: head[:4] in (b"RIFF", b"RF64", b"BW64") and head[8:12] in forms


def _brand(*brands: bytes) -> Callable[[bytes], bool]:
    return lambda head: head[4:8] == b"ftyp" and head[8:12] in brands


def _atom(head: bytes) -> bool:
    """QuickTime before 2001 begins with any of its atoms; a text may begin with "I'm free"."""
    return head[4:8] in (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot") and not _is_text(head)


def _ebml(doctype: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(b"\x1a\x45\xdf\xa3") and doctype in head[:128]


def _ogg_video(head: bytes) -> bool:
    return head.startswith(b"OggS") and (b"theora" in head[:512] or b"\x01video" in head[:512])


def _transport_stream(head: bytes) -> bool:
    """Packets of 188 bytes, or 192 with a time stamp in front (Blu-ray)."""
    return any(
        len(head) > start + 2 * size and all(head[start + step * size] == 0x47 for step in range(3))
        for start, size in ((0, 188), (4, 192))
    )


def _mpeg_audio(layers: tuple[int, ...]) -> Callable[[bytes], bool]:
    """An MPEG audio frame header (ISO 11172-3, 2.4.1.3) whose layer bits are in `layers`."""

    def matches(head: bytes) -> bool:
        if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
            return False
        version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
        rate = head[2] >> 2 & 15 if layer == 0 else head[2] >> 2 & 3
        return version != 1 and layer in layers and rate != (15 if layer == 0 else 3)

    return matches


def _is_text(head: bytes) -> bool:
    """No control characters but white space, in any Unicode encoding or a Windows code page."""
    wide = "utf-16" if head.startswith((b"\xff\xfe", b"\xfe\xff")) else unmarked_wide_encoding(head)
    if wide is not None:
        text = head[: len(head) & ~3].decode(wide, errors="replace")
    else:
        text = head.decode("utf-8", errors="replace") if _mostly_utf8(head) else head.decode("latin-1")
    return not any(character < " " and character not in "\t\n\r\f" for character in text)


def _mostly_utf8(head: bytes) -> bool:
    """UTF-8, but for a character that the end of `head` may cut."""
    for cut in range(4):
        try:
            head[: len(head) - cut].decode("utf-8")
        except UnicodeDecodeError:
            continue
        return True
    return False


def _entry_names(head: bytes) -> list[bytes]:
    """Names in the local headers of a ZIP (APPNOTE 4.3.7) that lie within `head`."""
    names = []
    start = head.find(ZIP_ENTRY)
    while start >= 0:
        size = int.from_bytes(head[start + 26 : start + 28], "little")
        names.append(head[start + 30 : start + 30 + size])
        start = head.find(ZIP_ENTRY, start + 4)
    return names


def _office(folder: bytes) -> Callable[[bytes], bool]:
    """An Office Open XML package that keeps its content in `folder`."""
    return lambda head: head.startswith(ZIP_ENTRY) and any(n.startswith(folder) for n in _entry_names(head))


def _package(head: bytes) -> bool:
    """An Office Open XML package whose content lies further on; the worker finds out whether it is Word's."""
    return head.startswith(ZIP_ENTRY) and _entry_names(head)[0] in (b"[Content_Types].xml", b"_rels/.rels")


def _open_document_text(head: bytes) -> bool:
    return head.startswith(ZIP_ENTRY) and head[30:].startswith(b"mimetype" + ODT.encode())


def _html(head: bytes) -> bool:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:14].lower()
    return start.startswith((b"<!doctype html", b"<html"))


SIGNATURES: tuple[_Signature, ...] = (
    _Signature("image/heif", _brand(b"heic", b"heix", b"mif1", b"msf1", b"avif", b"avis")),
    _Signature("audio/mp4", _brand(b"M4A ", b"M4B ", b"M4P ", b"F4A ")),
    _Signature("video/quicktime", _brand(b"qt  ")),
    _Signature("video/mp4", lambda head: head[4:8] == b"ftyp"),
    _Signature("video/quicktime", _atom),
    _Signature("video/webm", _ebml(b"webm")),
    _Signature("video/x-matroska", _ebml(b"matroska")),
    _Signature("video/x-msvideo", _riff(b"AVI ")),
    _Signature("audio/wav", _riff(b"WAVE")),
    _Signature("video/ogg", _ogg_video),
    _Signature("audio/ogg", _starts(b"OggS")),
    _Signature("audio/flac", _starts(b"fLaC")),
    _Signature("audio/aiff", lambda head: head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC")),
    _Signature("video/mpeg", _starts(b"\x00\x00\x01\xba", b"\x00\x00\x01\xb3")),
    _Signature("video/mp2t", _transport_stream),
    _Signature("video/x-flv", _starts(b"FLV\x01")),
    _Signature("video/x-ms-asf", _starts(b"\x30\x26\xb2\x75\x8e\x66\xcf\x11")),
    _Signature("audio/mpeg", _starts(b"ID3")),
    _Signature("audio/mpeg", _mpeg_audio((1, 2))),
    _Signature("audio/aac", _mpeg_audio((0,))),
    _Signature(PDF, lambda head: b"%PDF-" in head[:1024]),
    _Signature("image/png", _starts(b"\x89PNG\r\n")),
    _Signature("image/jpeg", _starts(b"\xff\xd8\xff")),
    _Signature("image/gif", _starts(b"GIF87a", b"GIF89a")),
    _Signature(DOCX, _office(b"word/")),
    _Signature(f"{_OFFICE}.spreadsheetml.sheet", _office(b"xl/")),
    _Signature(f"{_OFFICE}.presentationml.presentation", _office(b"ppt/")),
    _Signature(DOCX, _package),
    _Signature(ODT, _open_document_text),
    _Signature("application/zip", _starts(ZIP_ENTRY, b"PK\x05\x06")),
    _Signature("application/gzip", _starts(b"\x1f\x8b")),
    _Signature(OLE, _starts(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")),
    _Signature(RTF, _starts(b"{\\rtf")),
    _Signature("application/postscript", _starts(b"%!PS")),
    _Signature("application/x-executable", _starts(b"\x7fELF", b"MZ\x90")),
    _Signature("text/html", _html),
    _Signature(PLAIN_TEXT, _is_text),
)
"""Tried in this order; the first that matches decides."""


def sniff(head: bytes) -> str:
    """The media type that the first bytes of a file (up to `HEAD_BYTES`) speak for."""
    for signature in SIGNATURES:
        if signature.matches(head):
            return signature.content_type
    return UNKNOWN


def kind_of(content_type: str) -> MediaKind | None:
    """The kind of answer that a file of this type is where nobody said so; None: no kind takes it."""
    if content_type not in CONTAINER:
        return None
    if content_type in DOCUMENTS:
        return MediaKind.DOCUMENT
    return MediaKind.VIDEO if content_type.startswith("video/") else MediaKind.AUDIO
