"""What words mean where they stand: the frozen encoder over a text, and what a linear layer makes of it.

A text is cut into stretches of at most `STRETCH` word pieces, each goes through `text_encoder` (the first
blocks of all-MiniLM-L6-v2; Wang et al. 2020), and the vectors of all pieces are averaged. A linear layer over
an average is an average of one number per piece, so what a word adds in its place can still be told exactly.
"""

import io
import weakref
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.common.media.files import Progress, ignore_progress
from services.common.serving.predictor import Predictor
from services.common.serving.registry import TEXT_ENCODER
from services.text.word_pieces import WordPieces

Floats = NDArray[np.float32]

PIECES_ASSET = "pieces.npz"
STRETCH = 126
"""Word pieces that are read at once, less the marks at both ends."""
MOST_STRETCHES = 8
"""About 800 words. Of a longer text as many are read, evenly spread, so that a book costs no more."""


@dataclass(frozen=True)
class PieceTable:
    """The first layer of the encoder, a table, which stays beside the model.

    Attributes:
        pieces: cuts words.
        vectors: 8-bit numbers, shape `(pieces, d)`.
        scale: of each row, shape `(pieces,)`.
    """

    pieces: WordPieces
    vectors: NDArray[np.int8]
    scale: Floats

    def embed(self, numbers: Sequence[int]) -> Floats:
        """Return vectors of pieces, marks added at both ends, shape `(len(numbers) + 2, d)`."""
        rows = np.array([self.pieces.start, *numbers, self.pieces.end])
        found: Floats = self.vectors[rows].astype(np.float32) * self.scale[rows, None]
        return found


@dataclass(frozen=True)
class Context:
    """A text as the encoder reads it.

    Attributes:
        mean: over the word pieces that were read, shape `(d,)`.
        sums: by token, what its pieces are of `mean`: the sum of their vectors over the number of all pieces.
        parts: by token, the share of the pieces that are its, adding up to 1.
    """

    mean: Floats
    sums: Mapping[str, Floats]
    parts: Mapping[str, float]


@dataclass(frozen=True)
class ContextLayer:
    """A linear layer over `Context.mean`.

    Attributes:
        weights: shape `(d, k)`.
        centre: what is taken off first, shape `(d,)`.
    """

    weights: Floats
    centre: Floats

    def scores(self, mean: Floats) -> Floats:
        """Return shape `(k,)`, of a mean of shape `(d,)`."""
        found: Floats = ((mean - self.centre) @ self.weights).astype(np.float32)
        return found

    def contributions(self, context: Context) -> dict[str, Floats]:
        """Return what each token adds to `scores`, shape `(k,)`."""
        return {
            token: (context.sums[token] - np.float32(part) * self.centre) @ self.weights
            for token, part in context.parts.items()
        }


_Stretch = list[tuple[str, int]]
"""Word pieces in order, each with the token that it is of."""


def stretches(tokens: Sequence[str], pieces: WordPieces) -> list[_Stretch]:
    """Split a tokenised text into even stretches of at most `STRETCH` pieces; at most `MOST_STRETCHES` of
    them.
    """
    every = [(token, number) for token in tokens for number in pieces.of_word(token)]
    count = -(-len(every) // STRETCH)
    ends = np.linspace(0, len(every), count + 1).round().astype(int) if count else np.zeros(1, int)
    chosen = np.linspace(0, count - 1, min(count, MOST_STRETCHES)).round().astype(int)
    return [every[ends[place] : ends[place + 1]] for place in chosen]


def read_context(tokens: Sequence[str], predictor: Predictor) -> Context | None:
    """Read a text with the served encoder; None where it has no word piece.

    Args:
        tokens: from `features.tokenize`.
        predictor: runs `text_encoder`.

    Raises:
        TemporaryError: the encoder is out of reach.
    """
    table = load_pieces(predictor)
    parts = stretches(tokens, table.pieces)
    if not parts:
        return None
    total = sum(map(len, parts))
    sums: dict[str, Floats] = defaultdict(lambda: np.zeros(1, np.float32))
    for part, vectors in zip(parts, _encode(parts, table, predictor), strict=True):
        for (token, _), vector in zip(part, vectors, strict=True):
            sums[token] = sums[token] + vector / np.float32(total)
    counted = Counter(token for part in parts for token, _ in part)
    return Context(
        mean=np.sum(list(sums.values()), axis=0, dtype=np.float32),
        sums=dict(sums),
        parts={token: times / total for token, times in counted.items()},
    )


def read_contexts(
    texts: Sequence[Sequence[str]], predictor: Predictor, *, progress: Progress = ignore_progress
) -> list[Floats | None]:
    """Return `Context.mean` of many tokenised texts; `progress` is told the share that is read."""
    means = []
    for done, tokens in enumerate(texts, start=1):
        context = read_context(tokens, predictor)
        means.append(None if context is None else context.mean)
        progress(done / len(texts))
    return means


def _encode(parts: Sequence[_Stretch], table: PieceTable, predictor: Predictor) -> list[Floats]:
    """Encode every piece, shape `(pieces, d)`, stretches of one length together."""
    found: dict[int, Floats] = {}
    for length in {len(part) for part in parts}:
        places = [place for place, part in enumerate(parts) if len(part) == length]
        batch = np.stack([table.embed([number for _, number in parts[place]]) for place in places])
        for place, vectors in zip(places, predictor.predict(TEXT_ENCODER, batch), strict=True):
            found[place] = vectors[1:-1]
    return [found[place] for place in range(len(parts))]


def write_pieces(vocabulary: Sequence[str], vectors: Floats) -> bytes:
    """Write the table as 8-bit numbers with a scale per row, in a NumPy archive without pickles."""
    scale = np.maximum(np.abs(vectors).max(axis=1), 1e-6) / 127.0
    file = io.BytesIO()
    np.savez_compressed(
        file,
        words=np.frombuffer("\n".join(vocabulary).encode(), dtype=np.uint8),
        vectors=np.round(vectors / scale[:, None]).astype(np.int8),
        scale=scale.astype(np.float32),
    )
    return file.getvalue()


def read_pieces(content: bytes) -> PieceTable:
    """Read what `write_pieces` wrote."""
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        words = arrays["words"].tobytes().decode().split("\n")
        return PieceTable(WordPieces(words), arrays["vectors"], arrays["scale"])


_LOADED: "weakref.WeakKeyDictionary[Predictor, PieceTable]" = weakref.WeakKeyDictionary()


def load_pieces(predictor: Predictor) -> PieceTable:
    """Return the side file of the served `text_encoder`, read once per predictor and so once per process.

    Raises:
        TemporaryError: `model_unavailable`, there is no such model.
    """
    if predictor not in _LOADED:
        _LOADED[predictor] = read_pieces(predictor.asset(TEXT_ENCODER, PIECES_ASSET))
    return _LOADED[predictor]
