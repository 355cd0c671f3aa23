"""From the bytes of a text file to its characters."""

import codecs
import re
import unicodedata

from services.common.contracts.results import ErrorCode
from services.common.errors import InputError
from services.common.media.text_encoding import detect_wide_encoding

MAX_CONTROL_SHARE = 0.02
"""Share of control characters above which bytes are not text (a form feed a page is far below it)."""
MIN_FOREIGN_SHARE = 0.3
"""Share of bytes above ASCII from which text in an old code page is not in Latin letters.

In Windows-1252 they were 0 to 7 % of eight sentences in each of eight languages, in code pages of Cyrillic,
Arabic, Chinese and Japanese 79 % and more."""
SAMPLE_BYTES = 16_384
"""How much of a file its code page is told from."""
FOREIGN_CODE_PAGES = (
    "cp1251", "koi8_r", "iso8859_5", "cp1253", "cp1255", "cp1256",
    "cp932", "euc_jp", "gb18030", "big5", "cp949",
)  # fmt: skip
"""Cyrillic, Greek, Hebrew, Arabic, Japanese, Chinese and Korean text that is older than Unicode."""

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def decode_text(content: bytes) -> tuple[str, str]:
    """Decode by byte order mark, as UTF-16 or -32 without one, as UTF-8, then by an old code page.

    Which code page it is, is guessed only where the bytes are mostly not ASCII (`MIN_FOREIGN_SHARE`): the
    guess is then right, while among the Latin ones it often is not. Everything else is taken for
    Windows-1252, a superset of Latin-1's letters, which leaves some letters of Central European files wrong.

    Returns:
        The text without lone surrogates, and the codec's name.

    Raises:
        InputError: `media_corrupt`, the bytes are no text in any of these.
    """
    marked = next((name for mark, name in _BYTE_ORDER_MARKS if content.startswith(mark)), None)
    known = marked or detect_wide_encoding(content)
    for candidate in (known,) if known else ("utf-8", *_code_pages(content)):
        errors = "surrogatepass" if candidate.startswith("utf") else "strict"
        try:
            text = without_surrogates(content.decode(candidate, errors))
        except UnicodeDecodeError:
            continue
        if _is_readable(text):
            return text, candidate
        break
    raise InputError(
        ErrorCode.MEDIA_CORRUPT, "The file is not readable as text; save it as UTF-8 and upload it again."
    )


def without_surrogates(text: str) -> str:
    """Return the text that any encoding can hold: half a pair of surrogates becomes a replacement
    character.
    """
    return _LONE_SURROGATE.sub("\ufffd", text)


def _is_readable(text: str) -> bool:
    """Format characters (joiners of emoji, directions of Arabic) belong to text, other controls do not."""
    controls = sum(not (c.isprintable() or c.isspace() or unicodedata.category(c) == "Cf") for c in text)
    return controls <= MAX_CONTROL_SHARE * len(text) and "\0" not in text


def _code_pages(content: bytes) -> tuple[str, ...]:
    latin = ("cp1252", "latin-1")
    foreign = sum(byte > 127 for byte in content) / max(1, len(content))
    guess = _foreign_code_page(content) if foreign >= MIN_FOREIGN_SHARE else None
    return (guess, *latin) if guess else latin


def _foreign_code_page(content: bytes) -> str | None:
    """Return the likeliest of `FOREIGN_CODE_PAGES`, by charset-normalizer."""
    from charset_normalizer import from_bytes

    end = max(content.rfind(b"\n", 0, SAMPLE_BYTES), content.rfind(b" ", 0, SAMPLE_BYTES))
    sample = content if len(content) <= SAMPLE_BYTES else content[: end if end > 0 else SAMPLE_BYTES]
    best = from_bytes(sample, cp_isolation=list(FOREIGN_CODE_PAGES)).best()
    return best.encoding if best else None
