"""What is measured on words: how they were written or said, and what others may take from them."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from services.common.contracts.base import Contract
from services.common.contracts.labels import TRAITS, Trait
from services.common.contracts.model_ref import ModelRef

Count = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Rate = Annotated[float, Field(ge=0.0)]
Seconds = Annotated[float, Field(ge=0.0)]


class WordWeight(Contract):
    """How far a word or phrase moved a trait: its exact share of the served model's logit."""

    term: str
    trait: Trait
    weight: float


class ImpressionWeight(Contract):
    """How far a word or phrase moved an impression: its exact share of the served model's score."""

    term: str
    score: str = Field(description="A trait, or `interview`.")
    weight: float


class WordCount(Contract):
    term: str
    count: int = Field(ge=1)
    typical_count: Rate | None = Field(
        default=None, description="How often a text of this length of the reference cohort has it."
    )


class Estimate(Contract):
    """A score with the interval in which it would fall 95 times of 100."""

    value: Share
    low: Share
    high: Share

    @model_validator(mode="after")
    def _ordered(self) -> "Estimate":
        if not self.low <= self.value <= self.high:
            raise ValueError("the value lies outside its interval")
        return self


class Impression(Contract):
    """How strangers would see the speaker, by the words alone: the apparent traits of First Impressions V2.

    0..1, where 0.5 is near the middle of that corpus. Not how the person is, and not a verdict.
    """

    traits: dict[Trait, Estimate]
    interview: Estimate = Field(description='What raters answered to "would you invite this person?".')

    @model_validator(mode="after")
    def _complete(self) -> "Impression":
        if set(self.traits) != set(TRAITS):
            raise ValueError("an impression names all five traits")
        return self


class Readability(Contract):
    words_per_sentence: Rate
    syllables_per_word: Rate
    flesch_reading_ease: float = Field(description="Flesch 1948: higher is easier; 60 to 70 is plain.")
    school_grade: float = Field(description="Kincaid et al. 1975: years of school in the United States.")


class WordShares(Contract):
    """Shares of all words."""

    first_person_singular: Share
    first_person_plural: Share
    second_person: Share
    third_person: Share
    positive: Share = Field(description="Words of a pleasant emotion.")
    negative: Share = Field(description="Words of an unpleasant emotion.")
    distinct: Share = Field(description="Different words; falls with the length of a text.")


class SpokenWord(Contract):
    text: str
    start_s: Seconds
    end_s: Seconds
    probability: Share


OmissionReason = Literal["no_speech", "repetition", "uncertain"]


class Omission(Contract):
    """A part of the recording whose words were not believed, and are not in the transcript."""

    start_s: Seconds
    end_s: Seconds
    reason: OmissionReason = Field(
        description="Words out of silence, one phrase over and over, or a mere guess."
    )


class Fluency(Contract):
    """How the words flowed. Null where too little was said."""

    words_per_minute: Rate | None = Field(default=None, description="From the first word to the last.")
    fillers: Count = 0
    fillers_per_minute: Rate | None = None
    filler_words: list[WordCount] = Field(default_factory=list)


class Transcript(Contract):
    """The words of a spoken answer as a model understood them. Not proof of what was said."""

    schema_version: Literal[1] = 1
    text: str
    language: str | None = Field(default=None, description="ISO 639-1 code as heard.")
    language_probability: Share | None = None
    confidence: Share | None = Field(default=None, description="Mean probability of the words.")
    words: list[SpokenWord] = Field(default_factory=list)
    line_starts: list[Count] | None = Field(
        default=None,
        description=(
            "Indices into `words` of the first word of each line of a readable transcript: after a pause, or "
            "where a line has grown long. Null in older reports."
        ),
    )
    omitted: list[Omission] = Field(default_factory=list)
    fluency: Fluency = Field(default_factory=Fluency)
    duration_s: Seconds
    model: ModelRef


class TextMeasures(Contract):
    words: Count
    sentences: Count
    language: str | None = Field(default=None, description="ISO 639-1 code, where it was detected.")
    language_probability: Share | None = None
    source: Literal["typed", "document", "speech"] | None = None
    pages: int | None = Field(default=None, ge=1)
    frequent_words: list[WordCount] = Field(default_factory=list)
    trait_words: list[WordWeight] = Field(default_factory=list)
    impression_words: list[ImpressionWeight] = Field(default_factory=list)
    readability: Readability | None = None
    shares: WordShares | None = None
