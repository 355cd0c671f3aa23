"""The model of `text_traits`: a vocabulary, a linear fit in closed form, a Keras layer that serves it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from services.common.contracts.labels import TRAITS
from services.text.features import Floats, Vocabulary, character_terms, is_word, tfidf

INPUT_NAME = "terms"


@dataclass(frozen=True, slots=True)
class VocabularyRule:
    """How a vocabulary is chosen.

    Attributes:
        min_texts: a term must occur in as many texts.
        max_share: and in no more than this share of them.
        max_tokens, max_characters: the most frequent of those are kept, per block.
        character_ngrams: shortest and longest character n-gram.
    """

    min_texts: int = 5
    max_share: float = 0.98
    max_tokens: int = 5000
    max_characters: int = 5000
    character_ngrams: tuple[int, int] = (2, 4)


def build_vocabulary(texts: Sequence[Sequence[str]], rule: VocabularyRule) -> Vocabulary:
    """Choose terms and their idf, `1 + ln((1 + n) / (1 + df))`, from the tokens of training texts."""
    token_df: Counter[str] = Counter()
    character_df: Counter[str] = Counter()
    grams_of: dict[str, frozenset[str]] = {}
    for tokens in texts:
        distinct = set(tokens)
        token_df.update(distinct)
        for token in distinct - grams_of.keys():
            terms = character_terms(token, *rule.character_ngrams) if is_word(token) else []
            grams_of[token] = frozenset(terms)
        character_df.update(frozenset().union(*(grams_of[token] for token in distinct)))
    tokens_kept = _frequent(token_df, len(texts), rule, limit=rule.max_tokens)
    characters_kept = _frequent(character_df, len(texts), rule, limit=rule.max_characters)
    df = [token_df[term] for term in tokens_kept] + [character_df[term] for term in characters_kept]
    return Vocabulary(
        tokens=tokens_kept,
        characters=characters_kept,
        idf=(1.0 + np.log((1 + len(texts)) / (1 + np.array(df)))).astype(np.float32),
        character_ngrams=rule.character_ngrams,
    )


def _frequent(df: Counter[str], texts: int, rule: VocabularyRule, *, limit: int) -> list[str]:
    """The terms with the highest document frequency within the rule, in alphabetical order."""
    fits = [term for term, n in df.items() if rule.min_texts <= n <= rule.max_share * texts]
    return sorted(sorted(fits, key=lambda term: (-df[term], term))[:limit])


def input_matrix(texts: Iterable[Sequence[str]], vocabulary: Vocabulary) -> Floats:
    """TF-IDF rows of tokenised texts, shape `(n, vocabulary.size)`, float32."""
    return np.stack([tfidf(tokens, vocabulary) for tokens in texts])


def fit_dual(gram: Floats, traits: NDArray[np.float64], penalty: float) -> NDArray[np.float64]:
    """Regularised least squares for classification, in the dual (Rifkin & Klautau 2004, equation 9).

    Targets are ±1, and a constant input of 1 stands for the offset.

    Args:
        gram: inner products of the training rows, shape `(n, n)`.
        traits: 0 or 1, shape `(n, k)`.
        penalty: ridge penalty, > 0.

    Returns:
        Dual weights, shape `(n, k)`: a row with inner products `g` to the training rows has the logits
        `(g + 1) · dual`, up to calibration.
    """
    system = gram.astype(np.float64) + 1.0
    system[np.diag_indices_from(system)] += penalty
    factor = cho_factor(system, lower=True, overwrite_a=True, check_finite=False)
    solution: NDArray[np.float64] = cho_solve(factor, 2.0 * traits - 1.0, check_finite=False)
    return solution


def linear_model(weights: Floats, offset: Floats) -> Any:
    """A Keras model of five sigmoids over the terms.

    Args:
        weights: shape `(terms, 5)`.
        offset: shape `(5,)`.
    """
    import keras

    source = keras.Input((len(weights),), name=INPUT_NAME, dtype="float32")
    layer = keras.layers.Dense(len(TRAITS), activation="sigmoid", name="traits")
    model = keras.Model(source, layer(source), name="text_traits")
    layer.set_weights([weights, offset])
    return model
