"""What single words say about the scores by their meaning, whether or not a training text has them. Pure.

A word vector places a word among others of like meaning. A linear layer over the mean vector of a text is a
mean of one number per word and score; those numbers are all that serving needs, and they are exact.
"""

import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Meanings:
    """A number per word and score.

    Attributes:
        words: in the order of the rows, in lower case.
        scores: shape `(len(words), k)`, float32.
    """

    words: Sequence[str]
    scores: Floats

    @property
    def size(self) -> int:
        """Number of scores."""
        return int(self.scores.shape[1])

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {word: row for row, word in enumerate(self.words)}

    def known(self, tokens: Sequence[str]) -> dict[str, tuple[int, int]]:
        """Return the tokens that have a meaning: the row of each and how often it occurs."""
        rows = self._rows
        return {token: (rows[token], times) for token, times in Counter(tokens).items() if token in rows}

    def mean(self, tokens: Sequence[str]) -> Floats:
        """Return the mean over the known tokens of a text, shape `(k,)`; zero where none is known."""
        known = self.known(tokens)
        if not known:
            return np.zeros(self.size, dtype=np.float32)
        rows, times = np.array(list(known.values())).T
        mean: Floats = (times @ self.scores[rows] / times.sum()).astype(np.float32)
        return mean

    def contributions(self, tokens: Sequence[str]) -> dict[str, Floats]:
        """Return what each known token adds to `mean`, shape `(k,)`."""
        known = self.known(tokens)
        total = sum(times for _, times in known.values())
        return {token: self.scores[row] * (times / total) for token, (row, times) in known.items()}


def write_meanings(meanings: Meanings) -> bytes:
    """Write a NumPy archive without pickles; scores as float16."""
    file = io.BytesIO()
    words = np.frombuffer("\n".join(meanings.words).encode(), dtype=np.uint8)
    np.savez_compressed(file, words=words, scores=meanings.scores.astype(np.float16))
    return file.getvalue()


def read_meanings(content: bytes) -> Meanings:
    """Read what `write_meanings` wrote."""
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return Meanings(
            words=arrays["words"].tobytes().decode().split("\n"), scores=arrays["scores"].astype(np.float32)
        )
