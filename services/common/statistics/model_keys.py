"""Model keys: names of the method and of the model versions that made a score. Equal keys, equal scale."""

import re
from collections.abc import Iterable

from services.common.contracts.model_ref import ModelRef

UNKNOWN = "unknown"
_REF = r"[^:+]+:[1-9][0-9]*"
_KEY = re.compile(rf"(?:(?P<method>.+):)?(?P<models>{UNKNOWN}|{_REF}(?:\+{_REF})*)")


def build_model_key(models: Iterable[ModelRef], *, method: str | None = None) -> str:
    """Return the key of these models: `text_traits:3`, or `logpool/2^1.58:face_emotion:2+voice_emotion:1`.

    Args:
        models: in any order; repetitions count once.
        method: the method, with its version, that pooled the scores of the models; none if they were not
            pooled.
    """
    names = "+".join(sorted({f"{ref.name}:{ref.version}" for ref in models})) or UNKNOWN
    return names if method is None else f"{method}:{names}"


def parse_model_key(key: str) -> tuple[str | None, list[ModelRef]]:
    """Return the method, None if there is none, and the models that a key of `build_model_key` names.

    Raises:
        ValueError: `build_model_key` makes no such key.
    """
    found = _KEY.fullmatch(key)
    if found is None:
        raise ValueError(f"{key!r} names no models")
    names = [] if found["models"] == UNKNOWN else found["models"].split("+")
    pairs = (name.split(":") for name in names)
    return found["method"], [ModelRef(name=name, version=int(version)) for name, version in pairs]
