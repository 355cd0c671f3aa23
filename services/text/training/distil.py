"""Make the word vectors: `python -m services.text.training.distil --encoder DIR --glove FILE --data DIR`.

Every word goes through the sentence encoder by itself, and the vectors are reduced to their principal
components, as in Model2Vec (Tulkens & van Dongen 2024); words weigh in by the logarithm of how many texts
have them. Its GloVe vector (Pennington, Socher & Manning 2014) stands beside it, scaled to vary as much.

The encoder's folder holds `model.safetensors` and `vocab.txt` of all-MiniLM-L6-v2 (Apache-2.0); the file is
`glove.6B.50d.txt` (Open Data Commons Public Domain Dedication and License).
"""

import argparse
import logging
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from services.text.features import Floats, is_word, tokenize
from services.text.training.dataset import CORPORA, load_corpus
from services.text.training.sentence_encoder import SentenceEncoder, word_ids
from services.text.training.word_vectors import VECTORS_FILE

DIMENSIONS = 192
MIN_TEXTS = 3
"""Texts of the corpora that a word must be in, unless the encoder has it as a whole."""
BATCH = 128
_PLAIN = re.compile(r"[a-z]{3,}")
log = logging.getLogger(__name__)


def document_frequencies(data: Path) -> Counter[str]:
    """Count how many texts of both corpora have a word."""
    found: Counter[str] = Counter()
    for name in CORPORA:
        for text in load_corpus(data, name).texts:
            found.update({token for token in tokenize(text) if is_word(token)})
    return found


def encode_words(encoder: SentenceEncoder, words: Sequence[str]) -> Floats:
    """Encode single words, shape `(len(words), 384)`."""
    ids = [word_ids(word, encoder.pieces) for word in words]
    lengths = np.array([len(one) for one in ids])
    found = np.zeros((len(words), 384), dtype=np.float32)
    for length in np.unique(lengths):
        places = np.flatnonzero(lengths == length)
        for start in range(0, len(places), BATCH):
            here = places[start : start + BATCH]
            found[here] = encoder.encode(np.array([ids[place] for place in here]))
        log.info("%d words of %d pieces", len(places), length - 2)
    return found


def principal(vectors: Floats, weights: Floats, dimensions: int) -> Floats:
    """Compute weighted principal components (Jolliffe 2002), centred, shape `(n, dimensions)`."""
    centred = vectors - np.average(vectors, axis=0, weights=weights)
    covariance = (centred * weights[:, None]).T @ centred / weights.sum()
    _, axes = np.linalg.eigh(covariance)
    reduced: Floats = centred @ axes[:, ::-1][:, :dimensions]
    return reduced


def read_glove(path: Path, words: Sequence[str]) -> Floats:
    """Read GloVe vectors of words, shape `(len(words), d)`; the mean of the others where it has none.

    A word with an apostrophe is the mean of its parts, as GloVe's tokeniser cuts them (`do`, `n't`).

    Args:
        path: lines of a word and its numbers, with spaces between.
        words: in lower case.
    """
    parts = [_glove_parts(word) for word in words]
    wanted = {part for each in parts for part in each}
    table: dict[str, Floats] = {}
    with path.open(encoding="utf-8") as file:
        for line in file:
            word, _, numbers = line.partition(" ")
            if word in wanted:
                table[word] = np.array(numbers.split(), dtype=np.float32)
    mean = np.mean(list(table.values()), axis=0)
    return np.stack([_mean_or(mean, [table[part] for part in each if part in table]) for each in parts])


def _glove_parts(word: str) -> list[str]:
    if word.endswith("n't"):
        return [word.removesuffix("n't"), "n't"]
    base, mark, ending = word.partition("'")
    return [base, mark + ending] if mark else [word]


def _mean_or(default: Floats, vectors: Sequence[Floats]) -> Floats:
    found: Floats = np.mean(vectors, axis=0) if vectors else default
    return found


def side_by_side(blocks: Sequence[Floats], weights: Floats) -> Floats:
    """Join vectors of several sources, each centred and varying as much."""
    scaled = []
    for block in blocks:
        centred = block - np.average(block, axis=0, weights=weights)
        spread = np.average((centred**2).sum(axis=1), weights=weights)
        scaled.append(centred / np.sqrt(spread))
    joined: Floats = np.hstack(scaled).astype(np.float32)
    return joined


def save_vectors(words: Sequence[str], vectors: Floats, path: Path) -> None:
    """Write vectors as 8-bit numbers with a scale per dimension."""
    scale = np.abs(vectors).max(axis=0) / 127.0
    np.savez_compressed(
        path,
        words=np.frombuffer("\n".join(words).encode(), dtype=np.uint8),
        vectors=np.round(vectors / scale).astype(np.int8),
        scale=scale.astype(np.float32),
    )


def main() -> None:
    """Read the encoder and the corpora, and write the vectors."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--encoder", type=Path, required=True)
    parser.add_argument("--glove", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--to", type=Path, default=VECTORS_FILE)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    encoder = SentenceEncoder(options.encoder)
    df = document_frequencies(options.data)
    whole = {piece for piece in encoder.vocabulary if _PLAIN.fullmatch(piece)}
    words = sorted({word for word, n in df.items() if n >= MIN_TEXTS} | whole)
    weights = np.log1p(np.array([df[word] for word in words], dtype=np.float32))
    encoded = principal(encode_words(encoder, words), weights, DIMENSIONS)
    save_vectors(words, side_by_side([encoded, read_glove(options.glove, words)], weights), options.to)
    log.info("wrote %s: %d words", options.to.name, len(words))


if __name__ == "__main__":
    main()
