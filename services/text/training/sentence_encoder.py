"""all-MiniLM-L6-v2 (Reimers & Gurevych 2019; Wang et al. 2020) in NumPy, for short texts: single words.

Only `distil` needs it, once; so there is no tokeniser library and no second tensor library to install.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import erf

from services.text.features import Floats
from services.text.word_pieces import WordPieces

HEADS, LAYERS = 12, 6
LONGEST = 12
"""Word pieces of one word after which it is cut off."""


def read_tensors(path: Path) -> dict[str, Floats]:
    """Return the float32 tensors of a safetensors file: a length, a JSON table of contents, then the
    numbers.
    """
    content = path.read_bytes()
    size = int.from_bytes(content[:8], "little")
    table: dict[str, Any] = json.loads(content[8 : 8 + size])
    found = {}
    for name, entry in table.items():
        if name != "__metadata__" and entry["dtype"] == "F32":
            start, end = (8 + size + offset for offset in entry["data_offsets"])
            found[name] = np.frombuffer(content[start:end], dtype=np.float32).reshape(entry["shape"])
    return found


def word_ids(word: str, pieces: WordPieces) -> list[int]:
    """Return numbers of the first pieces of a lower-case word, with start and end."""
    return [pieces.start, *pieces.of_word(word)[:LONGEST], pieces.end]


class SentenceEncoder:
    """The encoder: mean over all positions of the last layer.

    Args:
        folder: holds `model.safetensors` and `vocab.txt` of the published model.

    Raises:
        FileNotFoundError: one of the files is missing.
    """

    def __init__(self, folder: Path) -> None:
        self.vocabulary = (folder / "vocab.txt").read_text(encoding="utf-8").split("\n")
        self.pieces = WordPieces(self.vocabulary)
        self._tensors = read_tensors(folder / "model.safetensors")

    def encode(self, ids: np.ndarray) -> Floats:
        """Encode sequences of one length.

        Args:
            ids: numbers of word pieces, shape `(n, length)`.

        Returns:
            Shape `(n, 384)`.
        """
        x = self._tensors["embeddings.word_embeddings.weight"][ids]
        x = x + self._tensors["embeddings.position_embeddings.weight"][: ids.shape[1]]
        x = x + self._tensors["embeddings.token_type_embeddings.weight"][0]
        x = self._norm(x, "embeddings.LayerNorm")
        for layer in range(LAYERS):
            x = self._layer(x, f"encoder.layer.{layer}.")
        mean: Floats = x.mean(axis=1)
        return mean

    def _layer(self, x: Floats, name: str) -> Floats:
        """Add attention and feed-forward, each with its residual and norm (Devlin et al. 2019)."""
        n, length, width = x.shape
        query, key, value = (
            self._dense(x, f"{name}attention.self.{part}")
            .reshape(n, length, HEADS, width // HEADS)
            .transpose(0, 2, 1, 3)
            for part in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 1, 3, 2) / np.float32(np.sqrt(width // HEADS))
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        attended = (scores / scores.sum(axis=-1, keepdims=True)) @ value
        attended = attended.transpose(0, 2, 1, 3).reshape(n, length, width)
        x = self._norm(
            x + self._dense(attended, f"{name}attention.output.dense"), f"{name}attention.output.LayerNorm"
        )
        inner = self._dense(x, f"{name}intermediate.dense")
        inner = 0.5 * inner * (1.0 + erf(inner / np.float32(np.sqrt(2.0))))
        return self._norm(x + self._dense(inner, f"{name}output.dense"), f"{name}output.LayerNorm")

    def _dense(self, x: Floats, name: str) -> Floats:
        product: Floats = x @ self._tensors[f"{name}.weight"].T + self._tensors[f"{name}.bias"]
        return product

    def _norm(self, x: Floats, name: str) -> Floats:
        centred = x - x.mean(axis=-1, keepdims=True)
        scaled: Floats = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-12)
        return scaled * self._tensors[f"{name}.weight"] + self._tensors[f"{name}.bias"]
