"""Train, calibrate and export `voice_emotion`: `python -m services.audio.training.train --data DIR`."""

import argparse
import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.audio.features import FloatArray, log_mel
from services.audio.pipeline import hysteresis
from services.audio.settings import AudioSettings
from services.audio.training.augment import clip_variants
from services.audio.training.dataset import (
    RAVDESS_LABELS,
    TRAINING_ACTORS,
    Clip,
    find_clips,
    label_indices,
    longest_stretch,
    read_sound,
    served_windows,
)
from services.audio.training.fit import Recipe, train_network
from services.common.media import Progress, no_progress
from services.common.serving.registry import Manifest
from services.common.settings import REPOSITORY
from services.training.artifacts import data_hash
from services.training.splits import group_folds

N_FOLDS = 5
RUNS = REPOSITORY / "runs" / "voice_emotion"
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Corpus:
    """RAVDESS as arrays.

    Attributes:
        clips: one per row.
        variants: log-mel of the speech, shape `(n, 1 + variants, N_MELS, WINDOW_FRAMES)`, float16.
        served: log-mel of the windows that serving would cut, per clip shape `(windows, …)`.
        weights: seconds that each of those windows speaks for, per clip.
    """

    clips: list[Clip]
    variants: NDArray[np.float16]
    served: list[FloatArray]
    weights: list[NDArray[np.float64]]

    @property
    def classes(self) -> NDArray[np.int64]:
        """Index into `RAVDESS_LABELS`, shape `(n,)`."""
        return label_indices([clip.source_label for clip in self.clips], RAVDESS_LABELS)


def training_clips(data: Path) -> list[Clip]:
    """RAVDESS speech of the actors that may be trained on."""
    clips, _ = find_clips(data, "ravdess")
    return [clip for clip in clips if int(clip.speaker) in TRAINING_ACTORS]


def load_corpus(clips: list[Clip], *, recipe: Recipe, seed: int) -> Corpus:
    """Decode the clips and make their features, augmented copies included."""
    rule = hysteresis(AudioSettings())
    generator = np.random.default_rng(seed)
    variants, served, weights = [], [], []
    for clip in clips:
        sound = read_sound(clip.path)
        windows, _ = served_windows(sound, rule)
        speech = longest_stretch(sound, windows)
        copies = clip_variants(speech, variants=recipe.variants, generator=generator)
        variants.append(copies.astype(np.float16))
        served.append(log_mel(np.stack([window.samples for window in windows])))
        weights.append(np.array([window.end - window.start for window in windows], np.float64))
    return Corpus(clips, np.stack(variants), served, weights)


def train(
    data: Path,
    *,
    models_dir: Path,
    seed: int = 0,
    progress: Progress = no_progress,
    recipe: Recipe | None = None,
) -> Manifest:
    """Train on RAVDESS actors 01 to 20 and export a new version.

    Five folds of four actors give out-of-fold logits: all reported figures and the temperature rest
    on them. The exported network is then fitted on all twenty actors. Folds that finished are kept
    under `runs/voice_emotion/` and not repeated when the same run is started again.

    Args:
        data: folder of the corpora.
        models_dir: where versions are written.
        seed: of folds, weights and augmentation.
        progress: told the share of the work done.
        recipe: hyper-parameters other than the default.
    """
    recipe = recipe or Recipe()
    clips = training_clips(data)
    digest = data_hash(clip.path for clip in clips)
    folder = RUNS / hashlib.sha256(f"{recipe} {seed} {digest}".encode()).hexdigest()[:12]
    folder.mkdir(parents=True, exist_ok=True)
    log.info("run %s: %d clips", folder.name, len(clips))
    corpus = load_corpus(clips, recipe=recipe, seed=seed)
    folds = group_folds([clip.speaker for clip in clips], N_FOLDS, seed)
    logits: list[FloatArray] = [np.zeros(0, np.float32)] * len(clips)
    for number, (fit_rows, test_rows) in enumerate(folds):
        told = _scaled(progress, number, N_FOLDS + 1)
        found = _fold_logits(corpus, fit_rows, test_rows, folder / f"fold{number}.npz", recipe, seed, told)
        for row, values in zip(test_rows, found, strict=True):
            logits[row] = values
    told = _scaled(progress, N_FOLDS, N_FOLDS + 1)
    network = _final_network(corpus, folder / "final.weights.h5", recipe, seed, told)
    from services.audio.training.publish import publish

    manifest: Manifest = publish(
        network,
        clips=clips,
        logits=logits,
        weights=corpus.weights,
        check_batch=np.concatenate(corpus.served[:4]),
        digest=digest,
        seed=seed,
        recipe=recipe,
        models_dir=models_dir,
    )
    progress(1.0)
    return manifest


def _fold_logits(
    corpus: Corpus,
    fit_rows: NDArray[np.intp],
    test_rows: NDArray[np.intp],
    checkpoint: Path,
    recipe: Recipe,
    seed: int,
    progress: Progress,
) -> list[FloatArray]:
    """Logits of the windows of each test clip, from a network that never heard its speaker."""
    counts = [len(corpus.served[row]) for row in test_rows]
    if not checkpoint.exists():
        network = _fit(corpus, fit_rows, recipe=recipe, seed=seed, name=checkpoint.stem, progress=progress)
        windows = np.concatenate([corpus.served[row] for row in test_rows])
        values = np.asarray(network.predict(windows, batch_size=64, verbose=0))
        hits = values[np.cumsum(counts) - 1].argmax(axis=1) == corpus.classes[test_rows]
        log.info("%s: accuracy on its four actors %.3f (8 classes)", checkpoint.stem, hits.mean())
        np.savez(checkpoint, logits=values)
    with np.load(checkpoint) as stored:
        return np.split(stored["logits"], np.cumsum(counts)[:-1])


def _final_network(corpus: Corpus, checkpoint: Path, recipe: Recipe, seed: int, progress: Progress) -> Any:
    from services.audio.training.models import build_network

    if not checkpoint.exists():
        rows = np.arange(len(corpus.clips))
        _fit(corpus, rows, recipe=recipe, seed=seed, name="final", progress=progress).save_weights(checkpoint)
    network = build_network(classes=len(RAVDESS_LABELS), dropout=recipe.dropout)
    network.load_weights(checkpoint)
    return network


def _fit(
    corpus: Corpus, rows: NDArray[np.intp], *, recipe: Recipe, seed: int, name: str, progress: Progress
) -> Any:
    def on_epoch(epoch: int, loss: float) -> None:
        log.info("%s: epoch %d of %d, loss %.3f", name, epoch, recipe.epochs, loss)
        progress(epoch / recipe.epochs)

    return train_network(
        corpus.variants[rows],
        corpus.classes[rows],
        n_classes=len(RAVDESS_LABELS),
        recipe=recipe,
        seed=seed,
        on_epoch=on_epoch,
    )


def _scaled(progress: Progress, part: int, parts: int) -> Progress:
    """Progress of one of several equal parts."""
    return lambda share: progress((part + share) / parts)


def main() -> None:
    """Command line of `python -m services.audio.training.train`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--models-dir", type=Path, default=REPOSITORY / "deploy" / "models")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    manifest = train(options.data, models_dir=options.models_dir, seed=options.seed)
    log.info("%s", manifest.model_dump_json(indent=2))


if __name__ == "__main__":
    main()
