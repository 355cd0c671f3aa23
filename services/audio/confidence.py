"""Lowering of the stated confidence where the sound is poor, and the notices that explain it.

The amounts are measured, not chosen: training fits a temperature on held-out clips with noise of known level
and on excerpts of known length, and writes both tables into the manifest of the model.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.audio.settings import AudioSettings
from services.common.contracts.results import Notice

TEMPERING = "tempering"
"""Key in the manifest's preprocessing: quantity to pairs of its value and a temperature, ascending."""
BY_NOISE = "signal_to_noise_db"
BY_LENGTH = "speech_s"
BY_VOICES = "several_voices"

Floats = NDArray[np.float64]


def look_up_temperatures(
    preprocessing: Mapping[str, Any],
    *,
    heard_s: Floats,
    signal_to_noise_db: float | None,
    several_voices: bool,
) -> Floats:
    """Return the temperature of every window, at least 1, shape `(n,)`.

    Args:
        preprocessing: of the model's manifest.
        heard_s: seconds of speech behind each window, shape `(n,)`.
        signal_to_noise_db: of the recording, None if it could not be measured.
        several_voices: whether more than one person seems to speak.
    """
    tables = preprocessing.get(TEMPERING, {})
    factor = np.ones(len(heard_s))
    factor *= _look_up(tables.get(BY_LENGTH, []), heard_s)
    if signal_to_noise_db is not None:
        factor *= _look_up(tables.get(BY_NOISE, []), np.array([signal_to_noise_db]))
    if several_voices:
        factor *= float(tables.get(BY_VOICES, 1.0))
    lowered: Floats = np.maximum(factor, 1.0)
    return lowered


def _look_up(table: list[list[float]], at: Floats) -> Floats:
    """Interpolate linearly between the rows of the table, constant beyond its ends; 1 if it is empty."""
    if not table:
        return np.ones(1)
    columns = np.array(table, np.float64).T
    found: Floats = np.interp(at, columns[0], columns[1])
    return found


def list_sound_notices(
    settings: AudioSettings,
    *,
    speech_s: float,
    duration_s: float,
    signal_to_noise_db: float | None,
    several_voices: bool,
) -> list[Notice]:
    """List what a reader should know before trusting the scores; each item lowers the stated confidence."""
    notices = []
    if duration_s < settings.too_short_s:
        detail = f"The recording is only {duration_s:.1f} s long; a few sentences say more."
        notices.append(Notice(code="too_short", detail=detail))
    if speech_s < settings.little_speech_s or speech_s / duration_s < settings.little_speech_share:
        detail = f"There are only {speech_s:.1f} s of speech; the scores rest on little."
        notices.append(Notice(code="little_speech", detail=detail))
    if signal_to_noise_db is not None and signal_to_noise_db < settings.noisy_below_db:
        detail = (
            f"Speech is only {signal_to_noise_db:.0f} dB above the background; record in a quieter room or "
            "closer to the microphone."
        )
        notices.append(Notice(code="too_noisy", detail=detail))
    if several_voices:
        detail = "More than one person seems to speak; the scores mix their voices."
        notices.append(Notice(code="several_voices", detail=detail))
    return notices
