"""The rebuilt text systems by name: what `candor train text --system NAME` measures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from services.common.media.files import Progress
from services.text.training.reference.classical import CLASSIFIERS, lines_of
from services.text.training.reference.corpus import VERSION, PreparedEssays, load_essays
from services.text.training.reference.networks import Network, networks
from services.training.reference import ReferenceSystems, System, keep_array, recipe_key
from services.training.results import (
    REFERENCE,
    Figure,
    Predictions,
    ResultRow,
    confusion_of,
    figures_of,
)
from services.training.splits import Indices, group_folds, group_holdout

FOLDS = 10
LEVELS = ["low", "high"]


class AnyLine(Protocol):
    """Something that learns from essays and names the traits of others."""

    @property
    def title(self) -> str: ...

    @property
    def note(self) -> str: ...

    def predict(
        self, essays: PreparedEssays, fit: Indices, test: Indices, *, seed: int
    ) -> NDArray[np.int64]: ...


@dataclass(frozen=True, slots=True)
class Splits:
    """A protocol.

    Attributes:
        title: in the table.
        make: pairs of rows to fit on and to test on, from the authors and a seed.
    """

    title: str
    make: Callable[[NDArray[np.str_], int], Sequence[tuple[Indices, Indices]]]


TEN_FOLDS = Splits("10-fold by essay, five traits", lambda groups, seed: group_folds(groups, FOLDS, seed))
ONE_FIFTH = Splits("80/20 by essay, five traits", lambda groups, seed: [group_holdout(groups, 0.2, seed)])


def _lines_of(classifier: str) -> Sequence[AnyLine]:
    return lines_of(classifier)


_CLASSICAL: tuple[System[AnyLine], ...] = tuple(
    System(name, f"{title}, on TF-IDF and four kinds of Word2Vec", partial(_lines_of, name), n_seeds=1)
    for name, (title, _) in CLASSIFIERS.items()
)
_NETWORK: System[AnyLine] = System(
    "cnn-lstm", "three convolutions and three LSTM on Word2Vec: softmax and sigmoids", networks, n_seeds=1
)


def _measure_line(
    line: AnyLine, essays: PreparedEssays, *, system: str, seeds: Sequence[int], progress: Progress
) -> list[ResultRow]:
    """Measure a line on the essays; all traits of an essay are on one side."""
    splits = ONE_FIFTH if isinstance(line, Network) else TEN_FOLDS
    (seed,) = seeds
    folder = essays.cache / "predictions" / system / recipe_key(line.title, f"{VERSION} {essays.digest}")
    pairs = splits.make(essays.groups, seed)
    named = []
    for fold, (fit, test) in enumerate(pairs):
        path = folder / f"{splits.title[:5]}-seed{seed}-fold{fold}.npy".replace("/", "-")
        if not path.exists():
            keep_array(path, line.predict(essays, fit, test, seed=seed))
        named.append(np.load(path))
        progress((fold + 1) / len(pairs))
    tested = np.concatenate([test for _, test in pairs])
    truth = essays.traits[tested].astype(np.int64)
    people = np.repeat(essays.groups[tested], truth.shape[1])
    run = Predictions(seed, truth.ravel(), np.concatenate(named).ravel(), people)
    figures = figures_of([run], len(LEVELS)) | {"majority": _majority(truth)}
    row = ResultRow(
        system=system,
        title=line.title,
        group=REFERENCE,
        protocol=splits.title,
        n=len(truth),
        seeds=[seed],
        figures=figures,
        note=line.note,
        labels=LEVELS,
        confusion=confusion_of(run.truth, run.predicted, len(LEVELS)).tolist(),
    )
    return [row]


def _majority(truth: NDArray[np.int64]) -> Figure:
    """Return the mean over the traits of always naming the more frequent level."""
    share = truth.mean(axis=0)
    return Figure(value=float(np.maximum(share, 1.0 - share).mean()))


SYSTEMS = ReferenceSystems(
    subject="text",
    systems=(*_CLASSICAL, _NETWORK),
    load=lambda data, runs: load_essays(data, cache=runs),
    data_hash=lambda essays: {"essays": essays.digest},
    measure_line=_measure_line,
)
