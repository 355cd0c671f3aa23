"""A corpus as inputs of the models: tokens, counts and dense blocks, whole and cut to its first words."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.text.features import Floats, is_word, tokenize
from services.text.pace import pace_inputs
from services.text.training.context_reader import Reader
from services.text.training.counts import Counts, VocabularyRule, count_terms, recount
from services.text.training.dataset import CLIP_S, Corpus, load_corpus
from services.text.training.design import CONTEXT, MEANINGS, PACE
from services.text.training.word_vectors import WordVectors

Array = NDArray[np.float64]
WHOLE = 0
"""Stands for the whole text among numbers of words."""


@dataclass(frozen=True)
class Inputs:
    """Texts at one length.

    Attributes:
        tokens: of each text.
        words: how many each has, shape `(n,)`.
        counts: of terms.
        dense: mean word vectors (`MEANINGS`), what the encoder reads (`CONTEXT`, `Context.mean`), and for
            clips the pace (`PACE`, as `pace_inputs`).
    """

    tokens: list[list[str]]
    words: Array
    counts: Counts
    dense: dict[str, Floats]

    def contexts(self, start: int, end: int) -> list[Floats | None]:
        """Return `Context.mean` of some texts, as `TextModel.rows` takes them."""
        count = len(self.tokens[start:end])
        return list(self.dense[CONTEXT][start:end]) if CONTEXT in self.dense else [None] * count


def first_words(tokens: Sequence[str], words: int) -> list[str]:
    """Return the beginning of a text, up to and with its `words`-th word."""
    seen = 0
    for place, token in enumerate(tokens):
        seen += is_word(token)
        if seen == words:
            return list(tokens[: place + 1])
    return list(tokens)


def word_counts(texts: Sequence[Sequence[str]]) -> Array:
    """Return words of each tokenised text, shape `(n,)`."""
    return np.array([sum(map(is_word, tokens)) for tokens in texts], dtype=np.float64)


def make_inputs(
    texts: Sequence[str],
    *,
    rule: VocabularyRule,
    vectors: WordVectors | None,
    lengths: Sequence[int],
    clips: bool = False,
    reader: Reader | None = None,
) -> dict[int, Inputs]:
    """Return the texts, whole (`WHOLE`) and cut to each of `lengths` words.

    Args:
        texts: as written.
        rule: for what may become a term.
        vectors: of words; None leaves the meanings out.
        lengths: numbers of words.
        clips: whether these are clips of `CLIP_S` seconds, whose words per minute are known. A clip that is
            cut keeps its pace: less was written down of it, it was not spoken more slowly.
        reader: reads words in context; None leaves the context out.
    """
    whole = [tokenize(text) for text in texts]
    words = word_counts(whole)
    counts = count_terms(whole, rule)
    found: dict[int, Inputs] = {}
    for length in (WHOLE, *lengths):
        tokens = [first_words(one, length) for one in whole] if length else whole
        dense = {} if vectors is None else {MEANINGS: vectors.means(tokens)}
        if reader is not None:
            dense[CONTEXT] = reader(tokens)
        if clips:
            dense[PACE] = np.stack([pace_inputs(rate) for rate in clip_rates(words)])
        here = recount(tokens, counts, rule) if length else counts
        found[length] = Inputs(tokens, word_counts(tokens) if length else words, here, dense)
    return found


def clip_rates(words: Array) -> Array:
    """Return words per minute of clips of `CLIP_S` seconds."""
    return words * (60.0 / CLIP_S)


def load_inputs(
    data: Path,
    name: str,
    *,
    rule: VocabularyRule,
    vectors: WordVectors | None,
    lengths: Sequence[int],
    reader: Reader | None = None,
) -> tuple[Corpus, dict[int, Inputs]]:
    """Return a corpus and its inputs; arguments as of `make_inputs`.

    Raises:
        FileNotFoundError: the corpus is not in that folder.
    """
    corpus = load_corpus(data, name)
    clips = corpus.interview is not None
    return corpus, make_inputs(
        corpus.texts, rule=rule, vectors=vectors, lengths=lengths, clips=clips, reader=reader
    )
