"""Choosing blocks and penalty on inner folds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from services.text.features import Floats
from services.text.training.calibration import log_loss, platt
from services.text.training.design import (
    CHARACTERS,
    CONTEXT,
    MEANINGS,
    PACE,
    PHRASES,
    TOKENS,
    Mix,
    fit_dual,
    held_out,
    mixed,
)
from services.training.splits import Indices

Array = NDArray[np.float64]
Folds = Sequence[tuple[Indices, Indices]]

PLAIN: dict[str, float] = {TOKENS: 1.0, CHARACTERS: 1.0, PHRASES: 1.0, MEANINGS: 0.5}
WITHOUT_CONTEXT = "words, characters, phrases and meanings"
WITH_CONTEXT = "words, characters, phrases, meanings and context"
MIXES: dict[str, Mix] = {WITHOUT_CONTEXT: PLAIN, WITH_CONTEXT: PLAIN | {CONTEXT: 3.0}}
PENALTIES = (3.0, 6.0, 12.0)
PACE_WEIGHT = 0.4
"""Of the kernel of the pace, whose few inputs need next to no penalty, beside 1 for all that was said."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to fit: a mix of blocks by name, and how strong a penalty."""

    blocks: str
    penalty: float

    @property
    def mix(self) -> Mix:
        """Weights of the blocks; the pace takes part wherever it is known."""
        return {**MIXES[self.blocks], PACE: PACE_WEIGHT}


CANDIDATES = tuple(Candidate(WITH_CONTEXT, penalty) for penalty in PENALTIES)
IMPRESSION_CANDIDATES = tuple(Candidate(WITHOUT_CONTEXT, penalty) for penalty in (5.0, 10.0))
"""Without the context, which knows the place of each piece, and so how long a clip is: that is its pace."""


@dataclass(frozen=True)
class Selection:
    """The candidate with the lowest loss on inner folds.

    Attributes:
        candidate: the choice.
        losses: of every candidate.
    """

    candidate: Candidate
    losses: dict[Candidate, float]


def trait_loss(outputs: Array, targets: Array) -> float:
    """Return the log-loss in nats of targets of ±1, after Platt scaling of the outputs."""
    traits = (targets > 0.0).astype(np.float64)
    scale, offset = platt(outputs, traits)
    return log_loss(expit(outputs * scale + offset), traits)


def squared_loss(outputs: Array, targets: Array) -> float:
    """Return the mean squared error in units of each target's variance."""
    return float((((outputs - targets) ** 2).mean(axis=0) / targets.var(axis=0)).mean())


def select(
    parts: Mapping[str, Floats],
    targets: Array,
    folds: Folds,
    *,
    loss: Callable[[Array, Array], float],
    candidates: tuple[Candidate, ...] = CANDIDATES,
) -> Selection:
    """Compare the candidates by their loss on held-out rows, within the rows given.

    Args:
        parts: inner products by block, shape `(n, n)`.
        targets: shape `(n, k)`.
        folds: inner folds, `(train, held out)`.
        loss: of held-out outputs and targets.
        candidates: what to compare.
    """
    losses: dict[Candidate, float] = {}
    for blocks in dict.fromkeys(candidate.blocks for candidate in candidates):
        tried = [candidate for candidate in candidates if candidate.blocks == blocks]
        gram = mixed(parts, tried[0].mix)
        for candidate in tried:
            outputs = np.zeros(targets.shape)
            for train, test in folds:
                dual = fit_dual(gram[np.ix_(train, train)], targets[train], candidate.penalty)
                outputs[test] = held_out(gram, train, test, dual)
            losses[candidate] = loss(outputs, targets)
    return Selection(candidate=min(candidates, key=losses.__getitem__), losses=losses)
