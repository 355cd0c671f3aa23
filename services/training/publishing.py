"""Publish a trained model only where it does better than the served one on the same held-out rows.

Every `candor train` ends here. The rule: its mean must be higher. The interval of the paired
difference is printed, and says whether chance alone would explain it; it does not decide (decision 0021).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from services.common.contracts.base import Contract
from services.common.serving.registry import Manifest, Metric, load_manifest
from services.common.serving.versions import find_served_version
from services.training.metrics import bootstrap_interval
from services.training.result_tables import figure_text
from services.training.results import DIGITS, Figure

RESOLUTION = 2 * 10.0**-DIGITS
"""Published figures are rounded: two that are closer than this are equal."""
HELD_OUT_FILE = "held_out.json"
"""Asset of a version: what it scored row by row, for the models that are trained after it."""
SHARE_DIGITS = 9
NOT_BETTER = "not better, not published"


class HeldOut(Contract):
    """Scores of a model on rows that it was not fitted on; their mean is its figure.

    Attributes:
        metric: name of the figure, as in the manifest. Higher is better.
        protocol: how the rows were held out, as in the manifest.
        data: corpus to SHA-256 of what was scored.
        seeds: of the folds; empty where there is nothing to draw.
        shares: what each row adds to the figure, shape `(n,)`.
        people: number of the person (author, video, image) of each row, shape `(n,)`.
    """

    metric: str
    protocol: str
    data: dict[str, str]
    seeds: list[int]
    shares: list[float]
    people: list[int]

    @classmethod
    def of(
        cls,
        shares: ArrayLike,
        people: ArrayLike,
        *,
        metric: str,
        protocol: str,
        data: Mapping[str, str],
        seeds: Sequence[int] = (),
    ) -> "HeldOut":
        """Build it from arrays; `people` may be names."""
        numbers = np.unique(np.asarray(people), return_inverse=True)[1]
        return cls(
            metric=metric,
            protocol=protocol,
            data=dict(data),
            seeds=list(seeds),
            shares=np.round(np.asarray(shares, np.float64), SHARE_DIGITS).tolist(),
            people=numbers.tolist(),
        )

    @cached_property
    def figure(self) -> Figure:
        """The mean, with its 95 % interval by bootstrap over people."""
        return _mean(self.shares, self.people)

    @property
    def asset(self) -> dict[str, bytes]:
        """The file that a version keeps, by name."""
        return {HELD_OUT_FILE: self.model_dump_json().encode()}


@dataclass(frozen=True, slots=True)
class Served:
    """The version that is served, and what is known of its figure.

    Attributes:
        manifest: of the version.
        held_out: its scores row by row; None where the version kept none.
    """

    manifest: Manifest
    held_out: HeldOut | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A trained model beside the served one.

    Attributes:
        model: name in the registry.
        held_out: scores of the trained model.
        version: that is served; None where none is.
        served: figure of the served version; None where there is none, or none of the same protocol.
        difference: trained less served, paired row by row; None where rows of the served are not kept.
        obstacle: why the two cannot be compared, one sentence; empty where they can.
    """

    model: str
    held_out: HeldOut
    version: int | None = None
    served: Figure | None = None
    difference: Figure | None = None
    obstacle: str = ""

    @property
    def better(self) -> bool:
        """Tell whether the trained model may be published: its mean is higher, or nothing is served yet."""
        if self.obstacle:
            return False
        return self.served is None or self.held_out.figure.value - self.served.value > RESOLUTION


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of a training run for one model; `manifest` is None where it was not published."""

    comparison: Comparison
    manifest: Manifest | None

    @property
    def text(self) -> str:
        """The comparison, and what became of the trained model, in lines for a person."""
        if self.manifest is not None:
            end = f"published as version {self.manifest.version}"
            end += "" if self.comparison.better else ", though it is not better: --publish-anyway"
        else:
            end = f"{NOT_BETTER}; --publish-anyway would publish it all the same"
        return "\n".join([*describe(self.comparison), f"{self.comparison.model}: {end}"])


def read_served(models_dir: Path, model: str) -> Served | None:
    """Read what is served; None where no version of the model is there."""
    version = find_served_version(models_dir, model)
    if version is None:
        return None
    path = models_dir / model / str(version) / HELD_OUT_FILE
    held_out = HeldOut.model_validate_json(path.read_bytes()) if path.is_file() else None
    return Served(load_manifest(models_dir, model), held_out)


def compare(model: str, trained: HeldOut, served: Served | None) -> Comparison:
    """Compare two models on the same rows, or two figures where only those of the served are known.

    Args:
        model: name in the registry.
        trained: its held-out scores.
        served: the served version; None where there is none.
    """
    if served is None:
        return Comparison(model, trained)
    version = served.manifest.version
    if served.held_out is not None:
        obstacle = _obstacle(trained, served.held_out)
        if obstacle:
            return Comparison(model, trained, version, obstacle=obstacle)
        gains = np.subtract(trained.shares, served.held_out.shares)
        return Comparison(model, trained, version, served.held_out.figure, _mean(gains, trained.people))
    metric = _metric(served.manifest, trained)
    if isinstance(metric, str):
        return Comparison(model, trained, version, obstacle=metric)
    return Comparison(model, trained, version, Figure(value=metric.value, low=metric.low, high=metric.high))


def publish_if_better(
    model: str,
    trained: HeldOut,
    served: Served | None,
    export: Callable[[], Manifest],
    *,
    anyway: bool = False,
) -> Outcome:
    """Compare, and call `export`, which writes the version, only where the trained model is better.

    Args:
        model: name in the registry.
        trained: its held-out scores.
        served: of `read_served`.
        export: writes the version and returns its manifest.
        anyway: publish it, better or not.
    """
    comparison = compare(model, trained, served)
    return Outcome(comparison, export() if comparison.better or anyway else None)


def describe(comparison: Comparison) -> list[str]:
    """Return both figures in percent with their intervals, and what is known of the difference."""
    held_out = comparison.held_out
    head = f"{comparison.model}: {held_out.metric} in percent, {held_out.protocol}, n {len(held_out.shares)}"
    lines = [head, f"  trained now      {figure_text(held_out.figure)}"]
    if comparison.version is None:
        return [*lines, "  nothing is served yet"]
    served = f"  served version {comparison.version}"
    if comparison.obstacle:
        return [*lines, f"{served} cannot be compared: {comparison.obstacle}"]
    return [*lines, f"{served} {figure_text(comparison.served)}", f"  {_difference_text(comparison)}"]


def _difference_text(comparison: Comparison) -> str:
    difference = comparison.difference
    if difference is None or difference.low is None or difference.high is None:
        return "difference without an interval: the served version kept no scores of single rows"
    sure = difference.low > 0 or difference.high < 0
    return (
        f"difference, paired {figure_text(difference)}: its interval {'excludes' if sure else 'includes'} 0"
    )


def _mean(values: ArrayLike, people: ArrayLike) -> Figure:
    each = np.asarray(values, np.float64)
    interval = bootstrap_interval(each, people)
    return Figure(value=float(each.mean()), low=interval.low, high=interval.high)


def _obstacle(trained: HeldOut, served: HeldOut) -> str:
    """Return why rows do not belong together; empty where they do."""
    for name, words in (
        ("metric", "another metric"),
        ("protocol", "another protocol"),
        ("data", "other data"),
        ("seeds", "folds of other seeds"),
        ("people", "other rows"),
    ):
        if getattr(trained, name) != getattr(served, name):
            return f"it was measured with {words}."
    return ""


def _metric(manifest: Manifest, trained: HeldOut) -> Metric | str:
    """Return the manifest's figure of the same protocol, data and seed, or why there is none."""
    if any(manifest.training_data.get(corpus) != digest for corpus, digest in trained.data.items()):
        return "it was measured with other data."
    if trained.seeds[:1] not in ([], [manifest.seed]):
        return f"its folds are of seed {manifest.seed}; name that one with --seed."
    for metric in manifest.metrics:
        if (metric.name, metric.protocol) == (trained.metric, trained.protocol):
            return metric
    return f"its manifest has no {trained.metric} of that protocol."
