"""What is measured on a voice besides its emotions, and what is kept of a person's voice."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from services.common.contracts.base import Contract
from services.common.contracts.labels import Emotion
from services.common.contracts.model_ref import ModelRef

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Seconds = Annotated[float, Field(ge=0.0)]
Base64 = Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]*={0,2}$", min_length=4, max_length=65_536)]


class VoiceSummary(Contract):
    """The mean voice embedding over some speech of one person: what "normalised to the speaker" rests on.

    It holds no sound and no words. It is kept apart from the report and goes with its assessment.
    """

    schema_version: Literal[1] = 1
    model: ModelRef = Field(description="The encoder whose embedding it is; others cannot be compared.")
    clips: float = Field(
        gt=0, allow_inf_nan=False, description="Seconds of speech behind the mean, in windows of the model."
    )
    mean: Base64 = Field(description="Little-endian float16 values, one per dimension of the embedding.")


class Prosody(Contract):
    """How something was said. Null where there was too little voiced speech to say."""

    pitch_median_hz: float | None = Field(default=None, gt=0)
    pitch_range_semitones: float | None = Field(
        default=None, ge=0, description="From the 5th to the 95th percentile of voiced frames."
    )
    pitch_sd_semitones: float | None = Field(default=None, ge=0)
    intensity_mean_db: float | None = Field(default=None, description="Of speech, relative to full scale.")
    intensity_range_db: float | None = Field(
        default=None, ge=0, description="From the 5th to the 95th percentile of frames of speech."
    )
    speaking_rate_hz: float | None = Field(
        default=None, ge=0, description="Syllable nuclei per second from the first word to the last."
    )
    articulation_rate_hz: float | None = Field(
        default=None, ge=0, description="Syllable nuclei per second of speech, pauses left out."
    )
    pause_share: Share | None = Field(default=None, description="Pauses between first and last word.")
    longest_pause_s: Seconds | None = None
    voiced_share: Share | None = Field(default=None, description="Frames of speech that have a pitch.")
    jitter: float | None = Field(default=None, ge=0, description="Local; periods differ by this share.")
    shimmer: float | None = Field(default=None, ge=0, description="Local; amplitudes differ by this share.")
    harmonics_to_noise_db: float | None = None


class SalienceMap(Contract):
    """Which time and frequency regions of a segment carried its label.

    `relevance[band][slot]` is by how much the label's log-odds fall when that region is replaced by the
    average of the voice, divided by the largest absolute fall in the map; negative where the region
    spoke against the label.
    """

    label: Emotion
    start_s: Seconds
    end_s: Seconds
    confidence: Share
    band_edges_hz: list[float] = Field(description="Lowest first, one more than there are bands.")
    relevance: list[list[Annotated[float, Field(ge=-1.0, le=1.0)]]] = Field(
        description="A row per band, lowest first; slots of equal length from `start_s` to `end_s`."
    )
    summary: str | None = Field(
        default=None,
        description="The strongest regions, in a sentence or two. Null in older reports.",
    )

    @model_validator(mode="after")
    def _rectangular(self) -> "SalienceMap":
        if len(self.relevance) != len(self.band_edges_hz) - 1:
            raise ValueError("there must be a row per band")
        if len({len(row) for row in self.relevance}) > 1:
            raise ValueError("rows differ in length")
        return self


class VoiceMeasures(Contract):
    """Everything about the sound that is not an emotion."""

    speech_s: Seconds
    speech_share: Share
    segments: int = Field(ge=0, description="Stretches of speech that the voice activity found.")
    sample_rate_hz: int = Field(gt=0, description="Sample rate of the source before resampling.")
    loudness_lufs: float | None = Field(default=None, description="Integrated, ITU-R BS.1770-4.")
    signal_to_noise_db: float | None = Field(default=None, description="Speech against the pauses.")
    enrolment_clips: float = Field(
        default=0.0,
        ge=0,
        description="Speech from earlier answers that the voice was compared with, in windows; 0 for none.",
    )
    compared_with: str | None = Field(
        default=None, description="Whose voice it was compared with, in a sentence. Null in older reports."
    )
    prosody: Prosody | None = None
    salience: list[SalienceMap] = Field(default_factory=list)
