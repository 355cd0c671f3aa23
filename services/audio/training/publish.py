"""From out-of-fold logits and a final network to a version folder with honest figures."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from services.audio.features import FloatArray, preprocessing
from services.audio.training.card import write_card
from services.audio.training.dataset import PRODUCT_LABEL, RAVDESS_LABELS, Clip, label_indices
from services.audio.training.fit import Recipe
from services.audio.training.models import calibrated
from services.common.contracts.labels import EMOTIONS
from services.common.serving.registry import VOICE_EMOTION, Manifest, Metric
from services.training.artifacts import export_model
from services.training.metrics import (
    Interval,
    Scores,
    bootstrap_interval,
    classification_metrics,
    fit_temperature,
)

LICENCE = "CC-BY-NC-SA-4.0"
PROTOCOL = "RAVDESS speech, actors 01-20, out of fold, 5 folds of 4 actors, one score per clip"
GROUPS = tuple(EMOTIONS.index(PRODUCT_LABEL[label]) for label in RAVDESS_LABELS)
"""Place of each RAVDESS class among the product's labels."""


@dataclass(frozen=True, slots=True)
class OutOfFold:
    """What clips by unheard speakers scored.

    Attributes:
        temperature: fitted on these logits.
        product: seven labels, calibrated.
        uncalibrated: seven labels, temperature 1.
        corpus: the corpus's own eight classes, calibrated.
        intervals: 95 % by bootstrap over actors, by name of the figure.
        slices: accuracy over seven labels by slice, and the slice's number of clips.
    """

    temperature: float
    product: Scores
    uncalibrated: Scores
    corpus: Scores
    intervals: dict[str, Interval]
    slices: dict[str, tuple[float, int]]


def publish(
    network: Any,
    *,
    clips: Sequence[Clip],
    logits: Sequence[FloatArray],
    weights: Sequence[NDArray[np.float64]],
    check_batch: FloatArray,
    digest: str,
    seed: int,
    recipe: Recipe,
    models_dir: Path,
) -> Manifest:
    """Calibrate, measure and export.

    Args:
        network: fitted on all clips, from log-mel to logits over `RAVDESS_LABELS`.
        clips: the training clips.
        logits: out-of-fold logits of the windows of each clip, shape `(windows, 8)`.
        weights: how much speech each window speaks for, shape `(windows,)`.
        check_batch: rows of real features for the parity check.
        digest: SHA-256 of the clips.
        seed: of the run.
        recipe: of the run.
        models_dir: where the version is written.
    """
    figures = measure(clips, logits, weights)
    model = calibrated(network, temperature=figures.temperature, groups=GROUPS, n_groups=len(EMOTIONS))
    return export_model(
        model,
        name=VOICE_EMOTION,
        labels=[emotion.value for emotion in EMOTIONS],
        preprocessing=preprocessing() | {"recipe": asdict(recipe), "temperature": figures.temperature},
        training_data={"ravdess": digest},
        metrics=_metrics(figures),
        seed=seed,
        licence=LICENCE,
        card=write_card(figures, clips=clips, recipe=recipe, seed=seed, parameters=network.count_params()),
        models_dir=models_dir,
        check_batch=check_batch,
    )


def measure(
    clips: Sequence[Clip], logits: Sequence[FloatArray], weights: Sequence[NDArray[np.float64]]
) -> OutOfFold:
    """Temperature and figures from out-of-fold logits; arguments as in `publish`."""
    own = label_indices([clip.source_label for clip in clips], RAVDESS_LABELS)
    counts = [len(rows) for rows in logits]
    temperature = fit_temperature(np.concatenate(list(logits)), np.repeat(own, counts))
    truth = label_indices([clip.emotion for clip in clips], EMOTIONS)
    eight = np.stack([_clip_mean(z, w, temperature) for z, w in zip(logits, weights, strict=True)])
    raw = np.stack([_clip_mean(z, w, 1.0) for z, w in zip(logits, weights, strict=True)])
    seven, actors = merge_classes(eight), np.array([clip.speaker for clip in clips])
    return OutOfFold(
        temperature=temperature,
        product=classification_metrics(truth, seven, EMOTIONS),
        uncalibrated=classification_metrics(truth, merge_classes(raw), EMOTIONS),
        corpus=classification_metrics(own, eight, RAVDESS_LABELS),
        intervals=score_intervals(truth, seven, actors)
        | {f"{name}_8_classes": interval for name, interval in score_intervals(own, eight, actors).items()},
        slices=_slices(clips, seven.argmax(axis=1) == truth),
    )


def merge_classes(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities of the eight classes added up to the seven labels, shape `(n, 7)`."""
    merged = np.zeros((len(probabilities), len(EMOTIONS)))
    for column, group in enumerate(GROUPS):
        merged[:, group] += probabilities[:, column]
    return merged


def score_intervals(
    truth: NDArray[np.int64], probabilities: NDArray[np.float64], speakers: NDArray[np.str_]
) -> dict[str, Interval]:
    """95 % intervals of accuracy and UAR, by bootstrap over speakers.

    A resample that lacks a class says nothing about its recall: UAR is over the classes it has.
    """
    named = probabilities.argmax(axis=1)

    def recall(rows: NDArray[np.intp]) -> float:
        classes = np.unique(truth[rows])
        hits = named[rows] == truth[rows]
        return float(np.mean([hits[truth[rows] == label].mean() for label in classes]))

    return {
        "accuracy": bootstrap_interval((named == truth).astype(np.float64), speakers),
        "uar": bootstrap_interval(recall, speakers),
    }


def _clip_mean(logits: FloatArray, weights: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """Probabilities of a clip: the mean over its windows by speech, as the product sums up."""
    each = softmax(logits.astype(np.float64) / temperature, axis=1)
    mean: NDArray[np.float64] = np.average(each, axis=0, weights=weights)
    return mean


def _slices(clips: Sequence[Clip], hits: NDArray[np.bool_]) -> dict[str, tuple[float, int]]:
    """By what RAVDESS file names tell: even actors are women, the fourth field is the intensity."""
    women = np.array([int(clip.speaker) % 2 == 0 for clip in clips])
    strong = np.array([clip.path.stem.split("-")[3] == "02" for clip in clips])
    masks = {"women": women, "men": ~women, "normal intensity": ~strong, "strong intensity": strong}
    return {name: (float(hits[mask].mean()), int(mask.sum())) for name, mask in masks.items() if mask.any()}


def _metrics(figures: OutOfFold) -> list[Metric]:
    product, own = figures.product, figures.corpus
    values = {
        "uar": product.uar,
        "accuracy": product.accuracy,
        "macro_f1": product.macro_f1,
        "ece": product.ece,
        "ece_before_temperature": figures.uncalibrated.ece,
        "nll": product.nll,
        "nll_before_temperature": figures.uncalibrated.nll,
        "majority": product.majority,
        "uar_8_classes": own.uar,
        "accuracy_8_classes": own.accuracy,
    }
    return [
        Metric(
            name=name,
            value=value,
            low=figures.intervals[name].low if name in figures.intervals else None,
            high=figures.intervals[name].high if name in figures.intervals else None,
            n=product.n,
            protocol=PROTOCOL,
        )
        for name, value in values.items()
    ]
