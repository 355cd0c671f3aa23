"""Voice, face and words of one answer on one clock."""

from typing import Annotated

from pydantic import Field, model_validator

from services.common.contracts.base import Contract
from services.common.contracts.labels import EMOTIONS, Emotion

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Seconds = Annotated[float, Field(ge=0.0)]


class AlignedStep(Contract):
    """One step of the clock. Null where a channel had nothing to say."""

    voice: list[Share] | None = Field(default=None, description="Probabilities in the order of the labels.")
    face: list[Share] | None = None
    congruence: Share | None = Field(default=None, description="Of voice and face in this step.")

    @model_validator(mode="after")
    def _complete(self) -> "AlignedStep":
        if any(part is not None and len(part) != len(EMOTIONS) for part in (self.voice, self.face)):
            raise ValueError("a channel names all seven labels or none")
        return self


class AlignedSentence(Contract):
    """A sentence of the transcript, and how voice and face came across while it was said."""

    start_s: Seconds
    end_s: Seconds
    text: str
    voice: Emotion | None = None
    face: Emotion | None = None
    congruence: Share | None = None


class Parting(Contract):
    """A stretch in which voice and face part further than they would by chance."""

    start_s: Seconds
    end_s: Seconds
    voice: Emotion
    face: Emotion
    congruence: Share = Field(description="Mean over the stretch.")


class AlignedTimeline(Contract):
    """Channels second by second, with the agreement that chance would give."""

    step_s: Annotated[float, Field(gt=0.0)]
    labels: list[Emotion] = Field(default_factory=lambda: list(EMOTIONS))
    steps: list[AlignedStep]
    congruence_mean: Share | None = Field(default=None, description="Over the steps with both channels.")
    congruence_by_chance: Share | None = Field(
        default=None,
        description="The same mean after the face was shifted against the voice, over many shifts.",
    )
    above_chance: Share | None = Field(
        default=None, description="Share of the shifts whose mean lies below the true one; 0.5 is chance."
    )
    summary: str | None = Field(
        default=None,
        description=(
            "How far voice and face agree beside what chance would give, in a sentence or two. Null where "
            "they never meet, and in older reports."
        ),
    )
    sentences: list[AlignedSentence] = Field(default_factory=list)
    partings: list[Parting] = Field(default_factory=list, description="The furthest first.")
