"""Settings of the text service (prefix `TEXT_`)."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class TextSettings(BaseSettings):
    """Limits on what is read, and how much of the result is shown."""

    model_config = SettingsConfigDict(env_prefix="TEXT_", extra="ignore")

    min_words: int = Field(
        default=30,
        ge=1,
        description=(
            "Fewer words are refused: cut to 30 words, held-out essays keep less than half of the gain over "
            "the majority class (54 % against 51 %; whole essays 58 %)."
        ),
    )
    max_characters: int = Field(default=200_000, gt=0, description="About 35,000 words.")
    max_pages: int = Field(default=200, gt=0, description="Longest document.")
    document_time_limit_s: float = Field(
        default=20.0,
        gt=0,
        description="Wall clock for reading one PDF or Word document, all readers together.",
    )
    document_memory_bytes: int = Field(
        default=768 * 1024 * 1024,
        gt=0,
        description="Address space of the process that reads a document; a usual PDF needs a third of it.",
    )
    reliable_words: int = Field(
        default=150, ge=1, description="Below this many words a result carries the notice `short_text`."
    )
    min_coverage: float = Field(
        default=0.7, ge=0, le=1, description="Share of known words below which a result carries a notice."
    )
    min_english_share: float = Field(
        default=0.08,
        ge=0,
        le=1,
        description=(
            "Share of English function words below which a text counts as no language that is known, where "
            "the detector cannot tell it."
        ),
    )
    frequent_words: int = Field(default=10, ge=0, description="How many frequent words a result lists.")
    trait_words: int = Field(default=5, ge=0, description="How many words a result lists for each trait.")
