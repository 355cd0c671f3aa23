"""Numbers, times and lists as words, the same in every sentence of a report."""

import math
from collections.abc import Sequence


def percent(share: float) -> str:
    """Return `48%` for 0.48; halves are rounded up, as browsers do beside the same sentence."""
    return f"{math.floor(share * 100 + 0.5 + 1e-9)}%"


def moment(seconds: float) -> str:
    """Return `7.2 s`, or `1:05.5` from a minute on; tenths are rounded half up."""
    tenths = math.floor(seconds * 10 + 0.5)
    if tenths < 600:
        return f"{tenths / 10:.1f} s"
    return f"{tenths // 600}:{tenths % 600 // 10:02}.{tenths % 10}"


def counted(number: int, one: str, many: str) -> str:
    """Return `1 person` or `1,234 people`."""
    return f"{number:,} {one if number == 1 else many}"


def listed(items: Sequence[str]) -> str:
    """Return `a, b and c`."""
    return " and ".join(filter(None, [", ".join(items[:-1]), *items[-1:]]))
