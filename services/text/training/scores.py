"""Scores of five binary traits at once: per trait, and their means."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.common.contracts.labels import TRAITS, Trait
from services.training.metrics import (
    ClassScores,
    Interval,
    Scores,
    bootstrap_interval,
    classification_metrics,
)
from services.training.splits import Groups

Array = NDArray[np.float64]
LEVELS = ("low", "high")


def trait_scores(traits: Array, probabilities: Array) -> dict[Trait, Scores]:
    """Score each trait as a question of two classes, low and high.

    Args:
        traits: 0 or 1, shape `(n, 5)`, n ≥ 1.
        probabilities: of scoring high, shape `(n, 5)`.
    """
    pairs = np.stack([1.0 - probabilities, probabilities], axis=-1)
    return {
        trait: classification_metrics(traits[:, column].astype(np.int64), pairs[:, column], LEVELS)
        for column, trait in enumerate(TRAITS)
    }


def mean_scores(per_trait: Mapping[Trait, Scores]) -> Scores:
    """Return one `Scores` whose figures are means over the traits.

    `per_class` has a row for each trait: recall and precision of *high*, and n, how many are high.
    `confusion` is summed over the traits: rows low and high in truth, columns low and high as named.
    """
    every = list(per_trait.values())

    def mean(name: str) -> float:
        return float(np.mean([getattr(scores, name) for scores in every]))

    return Scores(
        n=every[0].n,
        accuracy=mean("accuracy"),
        uar=mean("uar"),
        macro_f1=mean("macro_f1"),
        ece=mean("ece"),
        nll=mean("nll"),
        majority=mean("majority"),
        per_class={
            str(trait): ClassScores(**scores.per_class[LEVELS[1]]) for trait, scores in per_trait.items()
        },
        confusion=np.sum([scores.confusion for scores in every], axis=0).tolist(),
    )


def trait_table(per_trait: Mapping[Trait, Scores]) -> dict[str, dict[str, Any]]:
    """Return `per_class` of the evaluation output: figures of each trait; recall and precision are of
    *high*.
    """
    return {
        str(trait): {
            "n": scores.n,
            "accuracy": scores.accuracy,
            "uar": scores.uar,
            "macro_f1": scores.macro_f1,
            "ece": scores.ece,
            "nll": scores.nll,
            "majority": scores.majority,
            **{key: scores.per_class["high"][key] for key in ("recall", "precision")},
            "n_high": scores.per_class["high"]["n"],
        }
        for trait, scores in per_trait.items()
    }


def accuracy_intervals(
    traits: Array, probabilities: Array, groups: Groups, *, seed: int = 0
) -> dict[str, Interval]:
    """Return 95 % intervals of the mean accuracy and of each trait's, by bootstrap over the groups."""
    hits = ((probabilities > 0.5) == (traits > 0.5)).astype(np.float64)
    names = np.asarray(groups)
    intervals = {"accuracy": bootstrap_interval(hits.mean(axis=1), names, seed=seed)}
    for column, trait in enumerate(TRAITS):
        intervals[f"accuracy.{trait}"] = bootstrap_interval(hits[:, column], names, seed=seed)
    return intervals


def uar_statistic(traits: Array, probabilities: Array) -> Callable[[NDArray[np.intp]], float]:
    """Return the mean UAR of a set of rows, for `bootstrap_interval`."""
    truth, named = traits > 0.5, probabilities > 0.5

    def statistic(rows: NDArray[np.intp]) -> float:
        high, hit = truth[rows], named[rows] == truth[rows]
        recalls = [
            np.where(side.any(axis=0), (hit & side).sum(axis=0) / np.maximum(side.sum(axis=0), 1), np.nan)
            for side in (high, ~high)
        ]
        return float(np.nanmean(np.nanmean(np.stack(recalls), axis=0)))

    return statistic
