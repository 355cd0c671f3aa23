"""Word error rate, on words as people say them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from services.audio.fluency import find_filler

_UNITS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"),
    *("twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_TOKEN = re.compile(r"\d+|[a-z]+(?:'[a-z]+)?")


def spoken_words(text: str) -> list[str]:
    """Return the words of a text: lower case, no marks, numbers below 100 spelt out, no hesitations.

    Example:
        >>> spoken_words("Um, bin blue at F2 now: 11 clicks!")
        ['bin', 'blue', 'at', 'f', 'two', 'now', 'eleven', 'clicks']
    """
    found = _TOKEN.findall(text.lower().replace("’", "'"))
    return [word for token in found for word in _spelt(token) if find_filler(word) is None]


def _spelt(token: str) -> list[str]:
    if not token.isdigit() or int(token) >= 100:
        return [token]
    number = int(token)
    if number < len(_UNITS):
        return [_UNITS[number]]
    unit = [_UNITS[number % 10]] if number % 10 else []
    return [_TENS[number // 10], *unit]


@dataclass(frozen=True, slots=True)
class WordErrors:
    """What has to be changed to get from what was said to what was written.

    Attributes:
        said: words of the reference.
        substituted, missing, added: words that differ, that were left out, that nobody said.
    """

    said: int = 0
    substituted: int = 0
    missing: int = 0
    added: int = 0

    @property
    def rate(self) -> float:
        """Errors over words said; more than 1 is possible. NaN where nothing was said."""
        return (self.substituted + self.missing + self.added) / self.said if self.said else float("nan")

    def __add__(self, other: Self) -> "WordErrors":
        return WordErrors(
            self.said + other.said,
            self.substituted + other.substituted,
            self.missing + other.missing,
            self.added + other.added,
        )


def word_errors(said: Sequence[str], written: Sequence[str]) -> WordErrors:
    """Count the fewest changes from one to the other (Levenshtein 1966), each of the same cost."""
    costs = np.zeros((len(said) + 1, len(written) + 1), np.int64)
    costs[:, 0], costs[0] = np.arange(len(said) + 1), np.arange(len(written) + 1)
    for row, word in enumerate(said, start=1):
        for column, other in enumerate(written, start=1):
            swap = costs[row - 1, column - 1] + (word != other)
            costs[row, column] = min(swap, costs[row - 1, column] + 1, costs[row, column - 1] + 1)
    row, column = len(said), len(written)
    substituted = missing = added = 0
    while row or column:
        same = row and column and said[row - 1] == written[column - 1]
        if row and column and costs[row, column] == costs[row - 1, column - 1] + (not same):
            row, column, substituted = row - 1, column - 1, substituted + (not same)
        elif row and costs[row, column] == costs[row - 1, column] + 1:
            row, missing = row - 1, missing + 1
        else:
            column, added = column - 1, added + 1
    return WordErrors(len(said), substituted, missing, added)
