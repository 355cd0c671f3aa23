"""Task names, queues and payloads. Tasks are addressed by name, so that no process imports another."""

from typing import Literal

from pydantic import Field, model_validator

from services.common.contracts.base import Contract
from services.common.contracts.labels import MediaKind, Modality
from services.common.contracts.media import MediaRef
from services.common.contracts.results import ErrorCode
from services.common.contracts.text import Transcript
from services.common.contracts.voice import VoiceSummary

TEXT_ANALYZE = "text.analyze"
AUDIO_ANALYZE = "audio.analyze"
AUDIO_TRANSCRIBE = "audio.transcribe"
VIDEO_ANALYZE = "video.analyze"
FUSION_COMBINE = "fusion.combine"
DELIVERY_RECOVER = "delivery.recover"
DELIVERY_SEND = "delivery.send"
DELIVERY_FORGET = "delivery.forget"
DELIVERY_SWEEP = "delivery.sweep"

ANALYZE_TASK: dict[Modality, str] = {
    Modality.TEXT: TEXT_ANALYZE,
    Modality.AUDIO: AUDIO_ANALYZE,
    Modality.VIDEO: VIDEO_ANALYZE,
}

QUEUE_OF_TASK: dict[str, str] = {
    TEXT_ANALYZE: "text",
    AUDIO_ANALYZE: "audio",
    AUDIO_TRANSCRIBE: "audio",
    VIDEO_ANALYZE: "video",
    FUSION_COMBINE: "fusion",
    DELIVERY_RECOVER: "delivery",
    DELIVERY_SEND: "delivery",
    DELIVERY_FORGET: "delivery",
    DELIVERY_SWEEP: "delivery",
}


class AnalyzeTask(Contract):
    """Payload of `text.analyze`, `audio.analyze` and `video.analyze`."""

    schema_version: Literal[1] = 1
    assessment_id: str
    modality: Modality
    media: MediaRef | None = Field(
        description="What to analyse; null where the answer holds nothing for this modality."
    )
    enrolment: VoiceSummary | None = Field(
        default=None, description="Mean voice of this person's earlier answers; only the voice asks for it."
    )

    @property
    def spoken(self) -> bool:
        """Whether these are words that have to be transcribed first."""
        return (
            self.modality is Modality.TEXT
            and self.media is not None
            and self.media.kind in (MediaKind.AUDIO, MediaKind.VIDEO)
        )


class CombineTask(Contract):
    """Payload of `fusion.combine`, next to the list of `ModalityResult` that the chord passes on."""

    schema_version: Literal[1] = 1
    assessment_id: str
    tenant_id: str
    keep_voice_summary: bool = Field(
        default=False, description="Whether the mean voice of this answer may be kept for the next ones."
    )
    refused: list[Modality] = Field(
        default_factory=list, description="Analyses that the answer asked for and the law forbids."
    )


class Transcription(Contract):
    """What `audio.transcribe` hands on to `text.analyze`: the words, or why there are none."""

    schema_version: Literal[1] = 1
    transcript: Transcript | None = None
    error_code: ErrorCode | None = None
    reason: str | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "Transcription":
        if (self.transcript is None) == (self.error_code is None):
            raise ValueError("a transcription has either words or an error_code")
        return self
