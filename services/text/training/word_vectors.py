"""Vectors of English words from a sentence encoder and from GloVe: what meanings are made of.

The file beside this module is committed; `distil` says how it was made. Nothing of it is served: a fitted
model keeps one number per word and score (`services.text.meanings`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from services.text.features import Floats
from services.text.meanings import Meanings

VECTORS_FILE = Path(__file__).with_name("word_vectors.npz")


@dataclass(frozen=True)
class WordVectors:
    """A dictionary of vectors.

    Attributes:
        words: in lower case.
        vectors: shape `(len(words), d)`, float32.
    """

    words: Sequence[str]
    vectors: Floats

    def means(self, texts: Sequence[Sequence[str]]) -> Floats:
        """Return the mean vector of each tokenised text, shape `(n, d)`; zero where no word is known."""
        table = Meanings(self.words, self.vectors)
        return np.stack([table.mean(tokens) for tokens in texts])


@cache
def load_word_vectors(path: Path = VECTORS_FILE) -> WordVectors:
    """Read the committed vectors, stored as 8-bit numbers with a scale per dimension."""
    with np.load(path, allow_pickle=False) as arrays:
        words = arrays["words"].tobytes().decode().split("\n")
        return WordVectors(words, arrays["vectors"].astype(np.float32) * arrays["scale"].astype(np.float32))
