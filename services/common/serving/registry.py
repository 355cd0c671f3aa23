"""What a served model says about itself: `deploy/models/<name>/<version>/manifest.json`."""

from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from services.common.contracts.base import Contract
from services.common.contracts.model_ref import ModelRef
from services.common.contracts.results import ErrorCode
from services.common.errors import TemporaryError

TEXT_ENCODER = "text_encoder"
TEXT_TRAITS = "text_traits"
TEXT_IMPRESSION = "text_impression"
VOICE_ENCODER = "voice_encoder"
VOICE_EMOTION = "voice_emotion"
FACE_EMOTION = "face_emotion"
FACE_ACTIVATION = "face_activation"
FACE_DETECTOR = "face_detector"
FACE_DETECTOR_FULL = "face_detector_full"
FACE_LANDMARKS = "face_landmarks"
IRIS = "iris"


class TensorSpec(Contract):
    """One named tensor. `shape` has null where a dimension is free (the batch comes first)."""

    name: str
    shape: list[int | None]
    dtype: Literal["float32"] = "float32"


class Metric(Contract):
    """One number that was measured, with how and on what."""

    name: str
    value: float
    low: float | None = Field(default=None, description="Lower end of the 95 % interval.")
    high: float | None = None
    n: int | None = None
    protocol: str


class Manifest(Contract):
    """Everything needed to feed a model and to judge it."""

    schema_version: Literal[1] = 1
    name: str
    version: int = Field(ge=1)
    labels: list[str]
    input: TensorSpec
    output: TensorSpec
    preprocessing: dict[str, Any] = Field(default_factory=dict)
    training_data: dict[str, str] = Field(
        default_factory=dict, description="Corpus to SHA-256 of what was read."
    )
    metrics: list[Metric] = Field(default_factory=list)
    seed: int | None = None
    commit: str | None = None
    created_at: datetime
    licence: str
    served_by_tf_serving: bool = True

    @property
    def ref(self) -> ModelRef:
        return ModelRef(name=self.name, version=self.version)


def latest_version_dir(models_dir: Path, name: str) -> Path:
    """The folder of the highest version of `name`, as TF Serving would choose it.

    Raises:
        TemporaryError: `model_unavailable`, there is no such model.
    """
    folder = models_dir / name
    versions = [int(p.name) for p in folder.iterdir() if p.name.isdigit()] if folder.is_dir() else []
    if not versions:
        raise TemporaryError(ErrorCode.MODEL_UNAVAILABLE, f"There is no model {name!r} in {models_dir}.")
    return folder / str(max(versions))


def load_manifest(models_dir: Path, name: str) -> Manifest:
    """Read the manifest of the newest version of `name`."""
    path = latest_version_dir(models_dir, name) / "manifest.json"
    return Manifest.model_validate_json(path.read_text(encoding="utf-8"))
