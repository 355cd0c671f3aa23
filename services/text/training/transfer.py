"""Across corpora: what a model of self-reported traits says about apparent ones, and back."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from services.common.contracts.labels import TRAITS, Trait
from services.text.text_model import TextModel
from services.text.training.corpus_inputs import Inputs
from services.training.metrics import Interval, bootstrap_interval
from services.training.splits import Groups

Array = NDArray[np.float64]
BATCH = 256


def linear_sums(model: TextModel, inputs: Inputs) -> Array:
    """Return what the served layer computes before its activation, shape `(n, k)`; no pace is known."""
    parts = []
    for start in range(0, len(inputs.tokens), BATCH):
        rows = model.rows(
            inputs.tokens[start : start + BATCH], contexts=inputs.contexts(start, start + BATCH)
        )
        parts.append(rows @ model.weights + model.offset)
    return np.concatenate(parts).astype(np.float64)


def rank_correlation(first: Array, second: Array) -> float:
    """Compute Spearman's rho, shape `(n,)` each; NaN where a side does not vary."""
    a, b = rankdata(first), rankdata(second)
    if a.std() == 0.0 or b.std() == 0.0:
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])


def rank_correlations(
    predicted: Array, truth: Array, groups: Groups, *, resamples: int = 1000
) -> dict[Trait, tuple[float, Interval]]:
    """Return Spearman's rho of each trait, with a 95 % interval by bootstrap over groups.

    Args:
        predicted: shape `(n, 5)` or wider, traits first.
        truth: likewise.
        groups: who each row belongs to.
        resamples: draws of the bootstrap.
    """
    found = {}
    for column, trait in enumerate(TRAITS):
        a, b = predicted[:, column], truth[:, column]

        def statistic(rows: NDArray[np.intp], a: Array = a, b: Array = b) -> float:
            return rank_correlation(a[rows], b[rows])

        interval = bootstrap_interval(statistic, np.asarray(groups), resamples=resamples)
        found[trait] = (rank_correlation(a, b), interval)
    return found
