"""From held-out answers to rows of the results table, with paired tests against the better single channel."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fusion.training.pairs import Floats, Ints
from services.training.metrics import bootstrap_interval, expected_calibration_error, recall_shares
from services.training.results import Figure, Predictions, ResultRow, figures_of

SYSTEM = "fusion"
FLIPS = 20_000
RESAMPLES = 500
SMALLEST_P = 1.0 / (FLIPS + 1)


def row_of(
    answers: Sequence[Floats],
    truth: Ints,
    people: NDArray[np.str_],
    *,
    seeds: Sequence[int],
    title: str,
    group: str,
    protocol: str,
    classes: Sequence[str],
    singles: Sequence[Sequence[Floats]] = (),
    note: str = "",
    system: str = SYSTEM,
    resamples: int = RESAMPLES,
) -> ResultRow:
    """Return one line: means over seeds, intervals by bootstrap over actors.

    Args:
        answers: logarithms of probabilities, one array `(n, k)` per seed.
        truth: shape `(n,)`.
        people: shape `(n,)`.
        seeds: of the folds.
        title: what the line is called.
        group: table it belongs to.
        protocol: how it was measured.
        classes: names of the columns.
        singles: answers of the single channels in the same form; where given, `gain` is the recall above
            the better of them (by its mean over the seeds), and the note says how likely that is by chance.
        note: printed under the table.
        system: name under which it is trained.
        resamples: draws of actors for the intervals.
    """
    named = [one.argmax(axis=1).astype(np.int64) for one in answers]
    runs = [Predictions(seed, truth, one, people) for seed, one in zip(seeds, named, strict=True)]
    figures = figures_of(runs, len(classes), resamples=resamples)
    figures |= _calibration(answers, truth, people, resamples)
    if singles:
        better = max(singles, key=lambda one: _recall(one, truth))
        gain, chance = paired(answers, better, truth, people, resamples=resamples)
        figures["gain"] = gain
        note = f"{note} {chance_text(chance)}".strip()
    return ResultRow(
        system=system,
        title=title,
        group=group,
        protocol=protocol,
        n=len(truth),
        people=len(set(people.tolist())),
        seeds=list(seeds),
        figures=figures,
        note=note,
        labels=list(classes),
    )


def chance_text(p: float, *, over: str = "the better single channel") -> str:
    """Return how likely the difference is by chance, in words."""
    value = f"p < {SMALLEST_P * 2:.4f}" if p <= SMALLEST_P else f"p = {p:.4f}"
    return f"Gain over {over}: {value} ({FLIPS:,} random swaps of actors)."


def _calibration(
    answers: Sequence[Floats], truth: Ints, people: NDArray[np.str_], resamples: int
) -> dict[str, Figure]:
    """Return the expected calibration error and negative log-likelihood, each with its interval over
    actors.
    """
    loss = np.mean([-one[np.arange(len(truth)), truth] for one in answers], axis=0)
    each = [expected_calibration_error(truth, np.exp(one)) for one in answers]

    def error(rows: NDArray[np.intp]) -> float:
        return float(np.mean([expected_calibration_error(truth[rows], np.exp(one[rows])) for one in answers]))

    error_interval = bootstrap_interval(error, people, resamples=resamples)
    loss_interval = bootstrap_interval(loss, people, resamples=resamples)
    return {
        "ece": Figure(
            value=float(np.mean(each)), low=error_interval.low, high=error_interval.high, seeds=len(each)
        ),
        "nll": Figure(
            value=float(loss.mean()), low=loss_interval.low, high=loss_interval.high, seeds=len(each)
        ),
    }


def _recall(answers: Sequence[Floats], truth: Ints) -> float:
    return float(np.mean([_hits(one, truth) for one in answers], axis=0).sum())


def _hits(answer: Floats, truth: Ints) -> Floats:
    """Return what every clip adds to the recall of the likeliest labels, shape `(n,)`."""
    return recall_shares(truth, answer.argmax(axis=1), classes=answer.shape[1])


def paired(
    left: Sequence[Floats],
    right: Sequence[Floats],
    truth: Ints,
    people: NDArray[np.str_],
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> tuple[Figure, float]:
    """Return the difference in unweighted average recall of two systems on the same clips, left minus right.

    The interval is a bootstrap over actors. The p-value is two-sided, from swapping the two systems'
    answers for whole actors at random (Fisher's randomisation test; Edgington & Onghena 2007).

    Args:
        left: one array `(n, k)` per seed.
        right: likewise.
        truth: shape `(n,)`.
        people: shape `(n,)`.
        seed: of the draws.
        resamples: draws of actors for the interval.

    Returns:
        The difference with its interval, and the p-value.
    """
    each = [_hits(one, truth) - _hits(other, truth) for one, other in zip(left, right, strict=True)]
    difference = np.mean(each, axis=0)
    _, member = np.unique(people, return_inverse=True)
    by_actor = np.bincount(member, weights=difference)
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], size=(FLIPS, len(by_actor)))
    reached = np.abs(signs @ by_actor) >= abs(by_actor.sum()) - 1e-12
    p = (1.0 + np.count_nonzero(reached)) / (FLIPS + 1.0)

    def recall(rows: NDArray[np.intp]) -> float:
        drawn = truth[rows]
        return float(np.mean([_difference(a, b, rows, drawn) for a, b in zip(left, right, strict=True)]))

    interval = bootstrap_interval(recall, people, resamples=resamples)
    deviation = float(np.std([one.sum() for one in each], ddof=1)) if len(each) > 1 else None
    figure = Figure(
        value=float(difference.sum()),
        low=interval.low,
        high=interval.high,
        sd=deviation,
        seeds=len(each),
    )
    return figure, float(p)


def _difference(left: Floats, right: Floats, rows: NDArray[np.intp], truth: Ints) -> float:
    return float(_hits(left[rows], truth).sum() - _hits(right[rows], truth).sum())
