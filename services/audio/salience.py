"""Explanation of a segment's label: the time and frequency regions that carried it, by occlusion.

A band of the log-mel is replaced by its own mean over time, which removes its variation but not its
level, and the chunk is encoded again. Of the new frames only those of one time slot are then put in
the place of the original ones (Zeiler & Fergus 2014 occlude pixels likewise). The fall of the label's
log-odds is the relevance of that band in that slot: nine passes of the encoder explain all regions.
"""

import itertools
from dataclasses import dataclass

import numpy as np

from services.audio.features import (
    N_MELS,
    SAMPLE_RATE_HZ,
    TOKEN_SAMPLES,
    FloatArray,
    compute_log_mel,
    count_tokens,
    mel_centres_hz,
    pool,
)
from services.audio.normalisation import Normaliser
from services.audio.salience_words import region_words
from services.audio.scoring import predict_windows
from services.common.contracts.labels import EMOTIONS, Emotion
from services.common.contracts.voice import SalienceMap
from services.common.serving.predictor import Predictor
from services.common.serving.registry import VOICE_ENCODER

BANDS = 8
SLOT_TOKENS = 12
"""A slot of 0.24 s is about a syllable."""
_FLOOR = 1e-6


@dataclass(frozen=True, slots=True)
class ExplainedWindow:
    """A window whose label is to be explained.

    Attributes:
        samples: its sound, shape `(k,)`.
        start_s: where it starts on the media's clock.
        label: its label.
        confidence: of the label, as far as the sound allows, 0..1.
    """

    samples: FloatArray
    start_s: float
    label: Emotion
    confidence: float


def explain(window: ExplainedWindow, normaliser: Normaliser, predictor: Predictor) -> SalienceMap:
    """Compute the relevance of every band and slot of a window for its label, and sum it up in a sentence."""
    tokens = count_tokens(window.samples.size)
    heard = predictor.predict(VOICE_ENCODER, _flatten_bands(compute_log_mel([window.samples])[0], tokens))
    frames = heard[:, :tokens]
    column = EMOTIONS.index(window.label)
    probabilities = predict_windows(_mix_slots(frames), normaliser, predictor)[:, column]
    log_odds = np.log(np.maximum(probabilities, _FLOOR) / np.maximum(1.0 - probabilities, _FLOOR))
    fall = (log_odds[0] - log_odds[1:]).reshape(BANDS, -1)
    largest = float(np.abs(fall).max())
    relevance = np.clip(fall / largest, -1.0, 1.0) if largest > 0.0 else np.zeros_like(fall)
    found = SalienceMap(
        label=window.label,
        start_s=round(window.start_s, 3),
        end_s=round(window.start_s + tokens * TOKEN_SAMPLES / SAMPLE_RATE_HZ, 3),
        confidence=round(window.confidence, 4),
        band_edges_hz=band_edges_hz(),
        relevance=np.round(relevance, 3).tolist(),
    )
    return found.model_copy(update={"summary": region_words(found)})


def band_edges_hz() -> list[float]:
    """Return the `BANDS + 1` edges of the bands in Hz, from 0 to half the sample rate."""
    centres = mel_centres_hz()
    per_band = N_MELS // BANDS
    inner = [float((centres[i - 1] + centres[i]) / 2.0) for i in range(per_band, N_MELS, per_band)]
    return [0.0, *(round(edge, 1) for edge in inner), SAMPLE_RATE_HZ / 2.0]


def _flatten_bands(spectrogram: FloatArray, tokens: int) -> FloatArray:
    """Return the spectrogram, then one copy per band with that band at its mean.

    Shape `(1 + BANDS, N_MELS, FRAMES)`.
    """
    per_band = N_MELS // BANDS
    copies = np.repeat(spectrogram[np.newaxis], BANDS + 1, axis=0)
    for band in range(BANDS):
        rows = slice(band * per_band, (band + 1) * per_band)
        copies[band + 1, rows, : 2 * tokens] = spectrogram[rows, : 2 * tokens].mean(axis=1, keepdims=True)
    return copies


def _mix_slots(frames: FloatArray) -> FloatArray:
    """Pool the original frames, then per band and slot a copy with that slot from the band's pass."""
    original, occluded = frames[0], frames[1:]
    edges = find_slot_edges(len(original))
    pooled = [pool(original)]
    for passed in occluded:
        for start, end in itertools.pairwise(edges):
            copy = original.copy()
            copy[start:end] = passed[start:end]
            pooled.append(pool(copy))
    return np.stack(pooled)


def find_slot_edges(tokens: int) -> list[int]:
    """Return the borders of equal slots of about `SLOT_TOKENS` frames; at least one slot."""
    slots = max(1, round(tokens / SLOT_TOKENS))
    return [int(edge) for edge in np.linspace(0, tokens, slots + 1).round()]
