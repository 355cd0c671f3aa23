"""Train the face network, compare it with the served one, and publish what is better: `candor train face`.

PyTorch trains (`torch_fit`), Keras exports (`residual`, `publish`); the weights pass between them as NumPy
arrays by the names of the layers.
"""

import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.common.media.files import Progress, ignore_progress
from services.common.serving.litert import LiteRtPredictor
from services.common.serving.registry import FACE_EMOTION
from services.training.artifacts import data_hash, load_tensorflow
from services.training.folders import Folders
from services.training.publishing import HeldOut, Outcome, Served, publish_if_better, read_served
from services.video.training.batches import LabelledFaces, load_labelled
from services.video.training.dataset import held_out_rows, partition_path
from services.video.training.evaluate import corpus_name, served_answers
from services.video.training.measure import measure
from services.video.training.publish import ScoredRun, publish
from services.video.training.recipe import LOOKS, ResidualRecipe
from services.video.training.torch_fit import WEIGHTS_FILE, fit

HELD_OUT_SHARE = 0.1
COMPARED_ON = "FER2013 public, every image as it is"
FITTED_SHARE = 0.95
"""Of the whole run, for the progress display."""
log = logging.getLogger(__name__)

Fit = Callable[..., object]
"""As `torch_fit.fit`: leaves `WEIGHTS_FILE` in `work_dir`."""


def train(
    data: Path,
    folders: Folders,
    *,
    seed: int = 0,
    publish_anyway: bool = False,
    epochs: int | None = None,
    limit: int | None = None,
    recipe: ResidualRecipe | None = None,
    fit: Fit = fit,
    progress: Progress = ignore_progress,
) -> list[Outcome]:
    """Train on FER2013 `train` with its FER+ votes, and publish where that is better on `public`.

    A tenth of `train` is held out; looks and temperature rest on it. Epochs that are done are kept among the
    runs and not repeated when the same run is started again.

    Args:
        data: folder of the corpora.
        folders: where versions, results and checkpoints are written.
        seed: of split, weights and augmentation.
        publish_anyway: publish it, better or not.
        epochs: instead of the recipe's, its phases in proportion.
        limit: images to train on, drawn by the seed; all but the held-out ones by default.
        recipe: hyper-parameters; those of the served model by default.
        fit: trains the network; PyTorch by default.
        progress: told the share of the work done.

    Returns:
        What became of `face_emotion`.

    Raises:
        FileNotFoundError: `fer2013/train.npz` or `fer2013/public.npz` is missing.
        BlockingIOError: another process trains the same run.
    """
    recipe = recipe or ResidualRecipe()
    recipe = recipe.shortened(epochs) if epochs else recipe
    parts = load_parts(data, seed=seed, limit=limit)
    name = run_name(recipe, seed=seed, limit=limit, digest=parts.digests["train"])
    folder = folders.runs / FACE_EMOTION / name
    log.info("run %s: %d epochs of %d images", name, recipe.epochs, len(parts.train))
    fit(
        parts.train,
        parts.held_out,
        recipe,
        seed=seed,
        work_dir=folder,
        progress=lambda share: progress(FITTED_SHARE * share),
    )
    run = score_run(folder, recipe, parts, seed=seed)
    outcome = publish_if_better(
        FACE_EMOTION,
        held_out_scores(run.measured.named, parts),
        served_on_public(folders.models, parts),
        lambda: publish(run, models_dir=folders.models, results_dir=folders.results),
        anyway=publish_anyway,
    )
    progress(1.0)
    return [outcome]


@dataclass(frozen=True, slots=True)
class Parts:
    """What a run is trained on, chosen by, and compared on; `digests` is partition to SHA-256."""

    train: LabelledFaces
    held_out: LabelledFaces
    public: LabelledFaces
    digests: Mapping[str, str]


def load_parts(data: Path, *, seed: int, limit: int | None) -> Parts:
    """Read FER2013, hold out a tenth of `train`, and draw `limit` images of the rest, or take them all."""
    digests = {name: data_hash([partition_path(data, name)]) for name in ("train", "public")}
    faces = load_labelled(data, "train")
    kept, held_out = held_out_rows(faces.faces, share=HELD_OUT_SHARE, seed=seed)
    drawn = np.sort(np.random.default_rng(seed).permutation(kept)[:limit])
    return Parts(faces.take(drawn), faces.take(held_out), load_labelled(data, "public"), digests)


def run_name(recipe: ResidualRecipe, *, seed: int, limit: int | None, digest: str) -> str:
    """Return the folder name of a run: another one for every recipe, seed, limit and data."""
    return hashlib.sha256(f"{recipe} {seed} {limit} {digest}".encode()).hexdigest()[:12]


def load_run(folder: Path, recipe: ResidualRecipe) -> Any:
    """Return the Keras network with the averaged weights of a run's last epoch.

    Raises:
        FileNotFoundError: the run has no whole epoch yet.
        KeyError, ValueError: the weights belong to another recipe.
    """
    load_tensorflow()
    from services.video.training.residual import put_weights, residual_network

    network = residual_network(recipe)
    with np.load(folder / WEIGHTS_FILE, allow_pickle=False) as weights:
        put_weights(network, recipe, dict(weights))
    return network


def score_run(folder: Path, recipe: ResidualRecipe, parts: Parts, *, seed: int) -> ScoredRun:
    """Load what a run has reached, choose its looks and temperature, and score it on `public`."""
    network = load_run(folder, recipe)
    from services.video.training.residual import looking

    networks = {name: looking(network, looks) for name, looks in LOOKS.items()}
    measured = measure(
        networks, held_out=parts.held_out, public=parts.public, trained_images=len(parts.train)
    )
    return ScoredRun(network, networks, measured, recipe, seed, parts.public, parts.digests)


def held_out_scores(named: NDArray[np.int64], parts: Parts) -> HeldOut:
    """Return whether each image of `public` was named as it is labelled; FER2013 names no persons."""
    return HeldOut.of(
        named == parts.public.labels,
        np.arange(len(parts.public)),
        metric="accuracy",
        protocol=COMPARED_ON,
        data={corpus_name("public"): parts.digests["public"]},
    )


def served_on_public(models_dir: Path, parts: Parts) -> Served | None:
    """Score the served version on the same images by the code that serves it; None where none is served."""
    served = read_served(models_dir, FACE_EMOTION)
    if served is None:
        return None
    named = served_answers(parts.public.images, LiteRtPredictor(models_dir=models_dir)).argmax(axis=1)
    return Served(served.manifest, held_out_scores(named, parts))
