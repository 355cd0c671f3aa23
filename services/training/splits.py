"""Splits by person (or essay): nobody is on both sides of any split."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold, GroupShuffleSplit

Indices = NDArray[np.intp]
Groups = Sequence[str] | Sequence[int] | NDArray[np.generic]


def group_folds(groups: Groups, n_folds: int, seed: int = 0) -> list[tuple[Indices, Indices]]:
    """Cut the rows into folds so that the rows of a group stay together.

    Args:
        groups: who each row belongs to, length n.
        n_folds: number of folds, 2 or more; fold sizes differ by at most one *group*.
        seed: of the shuffle of the groups; the same seed gives the same folds.

    Returns:
        `n_folds` pairs `(train, test)` of sorted row indices. The test parts cover every row once.

    Raises:
        ValueError: there are fewer groups than folds.

    Example:
        >>> [test.tolist() for _, test in group_folds(["a", "a", "b"], 2, seed=0)]
        [[0, 1], [2]]
    """
    names = np.asarray(groups)
    folds = GroupKFold(n_splits=n_folds, shuffle=True, random_state=seed)
    return [(np.sort(train), np.sort(test)) for train, test in folds.split(names, groups=names)]


def group_holdout(groups: Groups, share: float, seed: int = 0) -> tuple[Indices, Indices]:
    """Split once by group: rows to fit on, and about `share` (0..1) of the groups to hold out."""
    names = np.asarray(groups)
    split = GroupShuffleSplit(n_splits=1, test_size=share, random_state=seed)
    train, held_out = next(split.split(names, groups=names))
    return np.sort(train), np.sort(held_out)
