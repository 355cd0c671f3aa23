"""What the interface shows of norms."""

from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from services.common.contracts.model_ref import ModelRef
from services.common.contracts.norms import Cohort, Deciles

DECILES = [0.31, 0.38, 0.43, 0.47, 0.51, 0.55, 0.6, 0.66, 0.74]
MODELS: dict[str, Any] = {
    "id": "norm_4711",
    "models": [{"name": "face_emotion", "version": 2}, {"name": "voice_emotion", "version": 3}],
    "method": "logpool/2^1.5836",
}
COHORT: dict[str, Any] = {"kind": "role", "name": "nurse"}


class Figures(BaseModel):
    """One score in a cohort. Scores count in steps of 0.001, and everybody once, with the latest answer."""

    n: int = Field(ge=0, description="People.")
    mean: float | None = None
    deciles: Deciles | None = Field(default=None, description="The nine scores between the tenths.")
    reason: str | None = Field(
        default=None, description="Why there are no figures: `cohort_too_small` shows fewer than would do."
    )


class BenchmarkView(BaseModel):
    """A cohort under one set of models. Scores of other versions are in norms of their own."""

    model_config = ConfigDict(
        title="Benchmark",
        json_schema_extra={
            "examples": [
                MODELS
                | {
                    "scores": {
                        "emotion.happy": {"n": 214, "mean": 0.52, "deciles": DECILES, "reason": None},
                        "congruence": {"n": 12, "mean": None, "deciles": None, "reason": "cohort_too_small"},
                    }
                }
            ]
        },
    )

    id: str
    models: list[ModelRef]
    method: str | None = Field(description="What combined the models' answers; null for a single channel.")
    scores: dict[str, Figures] = Field(
        description="By name: `trait.openness`, `emotion.happy`, `congruence`."
    )


class BenchmarkList(BaseModel):
    """The norms of a cohort, the newest models first."""

    cohort: Cohort
    min_cohort_size: int = Field(description="People that figures need.")
    data: list[BenchmarkView]
    has_more: bool


class SpanView(BaseModel):
    """People of consecutive months, by the month of the answer that counts, in UTC."""

    first_month: date
    last_month: date
    n: int
    mean: float


class DriftHalves(BaseModel):
    """The earlier half of the people against the later half."""

    earlier: SpanView
    later: SpanView
    distance: float = Field(
        ge=0,
        le=1,
        description="Kolmogorov-Smirnov: the largest difference between the two cumulative distributions.",
    )
    p_value: float = Field(
        ge=0, le=1, description="How often chance alone would part two halves of one distribution this far."
    )


class DriftView(BaseModel):
    """How one score of a cohort moved under one set of models."""

    model_config = ConfigDict(
        title="Drift",
        json_schema_extra={
            "examples": [
                MODELS
                | {
                    "score": "emotion.happy",
                    "spans": [
                        {"first_month": "2026-01-01", "last_month": "2026-02-01", "n": 96, "mean": 0.55},
                        {"first_month": "2026-03-01", "last_month": "2026-03-01", "n": 118, "mean": 0.49},
                    ],
                    "halves": {
                        "earlier": {
                            "first_month": "2026-01-01",
                            "last_month": "2026-02-01",
                            "n": 96,
                            "mean": 0.55,
                        },
                        "later": {
                            "first_month": "2026-03-01",
                            "last_month": "2026-03-01",
                            "n": 118,
                            "mean": 0.49,
                        },
                        "distance": 0.21,
                        "p_value": 0.016,
                    },
                    "reason": None,
                }
            ]
        },
    )

    id: str
    models: list[ModelRef]
    method: str | None
    score: str
    spans: list[SpanView] = Field(
        description="Months in order. Months with too few people are put together with the next ones."
    )
    halves: DriftHalves | None
    reason: str | None = Field(
        default=None, description="Why there are no halves: `cohort_too_small` or `too_few_months`."
    )


class DriftList(BaseModel):
    """Drift of a cohort, the newest models first."""

    cohort: Cohort
    min_cohort_size: int
    data: list[DriftView]
    has_more: bool
