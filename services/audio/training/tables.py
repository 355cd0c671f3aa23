"""From outcomes of the protocols to rows of the results table and to calibration."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.audio.training.conditions import SECOND_VOICE
from services.audio.training.dataset import PRODUCT_LABEL, RAVDESS_LABELS, Clip
from services.audio.training.protocols import EVERY, Outcome, pooled_windows
from services.common.contracts.labels import EMOTIONS
from services.training.metrics import expected_calibration_error, fit_temperature
from services.training.results import SERVED, Figure, Predictions, ResultRow, figures_of

SYSTEM = "served"
GROUPS = tuple(EMOTIONS.index(PRODUCT_LABEL[label]) for label in RAVDESS_LABELS)
"""Place of each RAVDESS class among the product's labels."""

Floats = NDArray[np.float64]


def enrolment_name(count: int) -> str:
    """Name in a row what is known of the speaker."""
    if count == 0:
        return "one clip"
    return "normalised, all other clips" if count == EVERY else f"normalised, {count} clips"


def row_of(
    outcomes: Sequence[Outcome],
    *,
    title: str,
    protocol: str,
    classes: Sequence[str],
    group: str = SERVED,
    temperature: float | None = None,
    note: str = "",
) -> ResultRow:
    """Build one line: means over seeds, intervals by bootstrap over people.

    Args:
        outcomes: one per seed.
        title: what the line is called.
        protocol: how it was measured.
        classes: names of the columns of the logits.
        group: table it belongs to.
        temperature: where given, calibration before and after it is added.
        note: printed under the table.
    """
    runs = [
        Predictions(one.seed, one.truth, one.probabilities().argmax(axis=1), one.part.people[one.clips])
        for one in outcomes
    ]
    figures = figures_of(runs, len(classes))
    if temperature is not None:
        figures |= _calibration(outcomes, temperature)
    return ResultRow(
        system=SYSTEM,
        title=title,
        group=group,
        protocol=protocol,
        n=len(outcomes[0].clips),
        people=len(set(outcomes[0].part.people[outcomes[0].clips].tolist())),
        seeds=[one.seed for one in outcomes],
        figures=figures,
        note=note,
        labels=list(classes),
    )


def _calibration(outcomes: Sequence[Outcome], temperature: float) -> dict[str, Figure]:
    """Compute calibration error and negative log-likelihood of clips, as fitted and calibrated."""
    figures = {}
    for suffix, divisor in (("_before", 1.0), ("", temperature)):
        rows = [(one.truth, one.probabilities(divisor)) for one in outcomes]
        ece = [expected_calibration_error(truth, prob) for truth, prob in rows]
        nll = [_nll(truth, prob) for truth, prob in rows]
        figures[f"ece{suffix}"] = Figure(value=float(np.mean(ece)), sd=_sd(ece), seeds=len(ece))
        figures[f"nll{suffix}"] = Figure(value=float(np.mean(nll)), sd=_sd(nll), seeds=len(nll))
    return figures


def _nll(truth: NDArray[np.int64], prob: Floats) -> float:
    return float(-np.log(np.maximum(prob[np.arange(len(truth)), truth], 1e-7)).mean())


def _sd(values: Sequence[float]) -> float | None:
    return float(np.std(values, ddof=1)) if len(values) > 1 else None


def subset(outcome: Outcome, mask: NDArray[np.bool_]) -> Outcome:
    """Return the clips of an outcome for which `mask`, over the whole corpus, is true."""
    kept = outcome.clips[mask[outcome.clips]]
    rows = mask[outcome.part.windows.clip]
    return Outcome(outcome.seed, kept, outcome.part.labels[kept], outcome.logits[rows], outcome.part.of(mask))


def slice_masks(clips: Sequence[Clip]) -> dict[str, NDArray[np.bool_]]:
    """Return masks by RAVDESS file names: even actors are women, the fourth field is the intensity."""
    women = np.array([int(clip.speaker) % 2 == 0 for clip in clips])
    strong = np.array([clip.path.stem.split("-")[3] == "02" for clip in clips])
    return {"women": women, "men": ~women, "normal intensity": ~strong, "strong intensity": strong}


def product_rows(outcome: Outcome, temperature: float) -> tuple[NDArray[np.int64], Floats]:
    """Return truth and probabilities over the product's seven labels; `calm` counts as `neutral`."""
    eight = outcome.probabilities(temperature)
    merged = np.zeros((len(eight), len(EMOTIONS)))
    for column, group in enumerate(GROUPS):
        merged[:, group] += eight[:, column]
    return np.array(GROUPS)[outcome.truth], merged


@dataclass(frozen=True, slots=True)
class Calibration:
    """What makes probabilities mean what they say.

    Attributes:
        temperature: of clean clips, people unknown and known together.
        by_noise: pairs of signal-to-noise ratio in dB and a further factor, ascending.
        by_length: pairs of seconds of speech and a further factor, ascending.
        by_voices: a further factor where somebody else talks as well.
    """

    temperature: float
    by_noise: list[list[float]]
    by_length: list[list[float]]
    by_voices: float


def calibrate(outcomes: Sequence[Mapping[tuple[str, int], Outcome]], *, clean_length_s: float) -> Calibration:
    """Fit all temperatures on out-of-fold logits of windows, pooled over the seeds.

    A factor below 1 (surer than on clean sound) is not taken: worse sound never makes us surer.

    Args:
        outcomes: of `protocols.by_actor`, one per seed.
        clean_length_s: usual length of a whole clip.
    """
    base = _temperature([found["clean", count] for found in outcomes for count in (0, 8, EVERY)])

    def factor(condition: str) -> float:
        return round(max(1.0, _temperature([found[condition, 0] for found in outcomes]) / base), 3)

    noise = [[0.0, factor("noise_0_db")], [10.0, factor("noise_10_db")], [20.0, factor("noise_20_db")]]
    length = [[0.5, factor("excerpt_0.5_s")], [1.0, factor("excerpt_1_s")], [clean_length_s, 1.0]]
    return Calibration(base, [*noise, [30.0, 1.0]], length, factor(SECOND_VOICE))


def _temperature(outcomes: Sequence[Outcome]) -> float:
    return fit_temperature(*pooled_windows(outcomes))
