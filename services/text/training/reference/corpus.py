"""The essays as the reference's systems see them, and what is kept of them between runs."""

import json
import logging
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.text.training.dataset import ESSAYS, load_corpus
from services.text.training.reference.preprocessing import prepare
from services.text.training.reference.word2vec import Embedding, mean_vectors, train_word2vec
from services.training.splits import Indices

Array = NDArray[np.float64]
MAX_TERMS = 5000
VERSION = 1
"""Of everything that is kept: raise it when the preprocessing or the vectors change."""
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PreparedEssays:
    """Essays after the preprocessing chain.

    Attributes:
        lemmas: of each essay.
        traits: 0 or 1, shape `(n, 5)`.
        groups: author of each essay.
        digest: of the file.
        cache: folder of what is kept between runs.
    """

    lemmas: list[list[str]]
    traits: Array
    groups: NDArray[np.str_]
    digest: str
    cache: Path

    def features(self, name: str, fit: Indices, test: Indices) -> tuple[Any, Any]:
        """Return features of both sides of a fold: sparse TF-IDF, or dense vectors of shape `(n, 300)`."""
        if name == "tfidf":
            return self._tfidf(fit, test)
        kind, _, weighting = name.rpartition("-")
        embedding = self.skip_gram if kind == "skip-gram" else self.bag_of_words
        table = mean_vectors(self.lemmas, embedding, by_idf=weighting == "tfidf")
        return table[fit], table[test]

    def _tfidf(self, fit: Indices, test: Indices) -> tuple[Any, Any]:
        """Compute TF-IDF whose vocabulary and idf come from the training rows alone."""
        from sklearn.feature_extraction.text import TfidfVectorizer

        vectorizer = TfidfVectorizer(analyzer=_as_they_are, min_df=5, max_features=MAX_TERMS)
        known = vectorizer.fit_transform([self.lemmas[row] for row in fit])
        return known, vectorizer.transform([self.lemmas[row] for row in test])

    @cached_property
    def skip_gram(self) -> Embedding:
        """Vectors by skip-gram."""
        return self._embedding("skip-gram")

    @cached_property
    def bag_of_words(self) -> Embedding:
        """Vectors by continuous bag of words."""
        return self._embedding("cbow")

    def _embedding(self, kind: str) -> Embedding:
        path = self.cache / f"word2vec-{kind}-{self.digest[:12]}-v{VERSION}.npz"
        if not path.exists():
            log.info("training Word2Vec, %s", kind)
            made = train_word2vec(self.lemmas, skip_gram=kind == "skip-gram")
            path.parent.mkdir(parents=True, exist_ok=True)
            np.savez_compressed(path, words=np.array(made.words), vectors=made.vectors, idf=made.idf)
        with np.load(path, allow_pickle=False) as arrays:
            return Embedding(arrays["words"].tolist(), arrays["vectors"], arrays["idf"])


def _as_they_are(lemmas: list[str]) -> list[str]:
    return lemmas


def load_essays(data: Path, *, cache: Path) -> PreparedEssays:
    """Read the essays and run the chain; lemmas are kept in `cache`.

    Raises:
        FileNotFoundError: the essays are not in that folder.
    """
    corpus = load_corpus(data, ESSAYS)
    path = cache / f"lemmas-{corpus.sha256[:12]}-v{VERSION}.json"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps([prepare(text) for text in corpus.texts]), encoding="utf-8")
    lemmas = json.loads(path.read_text(encoding="utf-8"))
    return PreparedEssays(lemmas, corpus.traits, corpus.groups, corpus.sha256, cache)
