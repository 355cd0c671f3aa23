"""What `text_impression` says: how words, and the pace of speech, come across to strangers."""

from collections.abc import Sequence

import numpy as np

from services.common.contracts.labels import TRAITS
from services.common.contracts.text import Estimate, Impression, ImpressionWeight
from services.common.serving.client import Predictor
from services.common.serving.registry import TEXT_IMPRESSION
from services.text.context import Context, read_contexts
from services.text.features import Floats, is_word
from services.text.text_model import PACE, TextModel, load_text_model, words_and_phrases

INTERVIEW = "interview"
SCORES = (*map(str, TRAITS), INTERVIEW)
"""Columns of the model's output."""
SCORED_ROWS = 64
"""Texts that go to the predictor at once; a row is as wide as the vocabulary."""


def load_impression_model(predictor: Predictor) -> TextModel:
    """The side files of the served `text_impression`, read once per predictor and so once per process.

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
    """Scores of many texts in batches and without any of the checks: for evaluation.

    Args:
        texts: tokens of each.
        rates: words per minute of each, None where not known.
        predictor: runs `text_impression`.
        contexts: from `read_contexts`, where they are at hand already.

    Returns:
        Shape `(n, 6)`, float32, in the order of `SCORES`, not clipped.
    """
    model = load_impression_model(predictor)
    if contexts is None and model.reads_context:
        contexts = read_contexts(texts, predictor)
    rows = []
    for start in range(0, len(texts), SCORED_ROWS):
        here = slice(start, start + SCORED_ROWS)
        batch = model.rows(
            texts[here], rates=rates[here], contexts=None if contexts is None else contexts[here]
        )
        rows.append(predictor.predict(TEXT_IMPRESSION, batch))
    return np.concatenate(rows) if rows else np.zeros((0, len(SCORES)), dtype=np.float32)


def impression_of(scores: Floats, tokens: Sequence[str], model: TextModel) -> Impression:
    """Scores with 95 % prediction intervals: where the mean of such raters would fall.

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
    """For each score what moved it most, up or down: words, phrases and, where it is known, the pace.

    Args:
        tokens: of the text.
        model: as served.
        words_per_minute: of speech; None for what was written.
        limit: of each score's list, the pace apart.
        context: of the same text, where the model reads it.
    """
    every = model.contributions(tokens, words_per_minute=words_per_minute, context=context)
    shares = words_and_phrases(every)
    if not shares or limit == 0:
        return []
    terms, table = list(shares), np.stack(list(shares.values()))
    found = []
    for column, name in enumerate(SCORES):
        order = np.argsort(-np.abs(table[:, column]), kind="stable")[:limit]
        found += [_weight(terms[row], name, table[row, column]) for row in order]
        if words_per_minute is not None and PACE in every:
            found.append(_weight(PACE, name, every[PACE][column]))
    return found


def _weight(term: str, score: str, weight: np.float32) -> ImpressionWeight:
    return ImpressionWeight(term=term, score=score, weight=round(float(weight), 6))
