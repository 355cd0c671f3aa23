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
    """The runtime that computes predictions."""

    LITERT = "litert"
    TF_SERVING = "tf_serving"


class CommonSettings(BaseSettings):
    """Settings of the shared infrastructure: Redis, object store, models, limits."""

    model_config = SettingsConfigDict(env_prefix="CANDOR_", extra="ignore")

    environment: Environment = Field(
        default=Environment.DEVELOPMENT,
        description="In `production` secrets that are placeholders are refused.",
    )
    log_level: str = Field(default="INFO", description="Least level that is logged, as Python names it.")
    log_json: bool = Field(default=False, description="Write each line of the log as JSON.")
    redis_url: SecretStr = Field(
        default=SecretStr("redis://localhost:6379/0"), description="Queue, live state and quotas."
    )
    storage_url: str = Field(
        default=f"file://{REPOSITORY}/var/objects",
        description="file:///folder, or s3://bucket/prefix?endpoint=http://host:port&region=r",
    )
    models_dir: Path = Field(default=REPOSITORY / "deploy" / "models", description="Folder of the models.")
    data: Path = Field(
        default=REPOSITORY.parent / "shared" / "data", description="Corpora, for training and evaluation."
    )
    serving: Serving = Field(
        default=Serving.LITERT, description="`litert` predicts in process, `tf_serving` asks a model server."
    )
    tf_serving_target: str = Field(
        default="localhost:8500", description="Where the model server listens (gRPC)."
    )
    tf_serving_timeout_s: float = Field(default=10.0, description="How long one prediction may take there.")
    lease_s: float = Field(default=10.0, gt=0, description="A silent worker is given up after this.")
    max_attempts: int = Field(default=3, ge=1, description="Lost workers until `worker_lost`.")
    task_time_limit_s: int = Field(default=1800, gt=0, description="Longest that one analysis may take.")
    visibility_timeout_s: int = Field(
        default=3600,
        gt=0,
        description="Until the broker gives a message that nobody confirmed to another worker.",
    )
    result_ttl_s: int = Field(
        default=86_400, gt=0, description="How long Redis keeps live state and results of an assessment."
    )
