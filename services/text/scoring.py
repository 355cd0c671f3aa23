"""Many texts through a served model at once, without any of the checks: for evaluation."""

from collections.abc import Sequence

import numpy as np

from services.common.serving.predictor import Predictor
from services.text.context import read_contexts
from services.text.features import Floats
from services.text.text_model import load_text_model

SCORED_ROWS = 64
"""Texts that go to the predictor at once; a row is as wide as the vocabulary."""


def score_rows(
    name: str,
    texts: Sequence[Sequence[str]],
    *,
    predictor: Predictor,
    rates: Sequence[float | None] | None = None,
    contexts: Sequence[Floats | None] | None = None,
) -> Floats:
    """Score many texts by a served model, in batches and without any of the checks: for evaluation.

    Args:
        name: of the model.
        texts: tokens of each.
        predictor: runs the model.
        rates: words per minute of each; none is known by default.
        contexts: from `read_contexts`, where they are at hand already.

    Returns:
        Shape `(n, k)`, float32, as the model gives them.
    """
    model = load_text_model(predictor, name)
    if contexts is None and model.reads_context:
        contexts = read_contexts(texts, predictor)
    found = [np.zeros((0, len(model.offset)), dtype=np.float32)]
    for start in range(0, len(texts), SCORED_ROWS):
        here = slice(start, start + SCORED_ROWS)
        rows = model.rows(
            texts[here],
            rates=None if rates is None else rates[here],
            contexts=None if contexts is None else contexts[here],
        )
        found.append(predictor.predict(name, rows))
    return np.concatenate(found)
