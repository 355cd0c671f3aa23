"""What a file really is, from its leading bytes. Names and declared types are never asked.

No container is parsed here (decision record 0004): the signatures are those of the formats' own
specifications, and what is inside is for the workers to find out.
"""

from services.common.contracts.labels import MediaKind

HEAD_BYTES = 4096
"""How much of a file `sniff` wants to see; less is enough for a file that is shorter."""

PDF = "application/pdf"
PLAIN_TEXT = "text/plain"

ACCEPTED: dict[MediaKind, frozenset[str]] = {
    MediaKind.VIDEO: frozenset(
        {
            "video/3gpp",
            "video/mp2t",
            "video/mp4",
            "video/mpeg",
            "video/ogg",
            "video/quicktime",
            "video/webm",
            "video/x-flv",
            "video/x-matroska",
            "video/x-ms-asf",
            "video/x-msvideo",
        }
    ),
    MediaKind.AUDIO: frozenset(
        {
            "audio/aac",
            "audio/aiff",
            "audio/amr",
            "audio/flac",
            "audio/mp4",
            "audio/mpeg",
            "audio/ogg",
            "audio/wav",
            "audio/x-caf",
            # browsers record sound into these containers too
            "video/3gpp",
            "video/mp4",
            "video/webm",
            "video/x-matroska",
            "video/x-ms-asf",
        }
    ),
    MediaKind.DOCUMENT: frozenset({PDF, PLAIN_TEXT}),
    MediaKind.TEXT: frozenset({PLAIN_TEXT}),
}
"""Which real types each part of an answer may have."""

_PREFIXES: tuple[tuple[bytes, str], ...] = (
    (b"\x00\x00\x01\xba", "video/mpeg"),  # program stream
    (b"\x00\x00\x01\xb3", "video/mpeg"),  # elementary stream
    (b"FLV\x01", "video/x-flv"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video/x-ms-asf"),
    (b"fLaC", "audio/flac"),
    (b"ID3", "audio/mpeg"),
    (b"#!AMR", "audio/amr"),
    (b"caff", "audio/x-caf"),
)
_MP4_AUDIO_BRANDS = (b"M4A ", b"M4B ", b"F4A ")
_QUICKTIME_ATOMS = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
_TS_PACKET_BYTES = 188
_CONTROL_BYTES = frozenset(range(32)) - frozenset(b"\t\n\r\f\x1b")


def sniff(head: bytes) -> str | None:
    """The media type of a file that starts with `head` (its first `HEAD_BYTES`), or None.

    An answer means that the signature is there, not that the file is whole or can be decoded.
    """
    if head.lstrip().startswith(b"%PDF-"):
        return PDF
    if _is_text(head):  # before the signatures: "I'm free" would pass for QuickTime otherwise
        return PLAIN_TEXT
    for prefix, media_type in _PREFIXES:
        if head.startswith(prefix):
            return media_type
    return (
        _sniff_iso_media(head)
        or _sniff_riff(head)
        or _sniff_matroska(head)
        or _sniff_ogg(head)
        or _sniff_transport_stream(head)
        or _sniff_mpeg_audio(head)
        or (PDF if b"%PDF-" in head[:1024] else None)  # ISO 32000-1, implementation note 13
    )


def kind_of(media_type: str) -> MediaKind:
    """The kind of answer that a file of this type is, where nobody said so."""
    if media_type.startswith("video/"):
        return MediaKind.VIDEO
    return MediaKind.AUDIO if media_type.startswith("audio/") else MediaKind.DOCUMENT


def _sniff_iso_media(head: bytes) -> str | None:
    """ISO base media (ISO/IEC 14496-12, 4.3) and the QuickTime files from before `ftyp`."""
    box, brand = head[4:8], head[8:12]
    if box == b"ftyp":
        if brand in _MP4_AUDIO_BRANDS:
            return "audio/mp4"
        if brand == b"qt  ":
            return "video/quicktime"
        return "video/3gpp" if brand.startswith((b"3gp", b"3g2")) else "video/mp4"
    return "video/quicktime" if box in _QUICKTIME_ATOMS else None


def _sniff_riff(head: bytes) -> str | None:
    form = head[8:12]
    if head.startswith((b"RIFF", b"RF64")):
        return {b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}.get(form)
    return "audio/aiff" if head.startswith(b"FORM") and form in (b"AIFF", b"AIFC") else None


def _sniff_matroska(head: bytes) -> str | None:
    """EBML (RFC 8794); its DocType lies within the first few dozen bytes."""
    if not head.startswith(b"\x1a\x45\xdf\xa3"):
        return None
    if b"webm" in head[:64]:
        return "video/webm"
    return "video/x-matroska" if b"matroska" in head[:64] else None


def _sniff_ogg(head: bytes) -> str | None:
    """Ogg (RFC 3533); the first page of each stream names its codec."""
    if not head.startswith(b"OggS"):
        return None
    return "video/ogg" if b"theora" in head[:512] else "audio/ogg"


def _sniff_transport_stream(head: bytes) -> str | None:
    """MPEG-2 transport stream (ISO/IEC 13818-1, 2.4.3.2): a sync byte every 188 bytes."""
    syncs = head[: 4 * _TS_PACKET_BYTES : _TS_PACKET_BYTES]
    return "video/mp2t" if len(syncs) == 4 and set(syncs) == {0x47} else None


def _sniff_mpeg_audio(head: bytes) -> str | None:
    """Frame headers of MP3 (ISO/IEC 11172-3, 2.4.1.3) and AAC in ADTS (ISO/IEC 13818-7, 6.2)."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    layer = (head[1] >> 1) & 0b11
    if layer == 0:
        return "audio/aac" if head[1] & 0xF0 == 0xF0 else None
    version, bitrate, rate = (head[1] >> 3) & 0b11, head[2] >> 4, (head[2] >> 2) & 0b11
    return "audio/mpeg" if version != 1 and bitrate != 15 and rate != 3 else None


def _is_text(head: bytes) -> bool:
    """Whether the bytes are text in UTF-8, or in UTF-16 with its mark; a cut character may end them."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = head[: len(head) // 2 * 2].decode("utf-16", errors="replace")
        return "\x00" not in text and "\ufffd" not in text[:-1]
    if not head or _CONTROL_BYTES.intersection(head):
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as fault:
        return len(head) - fault.start < 4 and fault.reason == "unexpected end of data"
    return True
