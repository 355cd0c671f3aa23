"""What an analysis returns and what a report holds."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, model_validator

from services.common.contracts.base import Contract
from services.common.contracts.face import FaceMeasures
from services.common.contracts.labels import (
    EMOTIONS,
    AssessmentStatus,
    Emotion,
    Modality,
    ModalityStatus,
    Trait,
)
from services.common.contracts.model_ref import ModelRef
from services.common.contracts.norms import Deciles, Percentile, Reference, Standing
from services.common.contracts.text import Estimate, Impression, TextMeasures, Transcript
from services.common.contracts.timeline import AlignedTimeline
from services.common.contracts.voice import VoiceMeasures, VoiceSummary

Probability = Annotated[float, Field(ge=0.0, le=1.0)]
Seconds = Annotated[float, Field(ge=0.0)]
EmotionScores = dict[Emotion, Probability]
TraitScores = dict[Trait, Probability]


class ErrorCode(StrEnum):
    """Why a modality has no scores. Each code is documented in the README."""

    # the input
    MEDIA_CORRUPT = "media_corrupt"
    MEDIA_EMPTY = "media_empty"
    MEDIA_TOO_LONG = "media_too_long"
    MEDIA_UNSUPPORTED = "media_unsupported"
    MEDIA_MISSING = "media_missing"
    NO_AUDIO_STREAM = "no_audio_stream"
    NO_VIDEO_STREAM = "no_video_stream"
    NO_SPEECH = "no_speech"
    NO_FACE = "no_face"
    NO_TEXT = "no_text"
    TEXT_TOO_SHORT = "text_too_short"
    UNSUPPORTED_LANGUAGE = "unsupported_language"
    DOCUMENT_ENCRYPTED = "document_encrypted"
    DOCUMENT_TOO_COMPLEX = "document_too_complex"
    # the answer holds nothing for this modality (status `skipped`)
    NOT_PROVIDED = "not_provided"
    TRANSCRIPTION_UNAVAILABLE = "transcription_unavailable"
    # the law of the tenant's jurisdiction forbids the analysis (status `skipped`)
    EMOTION_INFERENCE_NOT_PERMITTED = "emotion_inference_not_permitted"
    # the machinery
    MODEL_UNAVAILABLE = "model_unavailable"
    STORAGE_UNAVAILABLE = "storage_unavailable"
    WORKER_LOST = "worker_lost"
    ERASED = "erased"
    TIME_LIMIT = "time_limit"
    INTERNAL = "internal"


class Notice(Contract):
    """A remark for the reader: a machine-readable code and one sentence."""

    code: str
    detail: str


class TimelineSegment(Contract):
    """A stretch of the answer with one perceived emotion. Times count from the start of the media."""

    start_s: Seconds
    end_s: Seconds
    label: Emotion
    confidence: Probability
    emotions: EmotionScores

    @model_validator(mode="after")
    def _ordered(self) -> "TimelineSegment":
        if self.end_s < self.start_s:
            raise ValueError("end_s lies before start_s")
        return self


class Quality(Contract):
    """How much of the input could be used, and why the rest could not."""

    duration_s: Seconds | None = None
    coverage: Probability = Field(
        description="Share of the input that the scores rest on: speech time, or frames with a face."
    )
    reasons: list[Notice] = Field(default_factory=list)


class ModalityResult(Contract):
    """The answer of one analysis. A permanent fault of the input is a result, not an exception."""

    schema_version: Literal[1] = 1
    modality: Modality
    status: ModalityStatus
    error_code: ErrorCode | None = None
    reason: str | None = Field(default=None, description="One sentence that says what to do next.")
    emotions: EmotionScores | None = None
    traits: TraitScores | None = Field(
        default=None, description="Probability of scoring high in a self-report, per trait."
    )
    trait_intervals: dict[Trait, Estimate] | None = Field(
        default=None, description="The same probabilities with 95 % intervals."
    )
    impression: Impression | None = Field(default=None, description="How the words come across to strangers.")
    transcript: Transcript | None = Field(default=None, description="Of a spoken answer.")
    timeline: list[TimelineSegment] = Field(default_factory=list)
    timeline_summary: str | None = Field(
        default=None,
        description="The emotions that were perceived longest, in a sentence. Null in older reports.",
    )
    quality: Quality | None = None
    text: TextMeasures | None = None
    voice: VoiceMeasures | None = None
    voice_summary: VoiceSummary | None = Field(
        default=None, description="For the next answers of this person; never part of a report."
    )
    face: FaceMeasures | None = None
    models: list[ModelRef] = Field(default_factory=list)
    elapsed_s: Seconds = 0.0

    @model_validator(mode="after")
    def _consistent(self) -> "ModalityResult":
        if self.status is ModalityStatus.SUCCEEDED and self.error_code is not None:
            raise ValueError("a result that succeeded has no error_code")
        if self.status in (ModalityStatus.FAILED, ModalityStatus.SKIPPED) and self.error_code is None:
            raise ValueError("a result that failed or was skipped needs an error_code")
        if self.emotions is not None and set(self.emotions) != set(EMOTIONS):
            raise ValueError("emotions must name all seven labels")
        return self


class ChannelWeight(Contract):
    modality: Modality
    weight: Probability


class Fused(Contract):
    """All channels in one view."""

    emotions: EmotionScores | None = None
    traits: TraitScores | None = None
    congruence: Probability | None = Field(
        default=None,
        description=(
            "1 minus the Jensen-Shannon divergence (base 2) of voice and face; null with one channel."
        ),
    )
    channels: list[ChannelWeight] = Field(default_factory=list)


class BenchmarkEntry(Contract):
    """Where one score stands among other candidates for the same question, as of this report.

    Scores are compared in steps of 0.001, and everybody counts once, with the latest answer.
    """

    value: float
    percentile: Percentile | None = None
    cohort_mean: float | None = None
    deciles: Deciles | None = Field(default=None, description="The cohort's nine scores between tenths.")
    n: int = Field(ge=0, description="Other candidates, each counted once.")
    reason: str | None = Field(default=None, description="Why there is no percentile.")
    summary: str | None = Field(
        default=None, description="The percentile in a few words, where there is one. Null in older reports."
    )
    others: list[Standing] = Field(
        default_factory=list, description="The place among the same role, each tag, and everybody."
    )
    reference: Reference | None = Field(
        default=None,
        description="The place in a built-in norm of a public corpus; these people are no candidates here.",
    )


class Report(Contract):
    """The stored outcome of an assessment."""

    schema_version: Literal[1] = 1
    assessment_id: str
    status: AssessmentStatus
    fused: Fused
    modalities: dict[Modality, ModalityResult]
    timeline: AlignedTimeline | None = Field(
        default=None, description="Voice, face and words on one clock; null where no channel has a timeline."
    )
    benchmark: dict[str, BenchmarkEntry] = Field(
        default_factory=dict, description="By score name: `trait.openness`, `emotion.happy`, `congruence`."
    )
    warnings: list[Notice] = Field(default_factory=list)
    created_at: datetime

    @model_validator(mode="after")
    def _holds_no_voice(self) -> "Report":
        if any(result.voice_summary is not None for result in self.modalities.values()):
            raise ValueError("a voice_summary must not be part of a report")
        return self
