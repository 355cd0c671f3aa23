"""The served version of a model: the pinned one, else the highest.

A pin is a file beside the versions, `<models>/<name>/pinned.json`, so that it goes wherever the folder of the
model is copied or mounted. It is read when a process starts. TF Serving serves every version, and each
request names the version, so that the server need not know the pin.
"""

from pathlib import Path

from pydantic import Field, ValidationError

from services.common.contracts.base import Contract
from services.common.contracts.results import ErrorCode
from services.common.errors import TemporaryError

PIN_FILE = "pinned.json"


class Pin(Contract):
    """The version that is served though higher ones may exist."""

    version: int = Field(ge=1)


def list_versions(models_dir: Path, name: str) -> list[int]:
    """Return the versions of `name`, ascending; none where there is no such model."""
    folder = models_dir / name
    return sorted(int(p.name) for p in folder.iterdir() if p.name.isdigit()) if folder.is_dir() else []


def read_pinned_version(models_dir: Path, name: str) -> int | None:
    """Return the version that `name` is pinned to; None where it is not pinned.

    Raises:
        TemporaryError: `model_unavailable`, the pin cannot be read.
    """
    path = models_dir / name / PIN_FILE
    if not path.is_file():
        return None
    try:
        return Pin.model_validate_json(path.read_bytes()).version
    except ValidationError as fault:
        reason = f"{path} is no pin; pin {name} again, or take the pin off: candor models --use {name}@latest"
        raise TemporaryError(ErrorCode.MODEL_UNAVAILABLE, reason) from fault


def pin_version(models_dir: Path, name: str, version: int) -> None:
    """Serve `version` from the next start of a process on. The pin file is replaced in one step.

    Raises:
        TemporaryError: `model_unavailable`, there is no such version. Nothing was written.
    """
    if version not in list_versions(models_dir, name):
        raise _make_unavailable_error(models_dir, name, version)
    path = models_dir / name / PIN_FILE
    unfinished = path.with_suffix(".partial")
    unfinished.write_text(Pin(version=version).model_dump_json() + "\n", encoding="utf-8")
    unfinished.replace(path)


def unpin_version(models_dir: Path, name: str) -> None:
    """Serve the highest version again; do nothing if `name` is not pinned."""
    (models_dir / name / PIN_FILE).unlink(missing_ok=True)


def find_served_version(models_dir: Path, name: str) -> int | None:
    """Return the version of `name` that is served; None where there is no version at all."""
    return read_pinned_version(models_dir, name) or max(list_versions(models_dir, name), default=None)


def find_served_dir(models_dir: Path, name: str) -> Path:
    """Return the folder of the version of `name` that is served.

    Raises:
        TemporaryError: `model_unavailable`, there is no such model, or not the version that it is pinned to.
    """
    version = find_served_version(models_dir, name)
    folder = models_dir / name / str(version)
    if version is None or not folder.is_dir():
        raise _make_unavailable_error(models_dir, name, version)
    return folder


def _make_unavailable_error(models_dir: Path, name: str, version: int | None) -> TemporaryError:
    if version is None:
        return TemporaryError(ErrorCode.MODEL_UNAVAILABLE, f"There is no model {name!r} in {models_dir}.")
    known = ", ".join(map(str, list_versions(models_dir, name))) or "none"
    reason = (
        f"There is no version {version} of {name!r} in {models_dir}; its versions: {known}. "
        f"`candor models --use {name}@latest` takes a pin off."
    )
    return TemporaryError(ErrorCode.MODEL_UNAVAILABLE, reason)
