"""What `text_impression` says: how words, and the pace of speech, come across to strangers."""

from collections.abc import Sequence

import numpy as np

from services.common.contracts.labels import TRAITS
from services.common.contracts.text import Estimate, Impression, ImpressionWeight
from services.common.serving.predictor import Predictor
from services.common.serving.registry import TEXT_IMPRESSION
from services.text.context import Context
from services.text.features import Floats, is_word
from services.text.scoring import score_rows
from services.text.text_model import (
    PACE,
    TextModel,
    load_text_model,
    strongest,
    words_and_phrases,
)

INTERVIEW = "interview"
SCORES = (*map(str, TRAITS), INTERVIEW)
"""Columns of the model's output."""


def load_impression_model(predictor: Predictor) -> TextModel:
    """Return the side files of the served `text_impression`, read once per predictor and so once per process.

    Raises:
        TemporaryError: `model_unavailable`, there is no such model.
    """
    return load_text_model(predictor, TEXT_IMPRESSION)


def score_impressions(
    texts: Sequence[Sequence[str]],
    rates: Sequence[float | None],
    *,
    predictor: Predictor,
    contexts: Sequence[Floats | None] | None = None,
) -> Floats:
    """Score many texts in batches and without any of the checks: for evaluation.

    Args:
        texts: tokens of each.
        rates: words per minute of each, None where not known.
        predictor: runs `text_impression`.
        contexts: from `read_contexts`, where they are at hand already.

    Returns:
        Shape `(n, 6)`, float32, in the order of `SCORES`, not clipped.
    """
    return score_rows(TEXT_IMPRESSION, texts, predictor=predictor, rates=rates, contexts=contexts)


def impression_of(scores: Floats, tokens: Sequence[str], model: TextModel) -> Impression:
    """Return scores with 95 % prediction intervals: where the mean of such raters would fall.

    Args:
        scores: as served, shape `(6,)`, in the order of `SCORES`.
        tokens: of the text.
        model: its `widths` are in units of the scores.
    """
    half = model.widths.at(sum(map(is_word, tokens)))
    values = np.clip(scores.astype(np.float64), 0.0, 1.0)
    found = {
        name: Estimate(
            value=float(values[k]),
            low=float(np.clip(scores[k] - half[k], 0.0, values[k])),
            high=float(np.clip(scores[k] + half[k], values[k], 1.0)),
        )
        for k, name in enumerate(SCORES)
    }
    return Impression(traits={trait: found[str(trait)] for trait in TRAITS}, interview=found[INTERVIEW])


def impression_weights(
    tokens: Sequence[str],
    model: TextModel,
    *,
    words_per_minute: float | None,
    limit: int,
    context: Context | None = None,
) -> list[ImpressionWeight]:
    """Return what moved each score most, up or down: words, phrases and, where it is known, the pace.

    Args:
        tokens: of the text.
        model: as served.
        words_per_minute: of speech; None for what was written.
        limit: of each score's list, the pace apart.
        context: of the same text, where the model reads it.
    """
    every = model.contributions(tokens, words_per_minute=words_per_minute, context=context)
    said = strongest(words_and_phrases(every), limit=limit)
    if not said:
        return []
    paced = words_per_minute is not None and PACE in every
    found = []
    for column, (name, words) in enumerate(zip(SCORES, said, strict=True)):
        pace = [(PACE, round(float(every[PACE][column]), 6))] if paced else []
        found += [ImpressionWeight(term=term, score=name, weight=weight) for term, weight in (*words, *pace)]
    return found
