"""What is beside the served weights: the vocabulary and the weights once more, to explain scores with."""

import io
import json
import weakref
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from services.common.serving.client import Predictor
from services.common.serving.registry import TEXT_TRAITS
from services.text.features import Floats, Vocabulary, model_input, token_contributions

VOCABULARY_ASSET = "vocabulary.json"
WEIGHTS_ASSET = "weights.npz"


@dataclass(frozen=True)
class TraitModel:
    """The vocabulary of `text_traits` and its linear weights.

    Attributes:
        vocabulary: terms and their inverse document frequencies.
        weights: shape `(vocabulary.size + 1, 5)`, logit per unit of input, calibration included.
        offset: shape `(5,)`, logit of an empty text: the base rate.
        half_words: words at which an estimate keeps half its strength (`features.reliability`).
    """

    vocabulary: Vocabulary
    weights: Floats
    offset: Floats
    half_words: float

    def rows(self, texts: Iterable[Sequence[str]]) -> Floats:
        """The model's input for tokenised texts, shape `(n, vocabulary.size + 1)`, float32."""
        return np.stack([model_input(t, self.vocabulary, half_words=self.half_words) for t in texts])

    def contributions(self, tokens: Sequence[str]) -> dict[str, Floats]:
        """What each token adds to the five logits (`features.token_contributions`)."""
        return token_contributions(tokens, self.vocabulary, self.weights, half_words=self.half_words)


def write_assets(model: TraitModel) -> dict[str, bytes]:
    """The side files of a version folder, by name. No pickles."""
    words = {
        "tokens": list(model.vocabulary.tokens),
        "characters": list(model.vocabulary.characters),
        "character_ngrams": list(model.vocabulary.character_ngrams),
        "half_words": model.half_words,
    }
    arrays = io.BytesIO()
    np.savez_compressed(arrays, idf=model.vocabulary.idf, weights=model.weights, offset=model.offset)
    return {
        VOCABULARY_ASSET: json.dumps(words, ensure_ascii=False, indent=0).encode(),
        WEIGHTS_ASSET: arrays.getvalue(),
    }


def read_assets(vocabulary: bytes, weights: bytes) -> TraitModel:
    """The inverse of `write_assets`."""
    words: dict[str, Any] = json.loads(vocabulary)
    shortest, longest = words["character_ngrams"]
    with np.load(io.BytesIO(weights), allow_pickle=False) as arrays:
        return TraitModel(
            vocabulary=Vocabulary(
                tokens=words["tokens"],
                characters=words["characters"],
                idf=arrays["idf"].astype(np.float32),
                character_ngrams=(shortest, longest),
            ),
            weights=arrays["weights"].astype(np.float32),
            offset=arrays["offset"].astype(np.float32),
            half_words=float(words["half_words"]),
        )


_LOADED: "weakref.WeakKeyDictionary[Predictor, TraitModel]" = weakref.WeakKeyDictionary()


def load_trait_model(predictor: Predictor) -> TraitModel:
    """The side files of the served `text_traits`, read once per predictor and so once per process.

    Raises:
        TemporaryError: `model_unavailable`, there is no such model.
    """
    model = _LOADED.get(predictor)
    if model is None:
        model = read_assets(
            predictor.asset(TEXT_TRAITS, VOCABULARY_ASSET), predictor.asset(TEXT_TRAITS, WEIGHTS_ASSET)
        )
        _LOADED[predictor] = model
    return model
