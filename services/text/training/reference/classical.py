"""The lines of the table that are no networks: five kinds of features by four classifiers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.text.training.reference.corpus import PreparedEssays
from services.text.training.reference.linear_svm import SgdSvm
from services.training.splits import Indices

Array = NDArray[np.float64]
Named = NDArray[np.int64]

FEATURES = {
    "tfidf": "TF-IDF of lemmas",
    "skip-gram-mean": "Word2Vec skip-gram, mean",
    "skip-gram-tfidf": "Word2Vec skip-gram, TF-IDF-weighted mean",
    "cbow-mean": "Word2Vec CBOW, mean",
    "cbow-tfidf": "Word2Vec CBOW, TF-IDF-weighted mean",
}
TREES = 200


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the table.

    Attributes:
        title: of the line.
        features: name of its features.
        classify: from training rows, traits, test rows and a seed to named traits, shape `(n, 5)`.
        note: for the reader.
    """

    title: str
    features: str
    classify: Callable[[Any, Array, Any, int], Named]
    note: str = field(default="")

    def predict(self, essays: PreparedEssays, fit: Indices, test: Indices, *, seed: int) -> Named:
        """Name the traits of the essays `test` after learning from `fit`, shape `(len(test), 5)`."""
        known, asked = essays.features(self.features, fit, test)
        return self.classify(known, essays.traits[fit], asked, seed)


def _each_trait(make: Callable[[int], Any], rows: Any, traits: Array, asked: Any, seed: int) -> Named:
    """Return one scikit-learn classifier per trait."""
    named = [make(seed).fit(rows, truth.astype(np.int64)).predict(asked) for truth in traits.T]
    return np.stack(named, axis=1).astype(np.int64)


def naive_bayes(rows: Any, traits: Array, asked: Any, seed: int) -> Named:
    """Return multinomial naive Bayes; dense features are scaled to 0..1 on the training rows first."""
    from sklearn.naive_bayes import MultinomialNB

    if isinstance(rows, np.ndarray):
        low, span = rows.min(axis=0), np.ptp(rows, axis=0) + 1e-9
        rows, asked = (rows - low) / span, np.clip((asked - low) / span, 0.0, 1.0)
    return _each_trait(lambda _: MultinomialNB(), rows, traits, asked, seed)


def own_svm(rows: Any, traits: Array, asked: Any, seed: int) -> Named:
    """Return our linear support vector machine."""
    rows, asked = _scaled(
        *(part if isinstance(part, np.ndarray) else part.toarray() for part in (rows, asked))
    )
    return SgdSvm(seed=seed).fit(rows, traits).predict(asked)


def library_svm(rows: Any, traits: Array, asked: Any, seed: int) -> Named:
    """Return scikit-learn's linear support vector machine (Fan et al. 2008)."""
    from sklearn.svm import LinearSVC

    if isinstance(rows, np.ndarray):
        rows, asked = _scaled(rows, asked)
    return _each_trait(lambda seed: LinearSVC(C=0.1, random_state=seed), rows, traits, asked, seed)


def random_forest(rows: Any, traits: Array, asked: Any, seed: int) -> Named:
    """Return a forest of `TREES` trees for each trait (Breiman 2001)."""
    from sklearn.ensemble import RandomForestClassifier

    def make(seed: int) -> Any:
        return RandomForestClassifier(TREES, min_samples_leaf=2, random_state=seed)

    return _each_trait(make, rows, traits, asked, seed)


def _scaled(rows: Any, asked: Any) -> tuple[Any, Any]:
    """Return rows at unit length on average, centred on the training rows where they are dense vectors."""
    mean = rows.mean(axis=0)
    centred, other = rows - mean, asked - mean
    spread = np.sqrt((centred**2).sum(axis=1).mean()) + 1e-9
    return (centred / spread).astype(np.float32), (other / spread).astype(np.float32)


CLASSIFIERS = {
    "naive-bayes": ("multinomial naive Bayes", naive_bayes),
    "own-svm": ("linear SVM, our own SGD", own_svm),
    "svm": ("linear SVM, scikit-learn", library_svm),
    "random-forest": (f"random forest, {TREES} trees", random_forest),
}
_TRAINED_ON_ALL = "Word2Vec has read all essays, without labels, as the reference's had."


def lines_of(classifier: str) -> list[Line]:
    """Return a classifier on all kinds of features."""
    name, classify = CLASSIFIERS[classifier]
    return [
        Line(f"{title}; {name}", features, classify, "" if features == "tfidf" else _TRAINED_ON_ALL)
        for features, title in FEATURES.items()
    ]
