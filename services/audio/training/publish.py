"""From a fitted classifier and what was measured to a version of the served model."""

from pathlib import Path

import numpy as np

from services.audio.confidence import BY_LENGTH, BY_NOISE, BY_VOICES, TEMPERING
from services.audio.features import describe_preprocessing, normalise_windows
from services.audio.normalisation import POPULATION_FILE, dump_population
from services.audio.training.card import Figures, write_card
from services.audio.training.classifier import ENROLMENTS, Classifier
from services.audio.training.corpora import CLEAN, COPIES, Corpus
from services.audio.training.measure import Measured
from services.audio.training.models import served_model
from services.audio.training.protocols import EVERY
from services.audio.training.tables import GROUPS, product_rows
from services.audio.training.voices import VoicesFit
from services.audio.voices import VOICES_FILE, dump_voices
from services.common.contracts.labels import EMOTIONS
from services.common.serving.registry import VOICE_EMOTION, Manifest, Metric
from services.training.artifacts import export_model
from services.training.metrics import Scores, classification_metrics, recall_shares
from services.training.publishing import HeldOut
from services.training.results import Figure, Predictions, figures_of

LICENCE = "CC-BY-NC-SA-4.0"
PROTOCOL = "RAVDESS speech, actors 01-20, out of fold, 5 folds of 4 actors, one score per clip"
CHECK_ROWS = 8


def held_out_scores(measured: Measured, ravdess: Corpus, emodb: Corpus) -> HeldOut:
    """Return what each clip adds to the recall of the seven labels, people unknown; mean over the seeds."""
    each = []
    for found in measured.by_actor:
        truth, rows = product_rows(found[CLEAN, 0], measured.calibration.temperature)
        each.append(len(truth) * recall_shares(truth, rows.argmax(axis=1), classes=len(EMOTIONS)))
    first = measured.by_actor[0][CLEAN, 0]
    return HeldOut.of(
        np.mean(each, axis=0),
        first.part.people[first.clips],
        metric="uar",
        protocol=PROTOCOL,
        data={"ravdess": ravdess.digest, "emodb": emodb.digest},
        seeds=[found[CLEAN, 0].seed for found in measured.by_actor],
    )


def publish(
    classifier: Classifier,
    *,
    held_out: HeldOut,
    measured: Measured,
    ravdess: Corpus,
    emodb: Corpus,
    voices: VoicesFit,
    encoder: Manifest,
    seed: int,
    models_dir: Path,
) -> Manifest:
    """Export the classifier with its population, calibration, figures and card.

    Args:
        classifier: fitted on everybody.
        held_out: what it is compared by.
        measured: all protocols.
        ravdess: what it was fitted on.
        emodb: likewise.
        voices: what tells several voices apart.
        encoder: manifest of the encoder that made the embeddings.
        seed: of the fit.
        models_dir: where the version is written.
    """
    calibration = measured.calibration
    model = served_model(
        classifier, temperature=calibration.temperature, groups=GROUPS, n_groups=len(EMOTIONS)
    )
    rows = ravdess.clean.windows.rows[:CHECK_ROWS]
    figures = card_figures(measured)
    return export_model(
        model,
        name=VOICE_EMOTION,
        labels=[emotion.value for emotion in EMOTIONS],
        preprocessing=describe_preprocessing()
        | {
            "encoder": encoder.ref.model_dump(),
            "temperature": calibration.temperature,
            TEMPERING: {
                BY_NOISE: calibration.by_noise,
                BY_LENGTH: calibration.by_length,
                BY_VOICES: calibration.by_voices,
            },
            "augmented_copies": COPIES,
            "training_enrolments": list(ENROLMENTS),
        },
        training_data={"ravdess": ravdess.digest, "emodb": emodb.digest},
        metrics=_metrics(measured, figures),
        seed=seed,
        licence=LICENCE,
        card=write_card(figures, measured=measured, voices=voices, ravdess=ravdess, emodb=emodb),
        models_dir=models_dir,
        check_batch=normalise_windows(rows, classifier.population, classifier.population.mean),
        assets={
            POPULATION_FILE: dump_population(classifier.population),
            VOICES_FILE: dump_voices(voices.projection, voices.thresholds),
            **held_out.asset,
        },
    )


def card_figures(measured: Measured) -> Figures:
    """Return figures over the seven labels of the product, people unknown and known."""
    unknown, intervals = _product_scores(measured, 0)
    known, known_intervals = _product_scores(measured, EVERY)
    return Figures(unknown, intervals, known, known_intervals)


def _product_scores(measured: Measured, count: int) -> tuple[Scores, dict[str, Figure]]:
    """Compute the scores of the first seed; the intervals are over all seeds."""
    temperature = measured.calibration.temperature
    runs = []
    for found in measured.by_actor:
        outcome = found[CLEAN, count]
        truth, rows = product_rows(outcome, temperature)
        people = outcome.part.people[outcome.clips]
        runs.append(Predictions(outcome.seed, truth, rows.argmax(axis=1).astype(np.int64), people))
    truth, rows = product_rows(measured.by_actor[0][CLEAN, count], temperature)
    return classification_metrics(truth, rows, EMOTIONS), figures_of(runs, len(EMOTIONS))


def _metrics(measured: Measured, figures: Figures) -> list[Metric]:
    """Build the metrics; `uar` and its like are of the seven labels, for people without enrolment."""
    eight = next(row for row in measured.rows if row.title == "one clip").figures
    known = figures.known_intervals["uar"]
    found = [
        _metric("uar", figures.unknown_intervals["uar"], figures.unknown.n),
        _metric("accuracy", figures.unknown_intervals["accuracy"], figures.unknown.n),
        _metric("macro_f1", figures.unknown_intervals["macro_f1"], figures.unknown.n),
        _metric("uar_8_classes", eight["uar"], figures.unknown.n),
        _metric("ece", Figure(value=figures.unknown.ece), figures.unknown.n),
        _metric("ece_before_temperature_8_classes", eight["ece_before"], figures.unknown.n),
        _metric("nll", Figure(value=figures.unknown.nll), figures.unknown.n),
        _metric("majority", Figure(value=figures.unknown.majority), figures.unknown.n),
    ]
    normalised_protocol = PROTOCOL + ", normalised by all other clips of the actor"
    return [*found, _metric("uar_normalised", known, figures.known.n, protocol=normalised_protocol)]


def _metric(name: str, figure: Figure, n: int, *, protocol: str = PROTOCOL) -> Metric:
    return Metric(name=name, value=figure.value, low=figure.low, high=figure.high, n=n, protocol=protocol)
