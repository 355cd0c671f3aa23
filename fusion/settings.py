"""Settings of the fusion worker (prefix `FUSION_`)."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class FusionSettings(BaseSettings):
    """Where reports go and how channels are weighed. Built at worker start, never at import."""

    model_config = SettingsConfigDict(env_prefix="FUSION_", extra="ignore")

    database_url: SecretStr = Field(
        default=SecretStr("postgresql+psycopg://candor_fusion@localhost:5432/candor"),
        description="Connection as the role `candor_fusion`.",
    )
    min_cohort_size: int = Field(
        default=20, ge=2, description="Other candidates that a percentile and a cohort mean need."
    )
    norms_dir: Path = Field(
        default=Path(__file__).with_name("norms"), description="Built-in norms, `*.json`."
    )
    pool_exponent: float = Field(
        default=1.5836,
        ge=1.0,
        le=2.0,
        description="Exponent of the pooled distribution where voice and face weigh the same, as learned.",
    )
    unmeasured_reliability: float = Field(
        default=0.5, gt=0, le=1, description="Reliability of a channel whose manifest names no UAR."
    )
    retry_base_s: float = Field(default=1.0, gt=0, description="First pause after a lost database.")
    retry_cap_s: float = Field(default=60.0, gt=0, description="Longest pause between two tries.")
    max_retries: int = Field(default=12, ge=0, description="Tries until recovery has to take over.")
