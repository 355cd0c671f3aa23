"""Settings of the voice analysis (prefix `AUDIO_`). Built at start, never at import."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class AudioSettings(BaseSettings):
    """What an operator may tune without retraining the model.

    The geometry of the windows is not here: it belongs to the model (`features.py`).
    """

    model_config = SettingsConfigDict(env_prefix="AUDIO_", extra="ignore")

    max_duration_s: float = Field(default=3600.0, gt=0, description="Longer sound is `media_too_long`.")
    batch_windows: int = Field(default=32, ge=1, le=256, description="Windows in one call of the model.")
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
