"""What every model of an answer has in common: it outlives a newer server."""

from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict


class Resource(BaseModel):
    """A part of an answer. Members that this version does not know are kept in `model_extra`."""

    model_config = ConfigDict(extra="allow", protected_namespaces=())


class OpenEnum(StrEnum):
    """Names for the values that this version knows; any other value is kept as it is.

    A server may add a value at any time, and a client that is a year older must still read the rest.
    """

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        unknown = str.__new__(cls, value)
        unknown._name_ = value.upper()
        unknown._value_ = value
        return unknown
