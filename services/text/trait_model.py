"""What `text_traits` says: probabilities of scoring high in a self-report, intervals, and the words."""

from collections.abc import Sequence

import numpy as np

from services.common.contracts.labels import TRAITS, Trait
from services.common.contracts.text import Estimate, WordWeight
from services.common.serving.predictor import Predictor
from services.common.serving.registry import TEXT_TRAITS
from services.text.context import Context
from services.text.features import Floats, is_word
from services.text.text_model import (
    TextModel,
    load_text_model,
    read_assets,
    strongest,
    words_and_phrases,
    write_assets,
)

TraitModel = TextModel

__all__ = [
    "TraitModel",
    "load_trait_model",
    "probability_intervals",
    "read_assets",
    "trait_weights",
    "write_assets",
]


def load_trait_model(predictor: Predictor) -> TraitModel:
    """Return the side files of the served `text_traits`, read once per predictor and so once per process.

    Raises:
        TemporaryError: `model_unavailable`, there is no such model.
    """
    return load_text_model(predictor, TEXT_TRAITS)


def probability_intervals(
    probabilities: Floats, tokens: Sequence[str], model: TraitModel
) -> dict[Trait, Estimate] | None:
    """Return the probabilities with the ranges in which they would fall with more to read, 95 times of 100.

    The range holds what a model fitted to another sample of people says of a whole essay by the same writer;
    so it widens as a text grows short. It says nothing about how rarely such a model is right.

    Args:
        probabilities: as served, shape `(5,)`, in the order of `TRAITS`.
        tokens: of the text.
        model: its `widths` are in logits.

    Returns:
        None where the model has no widths.
    """
    if not model.widths.words.size:
        return None
    clipped = np.clip(probabilities.astype(np.float64), 1e-6, 1.0 - 1e-6)
    logits, half = np.log(clipped / (1.0 - clipped)), model.widths.at(sum(map(is_word, tokens)))
    low, high = (1.0 / (1.0 + np.exp(-(logits + side * half))) for side in (-1.0, 1.0))
    return {
        trait: Estimate(value=float(clipped[k]), low=float(low[k]), high=float(high[k]))
        for k, trait in enumerate(TRAITS)
    }


def trait_weights(
    tokens: Sequence[str], model: TraitModel, *, limit: int, context: Context | None = None
) -> list[WordWeight]:
    """Return the words and phrases that moved each trait most, up or down, strongest first.

    Args:
        tokens: of the text.
        model: as served.
        limit: of each trait's list.
        context: of the same text, where the model reads it.
    """
    every = strongest(words_and_phrases(model.contributions(tokens, context=context)), limit=limit)
    if not every:
        return []
    return [
        WordWeight(term=term, trait=trait, weight=weight)
        for trait, moved in zip(TRAITS, every, strict=True)
        for term, weight in moved
    ]
