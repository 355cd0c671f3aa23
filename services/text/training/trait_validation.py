"""Nested cross-validation of `text_traits`: every number on the card is from rows nothing was fitted on."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from services.common.media.files import Progress, ignore_progress
from services.text.training.calibration import LENGTHS
from services.text.training.corpus_inputs import WHOLE, Inputs
from services.text.training.counts import VocabularyRule
from services.text.training.cross_validation import fitted_folds
from services.text.training.selection import CANDIDATES, Candidate
from services.text.training.trait_fit import Fitted, fit
from services.training.splits import Groups, Indices

Array = NDArray[np.float64]
INNER_FOLDS = 5


@dataclass(frozen=True)
class OutOfFold:
    """Held-out probabilities of every row.

    Attributes:
        probabilities: by number of words (`WHOLE` for the whole texts), shape `(n, 5)`.
        uncalibrated: of the whole texts, as if the ±1 of the least squares were probabilities; likewise.
        covered: by number of words, the share of whole-text probabilities, to a fit on resampled people, that
            lie in the interval of so many words.
        widths: by number of words, how wide the intervals are, mean over rows and traits.
        chosen: the candidate that each outer fold chose.
        half_words: likewise, of its calibration.
    """

    probabilities: dict[int, Array]
    uncalibrated: Array
    covered: dict[int, float]
    widths: dict[int, float]
    chosen: list[Candidate]
    half_words: list[float]


def cross_validate_traits(
    lengths: Mapping[int, Inputs],
    traits: Array,
    groups: Groups,
    *,
    rule: VocabularyRule,
    seed: int,
    folds: int,
    candidates: tuple[Candidate, ...] = CANDIDATES,
    progress: Progress = ignore_progress,
) -> OutOfFold:
    """Hold out every row once; choose features, penalty and calibration inside the rest.

    Args:
        lengths: inputs of all rows, whole and cut to some lengths; `LENGTHS` among them take part in the
            calibration.
        traits: 0 or 1, shape `(n, 5)`.
        groups: author of each text.
        rule: for the vocabulary of each fold.
        seed: of all folds.
        folds: outer folds.
        candidates: what each fold chooses from.
        progress: told the share of the folds that are done.
    """
    probabilities = {length: np.zeros(traits.shape) for length in lengths}
    uncalibrated = np.zeros(traits.shape)
    inside = {length: np.zeros(traits.shape) for length in lengths}
    spans = {length: np.zeros(traits.shape) for length in lengths}
    fitted_lengths = {length: lengths[length] for length in (WHOLE, *LENGTHS) if length in lengths}
    chosen: list[Candidate] = []
    half_words: list[float] = []

    def fit_on(train: Indices) -> Fitted:
        return fit(
            fitted_lengths,
            traits,
            groups,
            train,
            rule=rule,
            seed=seed,
            folds=INNER_FOLDS,
            candidates=candidates,
        )

    for _, test, fitted in fitted_folds(fit_on, groups, folds=folds, seed=seed, progress=progress):
        target = fitted.logits(lengths[WHOLE], test, linear=fitted.resampled)
        for length, inputs in lengths.items():
            logits = fitted.logits(inputs, test)
            half = np.stack([fitted.widths.at(int(words)) for words in inputs.words[test]])
            probabilities[length][test] = expit(logits)
            inside[length][test] = np.abs(logits - target) <= half
            spans[length][test] = expit(logits + half) - expit(logits - half)
        uncalibrated[test] = _as_probabilities(fitted, lengths[WHOLE], test)
        chosen.append(fitted.selection.candidate)
        half_words.append(fitted.calibration.half_words)
    return OutOfFold(
        probabilities=probabilities,
        uncalibrated=uncalibrated,
        covered={length: float(table.mean()) for length, table in inside.items()},
        widths={length: float(table.mean()) for length, table in spans.items()},
        chosen=chosen,
        half_words=half_words,
    )


def _as_probabilities(fitted: Fitted, inputs: Inputs, rows: Indices) -> Array:
    """Return the fit before calibration: the logistic function of its outputs, which aim at ±1."""
    blocks = fitted.design.blocks_of(inputs.counts, inputs.dense)
    raw: Array = expit(fitted.linear.said({name: block[rows] for name, block in blocks.items()}))
    return raw
