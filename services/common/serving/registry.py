"""Manifests of served models, `deploy/models/<name>/<version>/manifest.json`, and the files beside them."""

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from services.common.contracts.base import Contract
from services.common.contracts.model_ref import ModelRef
from services.common.contracts.results import ErrorCode
from services.common.errors import TemporaryError
from services.common.serving.versions import find_served_dir

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
    """One measured figure of a model, with the protocol and the data that it comes from."""

    name: str
    value: float
    low: float | None = Field(default=None, description="Lower end of the 95 % interval.")
    high: float | None = None
    n: int | None = None
    protocol: str


class Manifest(Contract):
    """Everything that a process needs to feed a model, and a person to judge it."""

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


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a version's folder, `<models>/<name>/<version>`.

    Raises:
        TemporaryError: `model_unavailable`, it is the manifest of another model or version.
    """
    manifest = Manifest.model_validate_json((folder / "manifest.json").read_text(encoding="utf-8"))
    if (manifest.name, str(manifest.version)) != (folder.parent.name, folder.name):
        raise TemporaryError(
            ErrorCode.MODEL_UNAVAILABLE,
            f"The folder {folder} holds version {manifest.version} of {manifest.name}, by its manifest.json; "
            "move it to where it belongs, or train the model again.",
        )
    return manifest


def load_manifest(models_dir: Path, name: str) -> Manifest:
    """Read the manifest of the version of `name` that is served.

    Raises:
        TemporaryError: `model_unavailable`, see `find_served_dir` and `read_manifest`.
    """
    return read_manifest(find_served_dir(models_dir, name))


class ServedModels:
    """Manifests and side files of the served versions.

    Each manifest is read once, so that versions never mix.

    Args:
        models_dir: folder of all models, `<name>/<version>/`.
    """

    def __init__(self, models_dir: Path) -> None:
        self._models_dir = models_dir
        self.manifest = cache(self._manifest)

    def _manifest(self, model: str) -> Manifest:
        return load_manifest(self._models_dir, model)

    def folder(self, model: str) -> Path:
        """Return the folder of the version of `model` whose manifest was read."""
        return self._models_dir / model / str(self.manifest(model).version)

    def asset(self, model: str, name: str) -> bytes:
        """Read a side file of `model`."""
        return (self.folder(model) / name).read_bytes()
