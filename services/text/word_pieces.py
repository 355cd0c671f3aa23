"""Words cut into the pieces that an encoder knows. Pure."""

import unicodedata
from collections.abc import Sequence
from functools import lru_cache

START, END, UNKNOWN = "[CLS]", "[SEP]", "[UNK]"
CACHED_WORDS = 20_000
"""Words whose pieces are remembered; a bound, so that no stream of odd words fills the memory."""


class WordPieces:
    """WordPiece (Schuster & Nakajima 2012): the longest known piece first, inner pieces marked by `##`."""

    def __init__(self, vocabulary: Sequence[str]) -> None:
        self._ids = {piece: number for number, piece in enumerate(vocabulary)}
        self.start, self.end = self._ids[START], self._ids[END]
        self.of_word = lru_cache(CACHED_WORDS)(self._of_word)

    def _of_word(self, word: str) -> tuple[int, ...]:
        """Return numbers of the pieces of a lower-case word; accents are taken off first."""
        plain = "".join(c for c in unicodedata.normalize("NFD", word) if unicodedata.category(c) != "Mn")
        parts = plain.replace("'", " ' ").split()
        return tuple(piece for part in parts for piece in self._pieces(part))

    def _pieces(self, part: str) -> list[int]:
        found: list[int] = []
        start = 0
        while start < len(part):
            mark = "##" if start else ""
            ends = range(len(part), start, -1)
            end = next((end for end in ends if mark + part[start:end] in self._ids), None)
            if end is None:
                return [self._ids[UNKNOWN]]
            found.append(self._ids[mark + part[start:end]])
            start = end
        return found
