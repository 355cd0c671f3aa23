"""Whether an upload may be stored as what it claims to be."""

from pathlib import PurePath

from gateway.errors import RefusedError
from gateway.problem_codes import ProblemCode
from services.common.contracts.labels import MediaKind
from services.common.media.types import (
    ACCEPTED,
    ADVICE,
    CONTAINER,
    DOCX,
    HEAD_BYTES,
    PDF,
    PLAIN_TEXT,
    UNKNOWN,
    sniff,
)

__all__ = ["DOCX", "HEAD_BYTES", "PDF", "PLAIN_TEXT", "SUFFIX", "UNKNOWN", "accepted_type", "sniff"]

CONTAINER_OF_SUFFIX: dict[str, str] = {
    **dict.fromkeys((".mp4", ".m4v", ".m4a", ".m4b", ".mov", ".qt", ".3gp", ".3g2"), "mp4"),
    **dict.fromkeys((".webm", ".mkv", ".mka", ".weba"), "matroska"),
    **dict.fromkeys((".mpg", ".mpeg", ".mpe", ".m1v", ".m2v", ".vob", ".ts", ".mts", ".m2ts"), "mpeg"),
    **dict.fromkeys((".ogg", ".oga", ".ogv", ".opus", ".spx"), "ogg"),
    **dict.fromkeys((".wav", ".wave"), "wav"),
    **dict.fromkeys((".aif", ".aiff", ".aifc"), "aiff"),
    **dict.fromkeys((".wmv", ".wma", ".asf"), "asf"),
    **dict.fromkeys((".mp3", ".mp2", ".mpga"), "mp3"),
    **dict.fromkeys((".txt", ".text", ".md"), "text"),
    ".avi": "avi",
    ".flv": "flv",
    ".flac": "flac",
    ".aac": "aac",
    ".pdf": "pdf",
    ".docx": "docx",
    **dict.fromkeys((".doc", ".docm", ".odt", ".pptx", ".rtf", ".xlsx", ".html", ".htm", ".zip"), "other"),
    **dict.fromkeys((".jpg", ".jpeg", ".png"), "other"),
}

SUFFIX: dict[str, str] = {PDF: ".pdf", DOCX: ".docx", PLAIN_TEXT: ".txt"}


def accepted_type(head: bytes, *, kind: MediaKind, filename: str | None) -> str:
    """Return the type of an upload that may be stored as `kind`.

    Raises:
        RefusedError: `media_type_mismatch`, the name promises something else; `unsupported_media_type`,
            the type cannot be analysed as `kind`. Documents that people do have say what to do instead.
    """
    content_type = sniff(head)
    suffix = PurePath(filename or "").suffix.lower()
    promised = CONTAINER_OF_SUFFIX.get(suffix)
    if content_type in ADVICE and kind is MediaKind.DOCUMENT:
        raise RefusedError(
            ProblemCode.UNSUPPORTED_MEDIA_TYPE,
            f"The part `{kind}` holds {content_type}, which is not read. {ADVICE[content_type]}",
        )
    if promised is not None and promised != CONTAINER.get(content_type, "other"):
        raise RefusedError(
            ProblemCode.MEDIA_TYPE_MISMATCH,
            f"The part `{kind}` is named {suffix} but holds {content_type}; rename or convert it.",
        )
    if content_type not in ACCEPTED[kind]:
        raise RefusedError(
            ProblemCode.UNSUPPORTED_MEDIA_TYPE,
            f"The part `{kind}` holds {content_type}; send one of {', '.join(sorted(ACCEPTED[kind]))}.",
        )
    return content_type
