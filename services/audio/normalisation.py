"""Normalisation of a voice by the speaker's mean, as far as it is known, or the population's."""

import io
from dataclasses import dataclass

import numpy as np

from services.audio.features import WINDOW_SIZE, FloatArray, Population, estimate_person_mean
from services.common.contracts.voice import VoiceSummary
from services.common.phrasing import counted
from services.common.serving.predictor import Predictor
from services.common.serving.registry import VOICE_EMOTION, VOICE_ENCODER
from services.common.statistics import voice_summary

POPULATION_FILE = "population.npz"
UNKNOWN_SPEAKER = "Nothing is known of this speaker yet"


@dataclass(frozen=True, slots=True)
class Normaliser:
    """The means by which the windows of one answer are normalised.

    Attributes:
        population: from training.
        mean: estimated mean of this person's windows, shape `(WINDOW_SIZE,)`.
        clips: windows of the person's earlier speech behind it; 0 if there is none.
    """

    population: Population
    mean: FloatArray
    clips: float


def build_normaliser(enrolment: VoiceSummary | None, predictor: Predictor) -> Normaliser:
    """Build the normaliser of a person; a summary by another encoder than the served one counts as none."""
    population = load_population(predictor.asset(VOICE_EMOTION, POPULATION_FILE))
    fits = enrolment is not None and enrolment.model == predictor.manifest(VOICE_ENCODER).ref
    own = np.array(voice_summary.read_mean_values(enrolment), np.float32) if enrolment and fits else None
    if enrolment is None or own is None or own.shape != (WINDOW_SIZE,):
        return Normaliser(population, population.mean, 0.0)
    return Normaliser(population, estimate_person_mean(population, own, enrolment.clips), enrolment.clips)


def comparison_words(clips: float) -> str:
    """Return the sentence that says whose voice an answer was compared with.

    Args:
        clips: of the `Normaliser`.
    """
    if clips <= 0.0:
        return f"{UNKNOWN_SPEAKER}, so the voice was compared with the average of many speakers."
    windows = counted(max(1, round(clips)), "window", "windows")
    return f"Compared with earlier answers of the same person ({windows} of speech)."


def load_population(content: bytes) -> Population:
    """Read the side file of the model that `dump_population` wrote."""
    with np.load(io.BytesIO(content)) as stored:
        return Population(stored["mean"], stored["deviation"])


def dump_population(population: Population) -> bytes:
    """Return the content of the model's side file `POPULATION_FILE`."""
    file = io.BytesIO()
    np.savez(file, mean=population.mean, deviation=population.deviation)
    return file.getvalue()
