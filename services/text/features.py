"""From text to the vector of the served model, and back from its weights to words. Pure.

A text becomes tokens (words, numbers, punctuation marks), tokens become terms (the tokens themselves,
character n-grams inside words, and phrases of two tokens), and terms become a TF-IDF vector over a fixed
vocabulary. `meanings` adds what single words mean, `context` what they mean where they stand, and
`text_model` puts the row together.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from services.text.english import MARKERS, STOP_WORDS

Floats = NDArray[np.float32]
Ids = NDArray[np.intp]

_APOSTROPHES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u02bc": "'", "\u00b4": "'", "`": "'"})
_TOKEN = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*|\d+|[.!?]+|[,;:()\"-]")
_SENTENCE_END = re.compile(r"[.!?\u2026]+(?=\s|[\"')\]\u201d]|$)")
LONGEST_WORD = 64
"""Letters after which a word is cut off: nobody writes longer ones, but a hostile file may."""
CACHED_TOKENS = 50_000
"""Tokens whose columns are remembered; a bound, so that no stream of odd words fills the memory."""


def tokenize(text: str) -> list[str]:
    """Split a text into lower-case words, numbers and punctuation marks, in order.

    Args:
        text: as written; compatibility forms (ligatures, full-width letters) and curly apostrophes are
            folded first.
    """
    folded = unicodedata.normalize("NFKC", text).translate(_APOSTROPHES).lower()
    return [token[:LONGEST_WORD] for token in _TOKEN.findall(folded)]


def is_word(token: str) -> bool:
    """Tell whether a token is a word, not a number or punctuation mark."""
    return token[0].isalpha()


def count_sentences(text: str) -> int:
    """Count sentences by their end marks; text without any is one, and blank text none."""
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    tail = text[ends[-1] if ends else 0 :]
    return len(ends) + (1 if any(c.isalnum() for c in tail) else 0)


def english_share(words: Sequence[str]) -> float:
    """Return the share of the words, 0..1, that are everyday English function words; 0 where there are
    none.
    """
    return sum(word in MARKERS for word in words) / len(words) if words else 0.0


def frequent_words(words: Sequence[str], *, limit: int) -> list[tuple[str, int]]:
    """Return the words used most, function words and single letters left out, with their counts."""
    counts = Counter(word for word in words if word not in STOP_WORDS and len(word) > 1)
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:limit]


def character_terms(word: str, shortest: int, longest: int) -> list[str]:
    """Return character n-grams of a word with a space at either side, which marks its beginning and end."""
    padded = f" {word} "
    return [
        padded[start : start + length]
        for length in range(shortest, longest + 1)
        for start in range(len(padded) - length + 1)
    ]


def phrases(tokens: Sequence[str]) -> list[str]:
    """Return every two neighbouring tokens, with a space between; a space is in no token."""
    return [f"{first} {second}" for first, second in pairwise(tokens)]


@dataclass(frozen=True)
class Vocabulary:
    """The terms of the model's input, in three blocks: tokens, character n-grams, phrases.

    Attributes:
        tokens: in the order of the columns.
        characters: character n-grams, in the order of the columns after those.
        idf: inverse document frequency per column, shape `(size,)`.
        character_ngrams: shortest and longest character n-gram.
        phrases: two tokens each (`phrases`), in the order of the last columns.
    """

    tokens: Sequence[str]
    characters: Sequence[str]
    idf: Floats
    character_ngrams: tuple[int, int] = (2, 4)
    phrases: Sequence[str] = ()
    _columns_of_token: dict[str, Ids] = field(default_factory=dict, repr=False, compare=False)

    @property
    def size(self) -> int:
        """Number of columns."""
        return len(self.tokens) + len(self.characters) + len(self.phrases)

    @property
    def blocks(self) -> list[slice]:
        """The columns of each kind of terms, less the kinds that have none."""
        ends = np.cumsum([0, len(self.tokens), len(self.characters), len(self.phrases)]).tolist()
        return [slice(start, end) for start, end in pairwise(ends) if end > start]

    @cached_property
    def _token_index(self) -> Mapping[str, int]:
        return {term: column for column, term in enumerate(self.tokens)}

    @cached_property
    def _character_index(self) -> Mapping[str, int]:
        return {term: column for column, term in enumerate(self.characters, start=len(self.tokens))}

    @cached_property
    def _phrase_index(self) -> Mapping[str, int]:
        start = len(self.tokens) + len(self.characters)
        return {term: column for column, term in enumerate(self.phrases, start=start)}

    def knows(self, token: str) -> bool:
        """Tell whether the token itself is a term."""
        return token in self._token_index

    def columns(self, token: str) -> Ids:
        """Return columns that one occurrence of a token counts in, repeated where it counts twice."""
        found = self._columns_of_token.get(token)
        if found is None:
            terms = character_terms(token, *self.character_ngrams) if is_word(token) else []
            column = self._token_index.get(token)
            own = [] if column is None else [column]
            parts = [self._character_index[term] for term in terms if term in self._character_index]
            found = np.array(own + parts, dtype=np.intp)
            if len(self._columns_of_token) < CACHED_TOKENS:
                self._columns_of_token[token] = found
        return found

    def phrase_counts(self, tokens: Sequence[str]) -> dict[str, tuple[int, int]]:
        """Return the known phrases of a text: the column of each and how often it occurs."""
        if not self.phrases:
            return {}
        index = self._phrase_index
        counts = Counter(phrases(tokens))
        return {phrase: (index[phrase], times) for phrase, times in counts.items() if phrase in index}


def term_counts(tokens: Sequence[str], vocabulary: Vocabulary) -> Floats:
    """Count how often each term of the vocabulary occurs, shape `(vocabulary.size,)`."""
    counts = np.zeros(vocabulary.size, dtype=np.float32)
    for token, times in Counter(tokens).items():
        np.add.at(counts, vocabulary.columns(token), times)
    for column, times in vocabulary.phrase_counts(tokens).values():
        counts[column] = times
    return counts


def tfidf(tokens: Sequence[str], vocabulary: Vocabulary) -> Floats:
    """Compute TF-IDF over the vocabulary.

    Each block is `(1 + ln count) · idf`, scaled to unit length (Salton & Buckley 1988, "ltc"), and
    blocks weigh the same. A block without a known term is zero.

    Args:
        tokens: of the text, from `tokenize`.
        vocabulary: of the model.

    Returns:
        Shape `(vocabulary.size,)`, float32, ≥ 0, length ≤ 1.
    """
    counts = term_counts(tokens, vocabulary)
    occurs = counts > 0
    weights = np.zeros_like(counts)
    weights[occurs] = (1.0 + np.log(counts[occurs])) * vocabulary.idf[occurs]
    blocks = vocabulary.blocks
    for block in blocks:
        weights[block] /= np.sqrt(len(blocks)) * max(float(np.linalg.norm(weights[block])), 1e-12)
    return weights


def term_contributions(
    tokens: Sequence[str], vocabulary: Vocabulary, values: Floats, weights: Floats
) -> dict[str, Floats]:
    """Return what each distinct token and phrase of a text adds to the outputs of a linear model.

    A term's share, `value · weight`, is divided evenly over its occurrences in the text, and that of a
    character n-gram over the words it occurs in. So the contributions sum to `values · weights`, exactly.

    Args:
        tokens: of the text, from `tokenize`.
        vocabulary: of the model.
        values: what the text has in the vocabulary's columns, shape `(vocabulary.size,)`.
        weights: of those columns, shape `(vocabulary.size, k)`.

    Returns:
        By token, and by phrase (two tokens with a space between), shape `(k,)`.
    """
    per_occurrence = values / np.maximum(term_counts(tokens, vocabulary), 1.0)
    shares = per_occurrence[:, None] * weights
    found = {
        token: times * shares[vocabulary.columns(token)].sum(axis=0)
        for token, times in Counter(tokens).items()
    }
    for phrase, (column, times) in vocabulary.phrase_counts(tokens).items():
        found[phrase] = times * shares[column]
    return found


def reliability(tokens: Sequence[str], half_words: float) -> float:
    """Return how much a text of this length tells, 0..1: `words / (words + half_words)`.

    The reliability of a test that is lengthened with more of the same (Spearman 1910, Brown 1910). An
    estimate from few words is shrunk towards the base rate by as much.

    Args:
        tokens: of the text, from `tokenize`.
        half_words: words at which the estimate keeps half its strength, > 0.
    """
    words = sum(map(is_word, tokens))
    return words / (words + half_words)
