"""From a trained Keras model to a version folder: SavedModel, LiteRT twin, manifest, card, assets."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.common.serving.litert import LiteRtModel
from services.common.serving.registry import Manifest, Metric, TensorSpec
from services.common.serving.versions import list_versions
from services.common.settings import REPOSITORY

OUTPUT_KEY = "probabilities"
SIGNATURE = "serving_default"
PARITY_LIMIT = 1e-4
"""Largest difference between SavedModel and LiteRT that an export may show."""


class ParityError(AssertionError):
    """SavedModel and LiteRT twin disagree; nothing was written."""


def load_tensorflow() -> Any:
    """Import TensorFlow with its start-up chatter off."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    import tensorflow as tf

    return tf


def set_seed(seed: int) -> None:
    """Make a training run repeatable: Python, NumPy, Keras, and deterministic TensorFlow kernels."""
    tf = load_tensorflow()
    import keras

    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


def data_hash(paths: Iterable[Path]) -> str:
    """Hash names and contents of files by SHA-256, independent of their order and folder."""
    digest = hashlib.sha256()
    for path in sorted(paths, key=lambda p: p.name):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        digest.update(f"{path.name} {content}\n".encode())
    return digest.hexdigest()


def git_commit() -> str | None:
    """Return the commit this code runs from, or None outside a repository."""
    try:
        answer = subprocess.run(
            ["git", "rev-parse", "HEAD"],  # noqa: S607 - the developer's own git
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout.strip()


def next_version(models_dir: Path, name: str) -> int:
    """Return one more than the highest version of `name`; 1 for a new model."""
    return max(list_versions(models_dir, name), default=0) + 1


def export_model(
    model: Any,
    *,
    name: str,
    labels: Sequence[str],
    preprocessing: Mapping[str, Any],
    training_data: Mapping[str, str],
    metrics: Sequence[Metric],
    seed: int | None,
    licence: str,
    card: str,
    models_dir: Path,
    check_batch: NDArray[np.float32],
    assets: Mapping[str, bytes] | None = None,
    version: int | None = None,
    output_name: str = OUTPUT_KEY,
    half_precision: bool = False,
) -> Manifest:
    """Write one version of a model, whole or not at all.

    The folder holds `saved_model.pb` and `variables/` (signature `serving_default`, output key
    `probabilities`), `model.tflite` with the same weights, `manifest.json`, `CARD.md` and the assets.

    Args:
        model: a functional `keras.Model` with one *named* `Input` and one output: for a classifier
            probabilities of shape `(n, len(labels))`, calibration included.
        name: name in the registry.
        labels: names of the output's columns; empty where the output is no classifier's.
        preprocessing: what the features need to know at serving time.
        training_data: corpus to SHA-256 (`data_hash`).
        metrics: what was measured, each with its protocol.
        seed: of the training run.
        licence: of the weights.
        card: the model card, Markdown.
        models_dir: folder of all models.
        check_batch: a few rows of *real* input, shape `(n, …)`, n ≥ 2, for the parity check.
        assets: side files by name.
        version: to replace that version; by default the next free one is taken.
        output_name: key of the output in the signature.
        half_precision: store the LiteRT twin's weights as float16. Only for weights that are such
            numbers already; the parity check sees the rest.

    Raises:
        ParityError: SavedModel and LiteRT differ by `PARITY_LIMIT` or more on `check_batch`.
        ValueError: the model does not have one named input and `len(labels)` outputs.
    """
    source = _only_input(model, labels)
    number = version or next_version(models_dir, name)
    folder = models_dir / name
    folder.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(dir=folder, prefix=".partial-"))
    partial.chmod(0o755)
    try:
        _write_models(model, partial, output_name=output_name, half_precision=half_precision)
        check_parity(partial, source.name, check_batch, output_name=output_name)
        manifest = Manifest(
            name=name,
            version=number,
            labels=[str(label) for label in labels],
            input=TensorSpec(name=source.name, shape=list(source.shape)),
            output=TensorSpec(name=output_name, shape=list(model.outputs[0].shape)),
            preprocessing=dict(preprocessing),
            training_data=dict(training_data),
            metrics=list(metrics),
            seed=seed,
            commit=git_commit(),
            created_at=datetime.now(UTC).replace(microsecond=0),
            licence=licence,
        )
        (partial / "manifest.json").write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
        (partial / "CARD.md").write_text(card.rstrip() + "\n", encoding="utf-8")
        for file_name, content in (assets or {}).items():
            (partial / file_name).write_bytes(content)
        _put_in_place(partial, folder / str(number))
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return manifest


def _only_input(model: Any, labels: Sequence[str]) -> Any:
    """Return the model's input tensor, once the model is known to fit the serving contract."""
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ValueError(f"{model.name} must have one input and one output")
    if labels and tuple(model.outputs[0].shape) != (None, len(labels)):
        raise ValueError(f"{model.name} gives {model.outputs[0].shape}, not (None, {len(labels)})")
    return model.inputs[0]


def _write_models(model: Any, folder: Path, *, output_name: str, half_precision: bool) -> None:
    """Write the SavedModel and, converted from it, the LiteRT twin.

    The SavedModel comes from a plain module: Keras' own export writes every variable twice.
    """
    tf = load_tensorflow()
    source = model.inputs[0]
    module = tf.Module()
    module.held = [variable.value for variable in model.variables]

    @tf.function(input_signature=[tf.TensorSpec(source.shape, tf.float32, name=source.name)])  # type: ignore[untyped-decorator]
    def serve(batch: Any) -> dict[str, Any]:
        return {output_name: model(batch, training=False)}

    module.serve = serve
    tf.saved_model.save(module, str(folder), signatures={SIGNATURE: serve.get_concrete_function()})
    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder), signature_keys=[SIGNATURE])
    if half_precision:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]
    (folder / "model.tflite").write_bytes(converter.convert())


def check_parity(
    folder: Path, input_name: str, batch: NDArray[np.float32], *, output_name: str = OUTPUT_KEY
) -> None:
    """Compare SavedModel and LiteRT twin of a version folder, on the whole batch and on one row.

    Outputs that are no probabilities are compared in proportion to the largest of them, where that exceeds 1.

    Raises:
        ParityError: they differ by `PARITY_LIMIT` or more.
    """
    tf = load_tensorflow()
    signature = tf.saved_model.load(str(folder)).signatures[SIGNATURE]
    twin = LiteRtModel(folder / "model.tflite")
    for rows in (batch, batch[:1]):
        served = signature(**{input_name: tf.constant(rows)})[output_name].numpy()
        difference = float(np.abs(served - twin.run(rows)[0]).max())
        limit = PARITY_LIMIT * max(1.0, float(np.abs(served).max()))
        if not difference < limit:
            raise ParityError(f"SavedModel and LiteRT differ by {difference:.2e}, limit {limit:.0e}")


def _put_in_place(partial: Path, target: Path) -> None:
    """Swap the finished folder in; a server that watches sees the old version or the new one."""
    if target.exists():
        shutil.rmtree(target)
    partial.replace(target)
