"""The report of an interview: several answers of one person, question by question and together."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, model_validator

from services.common.contracts.base import Contract
from services.common.contracts.labels import Emotion, Modality, Trait
from services.common.contracts.results import (
    BenchmarkEntry,
    EmotionScores,
    Notice,
    Probability,
    Seconds,
    TraitScores,
)
from services.common.contracts.text import Estimate

Count = Annotated[int, Field(ge=0)]


class InterviewStatus(StrEnum):
    """State of a whole interview, which follows from its answers."""

    OPEN = "open"
    """A question has no answer yet."""
    PROCESSING = "processing"
    """Every question has an answer, and the analysis of one still runs."""
    COMPLETED = "completed"
    """Every question has an answer whose analysis has ended, well or not."""


class AnswerStatus(StrEnum):
    """State of one question of an interview: of the answer that counts."""

    UNANSWERED = "unanswered"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    PARTIALLY_SUCCEEDED = "partially_succeeded"
    FAILED = "failed"
    EXPIRED = "expired"


class InterviewScore(Contract):
    """One score over several answers: their mean, by how much was said or seen in each.

    `low` and `high` are the range in which the mean would lie 95 times of 100 with other answers like these.
    For traits it is the mean of the answers' own intervals, wider where answers differ more than those allow.
    For the rest it rests on the differences alone, and two answers cannot tell.
    """

    value: Probability
    low: Probability | None = Field(default=None, description="Null where so few answers cannot tell.")
    high: Probability | None = None
    spread: Probability | None = Field(
        default=None, description="Standard deviation between the answers; null for one answer."
    )
    lowest: Probability
    highest: Probability
    answers: int = Field(ge=1, description="Answers that have this score.")

    @model_validator(mode="after")
    def _ordered(self) -> "InterviewScore":
        if (self.low is None) != (self.high is None):
            raise ValueError("an interval has both ends or none")
        if self.low is not None and self.high is not None and not self.low <= self.value <= self.high:
            raise ValueError("the value lies outside its interval")
        return self


class InterviewAnswer(Contract):
    """One question, and what the answer that counts came to."""

    question: str
    text: str = Field(description="Of the question.")
    status: AnswerStatus
    assessment: str | None = Field(default=None, description="The answer that counts: the latest.")
    report: str | None = Field(default=None, description="Path of its own report, with everything else.")
    earlier: list[str] = Field(
        default_factory=list, description="Answers that a later one replaced here, the latest first."
    )
    answered_at: datetime | None = None
    words: Count | None = None
    speech_s: Seconds | None = None
    face_s: Seconds | None = Field(default=None, description="Time with a face that could be read.")
    share_of_words: Probability | None = Field(
        default=None, description="Weight of this answer in the traits of the whole."
    )
    share_of_seconds: Probability | None = Field(
        default=None, description="Weight of this answer in the emotions of the whole."
    )
    emotions: EmotionScores | None = Field(default=None, description="Fused.")
    traits: TraitScores | None = None
    trait_intervals: dict[Trait, Estimate] | None = None
    congruence: Probability | None = None
    benchmark: dict[str, BenchmarkEntry] = Field(
        default_factory=dict, description="The place among others who answered this question."
    )
    notices: list[Notice] = Field(default_factory=list, description="Why channels of it are missing.")


class InterviewOverall(Contract):
    """All answers in one view. Null where no answer has such a score. Never ranked among others."""

    questions: int = Field(ge=1)
    answered: Count = Field(description="Questions with an answer, whatever its analysis came to.")
    reported: Count = Field(description="Questions whose answer has scores.")
    traits: dict[Trait, InterviewScore] | None = Field(
        default=None, description="Weighted by the words of each answer."
    )
    emotions: dict[Emotion, InterviewScore] | None = Field(
        default=None, description="Fused, weighted by the seconds of speech and face behind each answer."
    )
    channels: dict[Modality, dict[Emotion, InterviewScore]] = Field(
        default_factory=dict,
        description="Voice weighted by seconds of speech, face by seconds with a face.",
    )
    congruence: InterviewScore | None = Field(
        default=None, description="Of voice and face, weighted by the shorter of the two."
    )


class InterviewReport(Contract):
    """What several answers of one person come to, from the reports that are there now."""

    schema_version: Literal[1] = 1
    interview_id: str
    status: InterviewStatus
    overall: InterviewOverall
    answers: list[InterviewAnswer] = Field(description="One per question, in the order of the interview.")
    warnings: list[Notice] = Field(default_factory=list)
    created_at: datetime = Field(
        description="Of the latest report that this rests on, or of the interview where there is none."
    )
