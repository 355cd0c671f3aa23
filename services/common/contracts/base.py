"""The base of every contract: strict about unknown fields, immutable once built."""

from pydantic import BaseModel, ConfigDict


class Contract(BaseModel):
    """A message between processes. Unknown fields are refused, so that drift shows at once."""

    model_config = ConfigDict(extra="forbid", frozen=True)
