"""From held-out scores of both text models to rows of the results file."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from services.common.contracts.labels import TRAITS, Trait
from services.text.impression_model import SCORES
from services.text.training.baseline import paired_difference
from services.text.training.calibration import log_loss
from services.text.training.corpus_inputs import WHOLE
from services.text.training.impression_validation import (
    MEAN,
    WORDS_AND_PACE,
    ImpressionsOutOfFold,
    one_minus_mae,
    r_squared,
)
from services.text.training.scores import mean_scores, trait_scores
from services.text.training.trait_validation import OutOfFold
from services.training.metrics import Interval, bootstrap_interval
from services.training.results import SERVED, Figure, ResultRow
from services.training.splits import Groups

Array = NDArray[np.float64]

SYSTEM = "served"
ESSAYS_PROTOCOL = "essays, {folds}-fold by essay"
CLIPS_PROTOCOL = "First Impressions, {folds}-fold by video"
TRAITS_GROUP = f"{SERVED}: self-reported traits"
PAIRED_GROUP = f"{SERVED}: against TF-IDF and logistic regression"
LENGTH_GROUP = f"{SERVED}: self-reported traits by length"
RELIABILITY_GROUP = f"{SERVED}: reliability of the probabilities"
IMPRESSION_GROUP = f"{SERVED}: apparent traits"
IMPRESSION_LENGTH_GROUP = f"{SERVED}: apparent traits by length"
TRANSFER_GROUP = f"{SERVED}: across corpora"
MEAN_OF_TRAITS, MEAN_OF_SCORES = "mean of five traits", "mean of six scores"
LEVELS = np.array([0.0, 0.3, 0.4, 0.5, 0.6, 0.7, 1.0])
"""Ends of the bins in which what was said is compared with what was found."""


def hits(probabilities: Array, traits: Array) -> Array:
    """Return 1 where a trait was named rightly, shape `(n, 5)`."""
    right: Array = ((probabilities > 0.5) == (traits > 0.5)).astype(np.float64)
    return right


def figure(value: float, interval: Interval | None = None, *, each: Sequence[float] = ()) -> Figure:
    """Return a figure with its interval, and its deviation over the seeds where there are several."""
    return Figure(
        value=value,
        low=None if interval is None else interval.low,
        high=None if interval is None else interval.high,
        sd=float(np.std(each, ddof=1)) if len(each) > 1 else None,
        seeds=len(each) or None,
    )


def row(
    title: str, group: str, protocol: str, n: int, figures: Mapping[str, Figure], **more: object
) -> ResultRow:
    """Return a row of the served system."""
    return ResultRow.model_validate(
        {"system": SYSTEM, "title": title, "group": group, "protocol": protocol, "n": n, "seeds": [0]}
        | {"figures": dict(figures)}
        | more
    )


def trait_rows(
    runs: Sequence[OutOfFold], traits: Array, groups: Groups, *, seeds: Sequence[int], folds: int
) -> list[ResultRow]:
    """Return the accuracy and calibration per trait and on average, as means over the seeds."""
    made = []
    for column in (None, *range(len(TRAITS))):
        pick = slice(None) if column is None else slice(column, column + 1)
        each = [hits(run.probabilities[WHOLE], traits)[:, pick].mean(axis=1) for run in runs]
        interval = bootstrap_interval(np.mean(each, axis=0), np.asarray(groups))
        figures = {
            "accuracy": figure(float(np.mean(each)), interval, each=[float(one.mean()) for one in each])
        }
        figures |= _calibration(runs, traits, column)
        title = MEAN_OF_TRAITS if column is None else str(TRAITS[column])
        protocol = ESSAYS_PROTOCOL.format(folds=folds)
        made.append(row(title, TRAITS_GROUP, protocol, len(traits), figures, seeds=list(seeds)))
    return made


def _calibration(runs: Sequence[OutOfFold], traits: Array, column: int | None) -> dict[str, Figure]:
    figures = {}
    for suffix, tables in (
        ("", [run.probabilities[WHOLE] for run in runs]),
        ("_before", [run.uncalibrated for run in runs]),
    ):
        scored = [trait_scores(traits, table) for table in tables]
        chosen = [mean_scores(one) if column is None else one[TRAITS[column]] for one in scored]
        names = ("uar", "macro_f1", "majority", "ece", "nll") if not suffix else ("ece", "nll")
        for name in names:
            figures[name + suffix] = figure(float(np.mean([getattr(one, name) for one in chosen])))
    return figures


def paired_rows(
    runs: Sequence[OutOfFold],
    baselines: Sequence[Array],
    traits: Array,
    groups: Groups,
    *,
    seeds: Sequence[int],
    folds: int,
) -> list[ResultRow]:
    """Return the served model beside the baseline on the same folds, and how sure the difference is."""
    ours = np.mean([hits(run.probabilities[WHOLE], traits) for run in runs], axis=0)
    theirs = np.mean([hits(table, traits) for table in baselines], axis=0)
    made = []
    for column in (None, *range(len(TRAITS))):
        a, b = (table.mean(axis=1) if column is None else table[:, column] for table in (ours, theirs))
        figures = {
            "accuracy": figure(float(a.mean()), bootstrap_interval(a, np.asarray(groups))),
            "baseline": figure(float(b.mean()), bootstrap_interval(b, np.asarray(groups))),
            "difference": figure(float((a - b).mean()), bootstrap_interval(a - b, np.asarray(groups))),
            "p": figure(paired_difference(a, b)),
        }
        title = MEAN_OF_TRAITS if column is None else str(TRAITS[column])
        protocol = f"{ESSAYS_PROTOCOL.format(folds=folds)}; sign-flip permutation over essays"
        made.append(row(title, PAIRED_GROUP, protocol, len(traits), figures, seeds=list(seeds)))
    return made


def length_rows(run: OutOfFold, traits: Array, groups: Groups, *, folds: int) -> list[ResultRow]:
    """Return the same held-out essays cut to their first words: accuracy, calibration and intervals."""
    base = log_loss(np.broadcast_to(traits.mean(axis=0), traits.shape), traits)
    made = []
    for length in sorted(run.probabilities, key=lambda words: words or np.inf):
        table = run.probabilities[length]
        scores = mean_scores(trait_scores(traits, table))
        right = hits(table, traits).mean(axis=1)
        figures = {
            "accuracy": figure(float(right.mean()), bootstrap_interval(right, np.asarray(groups))),
            "ece": figure(scores.ece),
            "nll": figure(scores.nll),
            "nll_base_rate": figure(base),
            "interval_covers": figure(run.covered[length]),
            "interval_width": figure(run.widths[length]),
        }
        title = f"first {length} words" if length else "whole essays"
        made.append(row(title, LENGTH_GROUP, ESSAYS_PROTOCOL.format(folds=folds), len(traits), figures))
    return made


def reliability_rows(runs: Sequence[OutOfFold], traits: Array, *, folds: int) -> list[ResultRow]:
    """Return what was said beside how often it was so, all traits and seeds together."""
    said = np.concatenate([run.probabilities[WHOLE].ravel() for run in runs])
    found = np.concatenate([traits.ravel() for _ in runs])
    made = []
    for low, high in pairwise(LEVELS):
        here = (said > low) & (said <= high)
        if here.any():
            figures = {"said": figure(float(said[here].mean())), "found": figure(float(found[here].mean()))}
            title = f"{100 * low:.0f} to {100 * high:.0f} %"
            protocol = ESSAYS_PROTOCOL.format(folds=folds)
            made.append(row(title, RELIABILITY_GROUP, protocol, int(here.sum()), figures))
    return made


def impression_rows(
    run: ImpressionsOutOfFold, scores: Array, groups: Groups, *, folds: int
) -> list[ResultRow]:
    """Return R² and 1 − MAE by what was known, on average; and of the served model, per score."""
    protocol, people = CLIPS_PROTOCOL.format(folds=folds), len(set(np.asarray(groups).tolist()))
    made = [
        row(
            f"{MEAN_OF_SCORES}: {name}",
            IMPRESSION_GROUP,
            protocol,
            len(scores),
            _explained(scores, predicted, groups, against=run.scores[MEAN]),
            people=people,
            note=_NOTES.get(name, ""),
        )
        for name, predicted in run.scores.items()
    ]
    for column, name in enumerate(SCORES):
        pick = slice(column, column + 1)
        figures = _explained(
            scores[:, pick],
            run.scores[WORDS_AND_PACE][:, pick],
            groups,
            against=run.scores[MEAN][:, pick],
        )
        made.append(
            row(f"{name}: {WORDS_AND_PACE}", IMPRESSION_GROUP, protocol, len(scores), figures, people=people)
        )
    return made


_NOTES = {
    WORDS_AND_PACE: (
        "A clip lasts 15 s, so how many words it has is how fast somebody speaks. Most of what these scores "
        "hold of the transcripts is that."
    ),
    "words alone": "The same model at the mean pace, as for a typed answer.",
}


def _explained(scores: Array, predicted: Array, groups: Groups, *, against: Array) -> dict[str, Figure]:
    def statistic(rows: NDArray[np.intp]) -> float:
        return float(r_squared(scores[rows], predicted[rows]).mean())

    def error(table: Array) -> Array:
        kept: Array = 1.0 - np.abs(scores - np.clip(table, 0.0, 1.0)).mean(axis=1)
        return kept

    names = np.asarray(groups)
    gain = error(predicted) - error(against)
    figures = {
        "r2": figure(float(r_squared(scores, predicted).mean()), bootstrap_interval(statistic, names)),
        "one_minus_mae": figure(
            float(one_minus_mae(scores, predicted).mean()), bootstrap_interval(error(predicted), names)
        ),
    }
    if gain.any():
        figures["above_mean"] = figure(float(gain.mean()), bootstrap_interval(gain, names))
    return figures


def impression_length_rows(run: ImpressionsOutOfFold, scores: Array, *, folds: int) -> list[ResultRow]:
    """Return the same held-out clips cut to their first words; the pace is of the whole clip."""
    made = []
    for length in sorted(run.shortened, key=lambda words: words or np.inf):
        paced, plain = run.shortened[length], run.without_pace[length]
        with_pace, without = run.covered[length]
        figures = {
            "r2": figure(float(r_squared(scores, paced).mean())),
            "r2_words_alone": figure(float(r_squared(scores, plain).mean())),
            "interval_covers": figure(with_pace),
            "covers_words_alone": figure(without),
            "interval_width": figure(run.widths[length]),
        }
        title = f"first {length} words" if length else "whole clips"
        protocol = CLIPS_PROTOCOL.format(folds=folds)
        made.append(row(title, IMPRESSION_LENGTH_GROUP, protocol, len(scores), figures))
    return made


def transfer_rows(
    forth: Mapping[Trait, tuple[float, Interval]],
    back: Mapping[Trait, tuple[float, Interval]],
    *,
    clips: int,
    essays: int,
) -> list[ResultRow]:
    """Return rank correlations of one model's scores with the other corpus's labels."""
    made = []
    for protocol, found, n in (
        ("essays → First Impressions: self-report model, apparent traits", forth, clips),
        ("First Impressions → essays: impression model, self-reported traits", back, essays),
    ):
        mean = float(np.mean([rho for rho, _ in found.values()]))
        made.append(row(MEAN_OF_TRAITS, TRANSFER_GROUP, protocol, n, {"rho": figure(mean)}))
        for trait, (rho, interval) in found.items():
            made.append(row(str(trait), TRANSFER_GROUP, protocol, n, {"rho": figure(rho, interval)}))
    return made
