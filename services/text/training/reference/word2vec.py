"""Word2Vec with negative sampling in NumPy: skip-gram and continuous bag of words."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]

MIN_COUNT = 5
WINDOW = 5
NEGATIVES = 5
POWER = 0.75
RATE, LAST_RATE = 0.025, 0.0001
BATCH = 512
LARGEST_STEP = 0.5
"""Bound on one update of a vector: a batch adds up the updates of every occurrence of a frequent word."""


@dataclass(frozen=True)
class Embedding:
    """Vectors of the words of a corpus.

    Attributes:
        words: most frequent first.
        vectors: shape `(len(words), dimensions)`.
        idf: `ln(n / df)` of each word, shape `(len(words),)`.
    """

    words: list[str]
    vectors: Floats
    idf: Floats

    @property
    def rows(self) -> dict[str, int]:
        """The row of each word."""
        return {word: row for row, word in enumerate(self.words)}


def train_word2vec(
    texts: Sequence[Sequence[str]],
    *,
    skip_gram: bool,
    dimensions: int = 300,
    epochs: int = 5,
    seed: int = 0,
) -> Embedding:
    """Train word vectors on texts (Mikolov et al. 2013b, equation 4: negative sampling).

    A skip-gram predicts each neighbour from the word; the bag of words predicts the word from the mean of its
    neighbours. Neighbours are up to `WINDOW` words away, nearer ones more often, as there.

    Args:
        texts: tokens of each.
        skip_gram: or else the continuous bag of words.
        dimensions: of a vector.
        epochs: passes over the texts.
        seed: of weights, windows and negatives.
    """
    counts = Counter(word for text in texts for word in text)
    words = [word for word, n in counts.most_common() if n >= MIN_COUNT]
    row = {word: place for place, word in enumerate(words)}
    coded = [np.array([row[word] for word in text if word in row], dtype=np.int64) for text in texts]
    generator = np.random.default_rng(seed)
    inner = ((generator.random((len(words), dimensions)) - 0.5) / dimensions).astype(np.float32)
    outer = np.zeros((len(words), dimensions), dtype=np.float32)
    noise = np.array([counts[word] for word in words], dtype=np.float64) ** POWER
    threshold = np.cumsum(noise / noise.sum())
    for epoch in range(epochs):
        centres, contexts, masks = _windows(coded, generator)
        order = generator.permutation(len(centres))
        for start in range(0, len(order), BATCH):
            done = (epoch + start / len(order)) / epochs
            rate = np.float32(max(LAST_RATE, RATE * (1.0 - done)))
            here = order[start : start + BATCH]
            step = _skip_gram if skip_gram else _bag_of_words
            step(inner, outer, centres[here], contexts[here], masks[here], threshold, generator, rate)
    df = Counter(word for text in texts for word in set(text))
    idf = np.log(len(texts) / np.array([df[word] for word in words]))
    return Embedding(words, inner, idf.astype(np.float32))


def _windows(
    coded: Sequence[Ids], generator: np.random.Generator
) -> tuple[Ids, NDArray[np.int64], NDArray[np.bool_]]:
    """Return every word, its neighbours and which of them are there: shapes `(n,)`, `(n, 2 WINDOW)` twice."""
    centres = np.concatenate(list(coded))
    ends = np.repeat(np.cumsum([len(text) for text in coded]), [len(text) for text in coded])
    starts = ends - np.repeat([len(text) for text in coded], [len(text) for text in coded])
    offsets = np.array([step for step in range(-WINDOW, WINDOW + 1) if step])
    places = np.arange(len(centres))[:, None] + offsets
    reach = generator.integers(1, WINDOW + 1, size=len(centres))[:, None]
    masks = (places >= starts[:, None]) & (places < ends[:, None]) & (np.abs(offsets) <= reach)
    contexts = centres[np.clip(places, 0, len(centres) - 1)]
    some = masks.any(axis=1)
    return centres[some], contexts[some], masks[some]


def _skip_gram(
    inner: Floats,
    outer: Floats,
    centres: Ids,
    contexts: Ids,
    masks: NDArray[np.bool_],
    threshold: NDArray[np.float64],
    generator: np.random.Generator,
    rate: np.float32,
) -> None:
    """Train on one batch: each word against its neighbours and, for every one of them, noise."""
    which, column = np.nonzero(masks)
    _update(inner, outer, centres[which][:, None], contexts[which, column], threshold, generator, rate, None)


def _bag_of_words(
    inner: Floats,
    outer: Floats,
    centres: Ids,
    contexts: Ids,
    masks: NDArray[np.bool_],
    threshold: NDArray[np.float64],
    generator: np.random.Generator,
    rate: np.float32,
) -> None:
    """Train on one batch: the mean of the neighbours against the word and noise."""
    _update(inner, outer, contexts, centres, threshold, generator, rate, masks)


def _update(
    inner: Floats,
    outer: Floats,
    sources: Ids,
    targets: Ids,
    threshold: NDArray[np.float64],
    generator: np.random.Generator,
    rate: np.float32,
    masks: NDArray[np.bool_] | None,
) -> None:
    """Take a step of stochastic gradient ascent.

    Args:
        inner: vectors of words that speak, changed in place.
        outer: vectors of words that are spoken of, changed in place.
        sources: rows of `inner` whose mean speaks, shape `(n, m)`.
        targets: rows of `outer` that are true, shape `(n,)`.
        threshold: cumulated noise distribution.
        generator: of the noise.
        rate: of learning.
        masks: which sources count; all by default.
    """
    weights = np.ones(sources.shape, np.float32) if masks is None else masks.astype(np.float32)
    weights /= weights.sum(axis=1, keepdims=True)
    hidden = np.einsum("nm,nmd->nd", weights, inner[sources])
    noise = np.searchsorted(threshold, generator.random((len(targets), NEGATIVES)))
    rows = np.concatenate([targets[:, None], np.minimum(noise, len(threshold) - 1)], axis=1)
    truth = np.zeros(rows.shape, np.float32)
    truth[:, 0] = 1.0
    vectors = outer[rows]
    error = (truth - expit(np.einsum("nd,nkd->nk", hidden, vectors))) * rate
    back = np.einsum("nk,nkd->nd", error, vectors)
    _add(outer, rows.ravel(), (error[..., None] * hidden[:, None]).reshape(-1, hidden.shape[1]))
    _add(inner, sources.ravel(), (weights[..., None] * back[:, None]).reshape(-1, hidden.shape[1]))


def _add(table: Floats, rows: Ids, changes: Floats) -> None:
    """Add changes to rows, several to one row summed and bounded."""
    from scipy.sparse import csr_matrix

    unique, place = np.unique(rows, return_inverse=True)
    gather = csr_matrix((np.ones(len(rows), np.float32), (place, np.arange(len(rows)))))
    table[unique] += np.clip(gather @ changes, -LARGEST_STEP, LARGEST_STEP)


def mean_vectors(texts: Sequence[Sequence[str]], embedding: Embedding, *, by_idf: bool) -> Floats:
    """Return the mean vector of each text, words weighing the same or by TF-IDF, shape `(n, dimensions)`."""
    rows = embedding.rows
    found = np.zeros((len(texts), embedding.vectors.shape[1]), dtype=np.float32)
    for place, text in enumerate(texts):
        here = np.array([rows[word] for word in text if word in rows], dtype=np.int64)
        if here.size:
            weights = embedding.idf[here] if by_idf else np.ones(len(here), np.float32)
            found[place] = weights @ embedding.vectors[here] / max(float(weights.sum()), 1e-9)
    return found
