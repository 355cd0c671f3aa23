"""The outer folds that both text models are measured on: every row is held out once."""

import logging
from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

import numpy as np

from services.common.media.files import Progress
from services.text.training.selection import Selection
from services.training.splits import Groups, Indices, group_folds

log = logging.getLogger(__name__)


class FittedOnRows(Protocol):
    """A fit that chose its features and penalty on inner folds."""

    @property
    def selection(self) -> Selection: ...


FittedT = TypeVar("FittedT", bound=FittedOnRows)


def fitted_folds(
    fit: Callable[[Indices], FittedT], groups: Groups, *, folds: int, seed: int, progress: Progress
) -> Iterator[tuple[Indices, Indices, FittedT]]:
    """Yield, for each outer fold, the rows to fit on, the rows to score, and the fit on the former.

    Args:
        fit: fits a model on some rows.
        groups: author or video of each row; those of one stay together.
        folds: number of outer folds.
        seed: of the folds.
        progress: told the share of the folds that are done.
    """
    for number, (train, test) in enumerate(group_folds(np.asarray(groups), folds, seed), start=1):
        fitted = fit(train)
        yield train, test, fitted
        log.info("fold %d of %d: %s", number, folds, fitted.selection.candidate)
        progress(number / folds)
