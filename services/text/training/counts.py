"""Terms of a whole corpus counted once, so that folds choose columns and need not read a text again."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from services.text.features import Floats, Vocabulary, character_terms, is_word, phrases

Ids = NDArray[np.intp]
Terms = Callable[[Sequence[str]], "Counter[str]"]


@dataclass(frozen=True, slots=True)
class VocabularyRule:
    """How a vocabulary is chosen.

    Attributes:
        min_texts: a token or character n-gram must occur in as many texts.
        max_share: and in no more than this share of them.
        max_tokens, max_characters, max_phrases: the most frequent of those are kept, per block.
        character_ngrams: shortest and longest character n-gram.
        min_phrase_texts: as `min_texts`, for phrases.
    """

    min_texts: int = 5
    max_share: float = 0.98
    max_tokens: int = 8000
    max_characters: int = 16000
    max_phrases: int = 8000
    character_ngrams: tuple[int, int] = (2, 5)
    min_phrase_texts: int = 8


@dataclass(frozen=True)
class Counts:
    """How often terms occur in texts, in three blocks as in `features.Vocabulary`.

    Attributes:
        terms: of each block, in the order of its columns.
        table: sparse, shape `(n, all terms)`.
    """

    terms: tuple[list[str], list[str], list[str]]
    table: Any

    @property
    def starts(self) -> list[int]:
        """First column of each block."""
        return [0, len(self.terms[0]), len(self.terms[0]) + len(self.terms[1])]


def _block_terms(rule: VocabularyRule) -> tuple[Terms, Terms, Terms]:
    cut: dict[str, list[str]] = {}

    def characters(tokens: Sequence[str]) -> Counter[str]:
        found: Counter[str] = Counter()
        for token, times in Counter(tokens).items():
            if token not in cut:
                cut[token] = character_terms(token, *rule.character_ngrams) if is_word(token) else []
            for term in cut[token]:
                found[term] += times
        return found

    return Counter, characters, lambda tokens: Counter(phrases(tokens))


def count_terms(texts: Sequence[Sequence[str]], rule: VocabularyRule) -> Counts:
    """Count every term that any set of these texts could have in its vocabulary, in each text."""
    least = (rule.min_texts, rule.min_texts, rule.min_phrase_texts)
    terms, tables = [], []
    for counter, min_texts in zip(_block_terms(rule), least, strict=True):
        counted = [counter(tokens) for tokens in texts]
        df = Counter(term for one in counted for term in one)
        kept = sorted(term for term, n in df.items() if n >= min_texts)
        terms.append(kept)
        tables.append(_table(counted, kept))
    return Counts((terms[0], terms[1], terms[2]), sparse.hstack(tables, format="csr"))


def recount(texts: Sequence[Sequence[str]], counts: Counts, rule: VocabularyRule) -> Counts:
    """Count the terms of other texts under the columns of `counts`."""
    tables = [
        _table((counter(tokens) for tokens in texts), terms)
        for counter, terms in zip(_block_terms(rule), counts.terms, strict=True)
    ]
    return Counts(counts.terms, sparse.hstack(tables, format="csr"))


def _table(counted: Iterable["Counter[str]"], terms: Sequence[str]) -> Any:
    column_of = {term: column for column, term in enumerate(terms)}
    columns: list[int] = []
    values: list[float] = []
    ends = [0]
    for one in counted:
        for term, times in one.items():
            column = column_of.get(term)
            if column is not None:
                columns.append(column)
                values.append(times)
        ends.append(len(columns))
    shape = (len(ends) - 1, len(terms))
    return sparse.csr_matrix((np.array(values, np.float32), np.array(columns, np.int32), ends), shape=shape)


@dataclass(frozen=True)
class Chosen:
    """Columns of `Counts` that make a vocabulary.

    Attributes:
        columns: ascending, of all blocks.
        idf: of each.
        vocabulary: the same by name.
    """

    columns: Ids
    idf: Floats
    vocabulary: Vocabulary


def choose_terms(counts: Counts, rows: Ids, rule: VocabularyRule) -> Chosen:
    """Choose terms by their document frequency in some of the texts; idf is `1 + ln((1 + n) / (1 + df))`."""
    df = np.bincount(counts.table[rows].indices, minlength=counts.table.shape[1])
    limits = (rule.max_tokens, rule.max_characters, rule.max_phrases)
    least = (rule.min_texts, rule.min_texts, rule.min_phrase_texts)
    columns: list[Ids] = []
    names: list[list[str]] = []
    for start, terms, limit, min_texts in zip(counts.starts, counts.terms, limits, least, strict=True):
        here = df[start : start + len(terms)]
        fits = np.flatnonzero((here >= min_texts) & (here <= rule.max_share * len(rows)))
        kept = np.sort(fits[np.argsort(-here[fits], kind="stable")[:limit]])
        columns.append(kept + start)
        names.append([terms[column] for column in kept])
    every = np.concatenate(columns)
    idf = (1.0 + np.log((1 + len(rows)) / (1 + df[every]))).astype(np.float32)
    vocabulary = Vocabulary(
        tokens=names[0],
        characters=names[1],
        idf=idf,
        character_ngrams=rule.character_ngrams,
        phrases=names[2],
    )
    return Chosen(every, idf, vocabulary)


def build_vocabulary(texts: Sequence[Sequence[str]], rule: VocabularyRule) -> Vocabulary:
    """Choose terms and their idf from the tokens of training texts."""
    return choose_terms(count_terms(texts, rule), np.arange(len(texts)), rule).vocabulary


def tfidf_blocks(counts: Counts, chosen: Chosen) -> list[Any]:
    """Return `features.tfidf` of every counted text, one sparse matrix of unit rows per block of the
    vocabulary.
    """
    table = counts.table[:, chosen.columns].copy()
    table.data = 1.0 + np.log(table.data)
    table = (table @ sparse.diags(chosen.idf)).tocsr()
    return [_unit_rows(table[:, block]) for block in chosen.vocabulary.blocks]


def _unit_rows(block: Any) -> Any:
    lengths = np.sqrt(np.asarray(block.multiply(block).sum(axis=1)).ravel())
    return (sparse.diags((1.0 / np.maximum(lengths, 1e-12)).astype(np.float32)) @ block).tocsr()
