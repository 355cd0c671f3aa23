"""Settings that every process shares (prefix `CANDOR_`). Built at start, never at import."""

from enum import StrEnum
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

REPOSITORY = Path(__file__).resolve().parents[2]


class Environment(StrEnum):
    DEVELOPMENT = "development"
    PRODUCTION = "production"


class Serving(StrEnum):
    """Which runtime answers predictions."""

    LITERT = "litert"
    TF_SERVING = "tf_serving"


class CommonSettings(BaseSettings):
    """Where the shared infrastructure is."""

    model_config = SettingsConfigDict(env_prefix="CANDOR_", extra="ignore")

    environment: Environment = Environment.DEVELOPMENT
    log_level: str = "INFO"
    log_json: bool = False
    redis_url: SecretStr = SecretStr("redis://localhost:6379/0")
    storage_url: str = Field(
        default=f"file://{REPOSITORY}/var/objects",
        description="file:///folder, or s3://bucket/prefix?endpoint=http://host:port&region=r",
    )
    models_dir: Path = REPOSITORY / "deploy" / "models"
    data: Path = Field(
        default=REPOSITORY.parent / "shared" / "data", description="Corpora, for training and evaluation."
    )
    serving: Serving = Serving.LITERT
    tf_serving_target: str = "localhost:8500"
    tf_serving_timeout_s: float = 10.0
    lease_s: float = Field(default=10.0, gt=0, description="A silent worker is given up after this.")
    max_attempts: int = Field(default=3, ge=1, description="Lost workers until `worker_lost`.")
    task_time_limit_s: int = Field(default=1800, gt=0)
    visibility_timeout_s: int = Field(default=3600, gt=0)
    result_ttl_s: int = Field(default=86_400, gt=0)
