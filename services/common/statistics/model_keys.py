"""Names for what made a score: a method, and models with their versions. Equal names, equal scale."""

import re
from collections.abc import Iterable

from services.common.contracts.model_ref import ModelRef

UNKNOWN = "unknown"
_REF = r"[^:+]+:[1-9][0-9]*"
_KEY = re.compile(rf"(?:(?P<method>.+):)?(?P<models>{UNKNOWN}|{_REF}(?:\+{_REF})*)")


def model_key(models: Iterable[ModelRef], *, method: str | None = None) -> str:
    """`text_traits:3`, or `logpool/2^1.58:face_emotion:2+voice_emotion:1` with a method.

    Args:
        models: in any order, as often as they like.
        method: what combined their answers, with its version.
    """
    names = "+".join(sorted({f"{ref.name}:{ref.version}" for ref in models})) or UNKNOWN
    return names if method is None else f"{method}:{names}"


def read_model_key(key: str) -> tuple[str | None, list[ModelRef]]:
    """The method, if there is one, and the models that `model_key` was given.

    Raises:
        ValueError: it is no name of `model_key`.
    """
    found = _KEY.fullmatch(key)
    if found is None:
        raise ValueError(f"{key!r} names no models")
    names = [] if found["models"] == UNKNOWN else found["models"].split("+")
    pairs = (name.split(":") for name in names)
    return found["method"], [ModelRef(name=name, version=int(version)) for name, version in pairs]
