"""Nested cross-validation of `text_impression` by speaker's video, and what less knowledge would give."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.common.media.files import Progress, ignore_progress
from services.text.training.corpus_inputs import WHOLE, Inputs
from services.text.training.counts import VocabularyRule
from services.text.training.cross_validation import fitted_folds
from services.text.training.design import PACE
from services.text.training.impression_fit import FittedImpression, fit_impression
from services.text.training.selection import CANDIDATES, Candidate
from services.training.splits import Groups, Indices

Array = NDArray[np.float64]
INNER_FOLDS = 3
MEAN, PACE_ALONE, WORDS, WORDS_AND_PACE = "mean", "pace alone", "words alone", "words and pace"


@dataclass(frozen=True)
class ImpressionsOutOfFold:
    """Held-out scores of every row.

    Attributes:
        scores: of whole clips, by what was known: `MEAN`, `PACE_ALONE`, `WORDS` and `WORDS_AND_PACE`, each of
            shape `(n, 6)`.
        shortened: of the served model by number of words, with the pace of the whole clip.
        without_pace: likewise, at the mean pace.
        covered: by number of words, the shares of true scores in their intervals, with and without the pace.
        widths: by number of words, mean width of the intervals.
        chosen: the candidate that each outer fold chose.
        half_words: likewise, of its recalibration.
    """

    scores: dict[str, Array]
    shortened: dict[int, Array]
    without_pace: dict[int, Array]
    covered: dict[int, tuple[float, float]]
    widths: dict[int, float]
    chosen: list[Candidate]
    half_words: list[float]


def cross_validate_impressions(
    lengths: Mapping[int, Inputs],
    scores: Array,
    groups: Groups,
    *,
    rule: VocabularyRule,
    seed: int,
    folds: int,
    candidates: tuple[Candidate, ...] = CANDIDATES,
    progress: Progress = ignore_progress,
) -> ImpressionsOutOfFold:
    """Hold out every row once; choose features, penalty and recalibration inside the rest.

    Args:
        lengths: inputs of all clips, whole and cut to some lengths.
        scores: 0..1, shape `(n, 6)`.
        groups: speaker's video of each clip.
        rule: for the vocabulary of each fold.
        seed: of all folds.
        folds: outer folds.
        candidates: what each fold chooses from.
        progress: told the share of the folds that are done.
    """
    simple = {name: np.zeros(scores.shape) for name in (MEAN, PACE_ALONE)}
    paced = {length: np.zeros(scores.shape) for length in lengths}
    plain = {length: np.zeros(scores.shape) for length in lengths}
    half = {length: np.zeros(scores.shape) for length in lengths}
    chosen: list[Candidate] = []
    half_words: list[float] = []

    def fit_on(train: Indices) -> FittedImpression:
        return fit_impression(
            lengths,
            scores,
            groups,
            train,
            rule=rule,
            seed=seed,
            folds=INNER_FOLDS,
            candidates=candidates,
        )

    for train, test, fitted in fitted_folds(fit_on, groups, folds=folds, seed=seed, progress=progress):
        for length, inputs in lengths.items():
            paced[length][test] = fitted.scores(inputs, test)
            plain[length][test] = fitted.scores(inputs, test, with_pace=False)
            half[length][test] = [fitted.widths.at(int(words)) for words in inputs.words[test]]
        simple[MEAN][test] = scores[train].mean(axis=0)
        simple[PACE_ALONE][test] = _by_pace(lengths[WHOLE], scores, train, test)
        chosen.append(fitted.selection.candidate)
        half_words.append(fitted.recalibration.half_words)
    return ImpressionsOutOfFold(
        scores=simple | {WORDS: plain[WHOLE], WORDS_AND_PACE: paced[WHOLE]},
        shortened=paced,
        without_pace=plain,
        covered={
            length: (
                float((np.abs(paced[length] - scores) <= half[length]).mean()),
                float((np.abs(plain[length] - scores) <= half[length]).mean()),
            )
            for length in lengths
        },
        widths={length: float(2.0 * table.mean()) for length, table in half.items()},
        chosen=chosen,
        half_words=half_words,
    )


def _by_pace(inputs: Inputs, scores: Array, train: Indices, test: Indices) -> Array:
    """Fit least squares on the pace and nothing else."""
    table = np.column_stack([np.ones(len(scores)), inputs.dense[PACE]])
    weights = np.linalg.lstsq(table[train], scores[train], rcond=None)[0]
    found: Array = table[test] @ weights
    return found


def r_squared(scores: Array, predicted: Array) -> Array:
    """Return the share of each score's variance that is explained, shape `(k,)`.

    Below 0 where the mean does better, NaN where a score does not vary.
    """
    left = ((scores - predicted) ** 2).sum(axis=0)
    spread = ((scores - scores.mean(axis=0)) ** 2).sum(axis=0)
    explained: Array = 1.0 - left / np.where(spread > 0.0, spread, np.nan)
    return explained


def one_minus_mae(scores: Array, predicted: Array) -> Array:
    """Return one minus the mean absolute error of each score, the measure of the ChaLearn challenges."""
    found: Array = 1.0 - np.abs(scores - np.clip(predicted, 0.0, 1.0)).mean(axis=0)
    return found
