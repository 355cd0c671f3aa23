"""What was measured about one system, as a file that names its seeds, data and commit.

One file per system, `deploy/results/<subject>/<system>.json`; `result_tables` turns a folder of them
into the tables that people read.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field, field_validator

from services.common.contracts.base import Contract
from services.common.settings import REPOSITORY
from services.training.artifacts import git_commit
from services.training.metrics import bootstrap_interval

RESULTS = REPOSITORY / "deploy" / "results"
SERVED = "Served model"
REFERENCE = "Reference systems"
"""The group whose protocols are laid side by side, one line per title."""
DIGITS = 6

Confusion = NDArray[np.int64]


class Figure(Contract):
    """One measured number. Shares are 0..1.

    Attributes:
        value: the figure; with several seeds, their mean.
        low, high: 95 % interval by bootstrap over persons, both or neither.
        sd: standard deviation over the seeds, each measured on the same data.
        seeds: how many seeds `value` is the mean of.
    """

    value: float
    low: float | None = None
    high: float | None = None
    sd: float | None = None
    seeds: int | None = None

    @field_validator("value", "low", "high", "sd")
    @classmethod
    def _rounded(cls, number: float | None) -> float | None:
        return None if number is None else round(number, DIGITS)


class ResultRow(Contract):
    """One system under one protocol.

    Attributes:
        system: name under which it is trained.
        title: what the line is called in the table; rows of one title under different protocols
            share a line in the group `REFERENCE`.
        group: the table it belongs to, `SERVED`, `REFERENCE` or any other heading.
        protocol: how it was measured, in a few words; "leaky" where people are on both sides.
        n: rows that were scored, per seed.
        people: persons among them; None where the corpus names nobody, and single rows are drawn.
        seeds: the seeds that were run.
        figures: by name: `uar`, `accuracy`, `macro_f1`, `ece`, `nll`, `majority` or another.
        note: what a reader must know about this row alone, printed under the table.
        labels: the classes, in the order of `confusion`.
        confusion: counts summed over the seeds, row = truth, column = prediction.
    """

    system: str
    title: str
    group: str
    protocol: str
    n: int = Field(ge=1)
    people: int | None = Field(default=None, ge=1)
    seeds: list[int]
    figures: dict[str, Figure]
    note: str = ""
    labels: list[str] = Field(default_factory=list)
    confusion: list[list[int]] | None = None


class ResultsFile(Contract):
    """All rows of one system, and what they were measured on and with.

    Attributes:
        subject: the model that is compared, `voice` for one.
        data_hash: corpus to SHA-256 (`artifacts.data_hash`).
        commit: of the code, None outside a repository.
        created_at: when, in UTC.
        rows: in the order in which they are shown.
    """

    subject: str
    data_hash: dict[str, str]
    commit: str | None
    created_at: datetime
    rows: list[ResultRow]


def write_results(
    rows: Sequence[ResultRow],
    *,
    subject: str,
    system: str,
    data_hash: Mapping[str, str],
    folder: Path,
) -> Path:
    """Write `<folder>/<subject>/<system>.json`, dated now and stamped with the current commit.

    Each row is one line of the file, so that a diff shows which rows moved.

    Raises:
        ValueError: there are no rows.
    """
    if not rows:
        raise ValueError(f"{system} has no results to write")
    stamped = ResultsFile(
        subject=subject,
        data_hash=dict(data_hash),
        commit=git_commit(),
        created_at=datetime.now(UTC).replace(microsecond=0),
        rows=list(rows),
    )
    path = folder / subject / f"{system}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".partial")
    unfinished.write_text(_as_text(stamped), encoding="utf-8")
    unfinished.replace(path)
    return path


def _as_text(results: ResultsFile) -> str:
    head = json.dumps(results.model_dump(mode="json", exclude={"rows"}), indent=2, ensure_ascii=False)
    lines = [
        json.dumps(row.model_dump(mode="json", exclude_none=True), ensure_ascii=False) for row in results.rows
    ]
    return head.removesuffix("\n}") + ',\n  "rows": [\n    ' + ",\n    ".join(lines) + "\n  ]\n}\n"


def read_results(path: Path) -> ResultsFile:
    """Read one file.

    Raises:
        pydantic.ValidationError: it is not a results file.
    """
    return ResultsFile.model_validate_json(path.read_bytes())


def read_folder(subject: str, *, folder: Path = RESULTS) -> list[ResultsFile]:
    """Read every results file of a subject, by file name; empty where there is none."""
    return [read_results(path) for path in sorted((folder / subject).glob("*.json"))]


@dataclass(frozen=True, slots=True)
class Predictions:
    """What one seed of a system said about its held-out rows.

    Attributes:
        seed: of folds and weights.
        truth: index of the true class, shape `(n,)`.
        predicted: index of the class that was named, shape `(n,)`.
        people: who each row belongs to, shape `(n,)`; its own number where the corpus names nobody.
    """

    seed: int
    truth: NDArray[np.int64]
    predicted: NDArray[np.int64]
    people: NDArray[np.generic]


def confusion_of(truth: ArrayLike, predicted: ArrayLike, n_classes: int) -> Confusion:
    """Return counts, shape `(n_classes, n_classes)`, row = truth, column = prediction."""
    cells = np.asarray(truth, np.int64) * n_classes + np.asarray(predicted, np.int64)
    return np.bincount(cells, minlength=n_classes**2).reshape(n_classes, n_classes)


def accuracy_of(confusion: Confusion) -> float:
    """Return the share of the rows on the diagonal."""
    return float(np.trace(confusion) / confusion.sum())


def uar_of(confusion: Confusion) -> float:
    """Return the mean recall of the classes that occur in the truth."""
    support = confusion.sum(axis=1)
    occurs = support > 0
    return float((np.diag(confusion)[occurs] / support[occurs]).mean())


def macro_f1_of(confusion: Confusion) -> float:
    """Return the mean F1 of the classes that occur in the truth; 2 TP / (named + true), so never
    undefined.
    """
    support = confusion.sum(axis=1)
    occurs = support > 0
    f1 = 2.0 * np.diag(confusion)[occurs] / (support + confusion.sum(axis=0))[occurs]
    return float(f1.mean())


STATISTICS = {"uar": uar_of, "accuracy": accuracy_of, "macro_f1": macro_f1_of}


def figures_of(runs: Sequence[Predictions], n_classes: int, *, resamples: int = 1000) -> dict[str, Figure]:
    """Return UAR, accuracy and macro-F1 as means over seeds, and the majority baseline's accuracy.

    The interval is of the mean over the seeds: a draw of people takes all their rows from every seed.

    Args:
        runs: one per seed, at least one.
        n_classes: number of classes.
        resamples: draws of the bootstrap.
    """
    truth, predicted, people = (
        np.concatenate([getattr(run, name) for run in runs]) for name in ("truth", "predicted", "people")
    )
    run_of = np.repeat(np.arange(len(runs)), [len(run.truth) for run in runs])

    def per_seed(rows: NDArray[np.intp]) -> list[Confusion]:
        kept = [rows[run_of[rows] == run] for run in range(len(runs))]
        return [confusion_of(truth[part], predicted[part], n_classes) for part in kept if part.size]

    def mean_of(rows: NDArray[np.intp], statistic: Callable[[Confusion], float]) -> float:
        return float(np.mean([statistic(confusion) for confusion in per_seed(rows)]))

    whole = per_seed(np.arange(len(truth)))
    figures = {}
    for name, statistic in STATISTICS.items():
        values = [statistic(confusion) for confusion in whole]
        drawn = partial(mean_of, statistic=statistic)
        interval = bootstrap_interval(drawn, people, resamples=resamples)
        figures[name] = Figure(
            value=float(np.mean(values)),
            low=interval.low,
            high=interval.high,
            sd=float(np.std(values, ddof=1)) if len(values) > 1 else None,
            seeds=len(values),
        )
    majority = [float(confusion.sum(axis=1).max() / confusion.sum()) for confusion in whole]
    return figures | {"majority": Figure(value=float(np.mean(majority)))}
