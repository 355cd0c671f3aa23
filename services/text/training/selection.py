"""Choosing features and penalty on inner folds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from services.text.features import Floats
from services.text.training.calibration import log_loss, platt
from services.text.training.models import fit_dual
from services.training.splits import Indices

Array = NDArray[np.float64]

TOKENS, CHARACTERS, BOTH = "tokens", "characters", "both"
BLOCKS = (TOKENS, CHARACTERS, BOTH)
PENALTIES = (2.0, 4.0, 8.0, 16.0)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to fit: which blocks of terms, and how strong a penalty."""

    blocks: str
    penalty: float


CANDIDATES = tuple(Candidate(blocks, penalty) for blocks in BLOCKS for penalty in PENALTIES)


@dataclass(frozen=True)
class Selection:
    """The candidate with the lowest calibrated log-loss on inner folds.

    Attributes:
        candidate: the choice.
        losses: mean log-loss in nats of every candidate.
    """

    candidate: Candidate
    losses: dict[Candidate, float]


def block_grams(rows: Floats, columns: Floats, border: int) -> dict[str, Floats]:
    """Inner products of TF-IDF rows, each block at unit length, by name of the blocks.

    Args:
        rows: shape `(n, terms)`.
        columns: shape `(m, terms)`.
        border: number of token terms, which come first.

    Returns:
        Matrices of shape `(n, m)`.
    """
    # tfidf() halves the square of each block's length, where there are two
    tokens = 2.0 * (rows[:, :border] @ columns[:, :border].T)
    characters = 2.0 * (rows[:, border:] @ columns[:, border:].T)
    return {TOKENS: tokens, CHARACTERS: characters, BOTH: (tokens + characters) / 2.0}


def select(
    grams: Mapping[str, Floats],
    traits: Array,
    folds: Sequence[tuple[Indices, Indices]],
    *,
    candidates: tuple[Candidate, ...] = CANDIDATES,
) -> Selection:
    """Compare the candidates by held-out log-loss, after Platt scaling, within the rows given.

    Args:
        grams: by name of the blocks, shape `(n, n)`.
        traits: 0 or 1, shape `(n, 5)`.
        folds: inner folds, `(train, held out)`.
        candidates: what to compare.
    """
    losses: dict[Candidate, float] = {}
    for candidate in candidates:
        gram = grams[candidate.blocks]
        logits = np.zeros(traits.shape)
        for train, held_out in folds:
            dual = fit_dual(gram[np.ix_(train, train)], traits[train], candidate.penalty)
            logits[held_out] = (gram[np.ix_(held_out, train)] + 1.0) @ dual
        scale, offset = platt(logits, traits)
        losses[candidate] = log_loss(expit(logits * scale + offset), traits)
    return Selection(candidate=min(candidates, key=losses.__getitem__), losses=losses)
