"""Schemas of the health operations."""

from typing import Literal

from pydantic import (
    BaseModel,
)


class Liveness(BaseModel):
    status: Literal["alive"] = "alive"


class Readiness(BaseModel):
    """What the gateway depends on, by name."""

    status: Literal["ready"] = "ready"
    checks: dict[str, Literal["ok"]]
