"""How messages name a model."""

from pydantic import Field

from services.common.contracts.base import Contract


class ModelRef(Contract):
    """Which weights gave a score. Scores of different versions never share a cohort."""

    name: str
    version: int = Field(ge=1)
