"""All protocols of the served voice model, as rows of one results file."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from services.audio.training.conditions import SECOND_VOICE
from services.audio.training.corpora import CLEAN, Corpus
from services.audio.training.dataset import RAVDESS_LABELS
from services.audio.training.protocols import (
    CROSS_TRAINING,
    ENROLLED,
    EVERY,
    Outcome,
    across_corpora,
    by_actor,
    by_actor_and_statement,
    by_speaker,
    leaky,
)
from services.audio.training.tables import (
    SYSTEM,
    Calibration,
    calibrate,
    enrolment_name,
    row_of,
    slice_masks,
    subset,
)
from services.common.media.files import Progress, ignore_progress
from services.training.results import ResultRow, write_results

SEEDS = (0, 1, 2)
CLEAN_LENGTH_S = 2.0
FOLDS_NAME = "RAVDESS, 5 folds of 4 actors, 8 classes"
ROBUSTNESS = "Served model: robustness (RAVDESS, actor folds)"
SLICES = "Served model: slices (RAVDESS, actor folds, one clip)"
CONDITION_TITLES = {
    "noise_20_db": "white noise, 20 dB",
    "noise_10_db": "white noise, 10 dB",
    "noise_0_db": "white noise, 0 dB",
    "telephone": "telephone band, µ-law",
    "opus_16_kbit": "Opus, 16 kbit/s",
    SECOND_VOICE: "somebody else talks, 5 dB below",
    "excerpt_0.5_s": "excerpt of 0.5 s",
    "excerpt_1_s": "excerpt of 1 s",
}
log = logging.getLogger(__name__)

T = TypeVar("T")
ActorOutcomes = list[dict[tuple[str, int], Outcome]]


@dataclass(frozen=True, slots=True)
class Measured:
    """The rows, and what the card and the calibration need of the actor folds."""

    rows: list[ResultRow]
    calibration: Calibration
    by_actor: ActorOutcomes


def measure(
    ravdess: Corpus, emodb: Corpus, *, seeds: Sequence[int] = SEEDS, progress: Progress = ignore_progress
) -> Measured:
    """Run every protocol. About ten minutes on two cores, once the embeddings are there.

    Args:
        ravdess: under all conditions.
        emodb: with its augmented copies.
        seeds: of folds, inner folds and enrolments.
        progress: told the share of the protocols done.
    """
    helper = emodb.under(RAVDESS_LABELS)
    steps = _Steps(progress, total=10 * len(seeds))
    actors = [by_actor(ravdess, helper, seed, on_fold=steps.one) for seed in seeds]
    calibration = calibrate(actors, clean_length_s=CLEAN_LENGTH_S)
    rows = _actor_rows(actors, calibration)
    statements = [steps.after(by_actor_and_statement(ravdess, helper, seed)) for seed in seeds]
    rows += [
        row_of(
            [found[count] for found in statements],
            title=enrolment_name(count),
            protocol="RAVDESS, actor folds, sentence new as well, 8 classes",
            classes=RAVDESS_LABELS,
        )
        for count in (0, EVERY)
    ]
    alone = [steps.after(by_speaker(emodb, seed)) for seed in seeds]
    rows += [
        row_of(
            [found[count] for found in alone],
            title=enrolment_name(count),
            protocol="EMO-DB alone, leave one speaker out, 7 classes",
            classes=emodb.classes,
        )
        for count in (0, 8, EVERY)
    ]
    across = [steps.after(across_corpora(ravdess, emodb, seed)) for seed in seeds]
    rows += [
        row_of(
            [found[count] for found in across],
            title=enrolment_name(count),
            protocol="RAVDESS → EMO-DB, 6 classes",
            classes=CROSS_TRAINING,
        )
        for count in (0, 8, EVERY)
    ]
    rows.append(_leaky_row(ravdess, seeds, steps))
    return Measured(rows + _robustness_rows(actors) + _slice_rows(actors, ravdess), calibration, actors)


def save(measured: Measured, ravdess: Corpus, emodb: Corpus, *, folder: Path) -> Path:
    """Write `voice/served.json` into a folder of results."""
    digests = {"ravdess": ravdess.digest, "emodb": emodb.digest}
    return write_results(measured.rows, subject="voice", system=SYSTEM, data_hash=digests, folder=folder)


def _actor_rows(actors: ActorOutcomes, calibration: Calibration) -> list[ResultRow]:
    return [
        row_of(
            [found[CLEAN, count] for found in actors],
            title=enrolment_name(count),
            protocol=FOLDS_NAME,
            classes=RAVDESS_LABELS,
            temperature=calibration.temperature,
            note="EMO-DB helps to train; it is never tested on here." if count == 0 else "",
        )
        for count in ENROLLED
    ]


def _leaky_row(ravdess: Corpus, seeds: Sequence[int], steps: "_Steps") -> ResultRow:
    seven = [label for label in RAVDESS_LABELS if label != "neutral"]
    return row_of(
        [steps.after(leaky(ravdess, seed)) for seed in seeds],
        title="one clip",
        protocol="RAVDESS, leaky random 80/20, 7 classes without neutral",
        classes=seven,
        note="Actors and sentences are on both sides: parity with the reference, no measure of new people.",
    )


def _robustness_rows(actors: ActorOutcomes) -> list[ResultRow]:
    return [
        row_of(
            [found[condition, count] for found in actors],
            title=title,
            protocol=f"trained as served; {enrolment_name(count)}",
            classes=RAVDESS_LABELS,
            group=ROBUSTNESS,
        )
        for condition, title in CONDITION_TITLES.items()
        for count in (0, 8)
    ]


def _slice_rows(actors: ActorOutcomes, ravdess: Corpus) -> list[ResultRow]:
    return [
        row_of(
            [subset(found[CLEAN, 0], mask) for found in actors],
            title=name,
            protocol=FOLDS_NAME,
            classes=RAVDESS_LABELS,
            group=SLICES,
        )
        for name, mask in slice_masks(ravdess.clips).items()
    ]


class _Steps:
    """Progress over steps of one size."""

    def __init__(self, progress: Progress, *, total: int) -> None:
        self._progress, self._total, self._done = progress, total, 0

    def one(self) -> None:
        self._done += 1
        self._progress(min(1.0, self._done / self._total))

    def after(self, value: T) -> T:
        self.one()
        return value
