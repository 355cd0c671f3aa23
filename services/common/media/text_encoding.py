"""Detection of encodings of plain text that has no byte order mark. Pure."""

MIN_WIDE_SHARE = 0.3
"""Share of units with an empty upper half from which bytes count as UTF-16: spaces and Latin letters."""


def detect_wide_encoding(sample: bytes) -> str | None:
    """Detect UTF-16 or UTF-32 in bytes without a byte order mark, by where their NUL bytes lie.

    This works if the text has enough characters of the Latin block, white space included, and no NUL.

    Args:
        sample: the beginning of a file; its length need not be a multiple of four.

    Returns:
        A codec's name with its byte order, or None if the bytes do not look like either.

    Example:
        >>> detect_wide_encoding("plain".encode("utf-16-be"))
        'utf-16-be'
    """
    if len(sample) < 4 or b"\0" not in sample:
        return None
    empty = [_compute_nul_share(sample[place::4]) for place in range(4)]
    if empty[2] == empty[3] == 1.0 and empty[0] < 1.0:
        return "utf-32-le"
    if empty[0] == empty[1] == 1.0 and empty[3] < 1.0:
        return "utf-32-be"
    even, odd = _compute_nul_share(sample[0::2]), _compute_nul_share(sample[1::2])
    if odd >= MIN_WIDE_SHARE and even == 0.0:
        return "utf-16-le"
    if even >= MIN_WIDE_SHARE and odd == 0.0:
        return "utf-16-be"
    return None


def _compute_nul_share(part: bytes) -> float:
    return part.count(0) / len(part)
