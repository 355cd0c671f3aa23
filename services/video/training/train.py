"""Train, calibrate and export `face_emotion`: `python -m services.video.training.train --data DIR`."""

import argparse
import hashlib
import logging
from dataclasses import asdict
from pathlib import Path

from services.common.contracts.labels import EMOTIONS
from services.common.media.files import Progress, ignore_progress
from services.common.serving.registry import FACE_EMOTION, Manifest, Metric
from services.common.settings import REPOSITORY
from services.training.artifacts import data_hash, export_model, load_tensorflow
from services.training.metrics import Scores, classification_metrics, fit_temperature
from services.video.features import CROP, CROP_SIZE_PX, network_input
from services.video.training.card import Figures, Wording, write_card
from services.video.training.dataset import FaceImages, held_out_split, load_partition, partition_path
from services.video.training.evaluate import corpus_name, score
from services.video.training.fitting import Epoch, Recipe, best_epoch, fit, logits_of, softmax
from services.video.training.models import calibrated

HELD_OUT_SHARE = 0.1
LICENCE = "FER2013 is shared for research; no licence for other use is known (Goodfellow et al. 2013)"
RUNS = REPOSITORY / "runs" / FACE_EMOTION
ONCE = "trained on train, epoch and temperature from a tenth of it, scored once on public"
HELD_OUT_PROTOCOL = "a tenth of train, which chose epoch and temperature"
log = logging.getLogger(__name__)


def train(
    data: Path,
    *,
    models_dir: Path,
    seed: int = 0,
    progress: Progress = ignore_progress,
    recipe: Recipe | None = None,
    work_dir: Path = RUNS,
) -> Manifest:
    """Train on FER2013 `train` and export a new version.

    A tenth of `train` is held out; epoch and temperature rest on it alone. The finished model is scored
    once on `public`, whose figures go into the manifest and the card and decide nothing. Epochs that
    are done are kept under `work_dir` and not repeated when the same run is started again.

    Args:
        data: folder of the corpora.
        models_dir: where versions are written.
        seed: of split, weights and augmentation.
        progress: told the share of the epochs that are done.
        recipe: hyper-parameters other than the default.
        work_dir: where runs keep their checkpoints.

    Raises:
        FileNotFoundError: `fer2013/train.npz` or `fer2013/public.npz` is missing.
    """
    recipe = recipe or Recipe()
    digests = {corpus_name(name): data_hash([partition_path(data, name)]) for name in ("train", "public")}
    trained_on = corpus_name("train")
    run = hashlib.sha256(f"{recipe} {seed} {digests[trained_on]}".encode()).hexdigest()[:12]
    train_part, held_out = held_out_split(load_partition(data, "train"), share=HELD_OUT_SHARE, seed=seed)
    log.info("run %s: %d images, %d held out", run, len(train_part), len(held_out))

    def tell(epoch: Epoch) -> None:
        log.info("epoch %d: held-out accuracy %.3f, nll %.3f", epoch.number, epoch.accuracy, epoch.nll)
        progress(epoch.number / (recipe.epochs + 1))

    load_tensorflow()
    epochs = fit(train_part, held_out, recipe, seed=seed, work_dir=work_dir / run, on_epoch=tell)
    manifest = publish(
        best_epoch(epochs),
        folder=work_dir / run,
        held_out=held_out,
        public=load_partition(data, "public"),
        trained_images=len(train_part),
        training_data={trained_on: digests[trained_on]},
        recipe=recipe,
        seed=seed,
        models_dir=models_dir,
    )
    progress(1.0)
    return manifest


def publish(
    epoch: Epoch,
    *,
    folder: Path,
    held_out: FaceImages,
    public: FaceImages,
    trained_images: int,
    training_data: dict[str, str],
    recipe: Recipe,
    seed: int,
    models_dir: Path,
) -> Manifest:
    """Calibrate the chosen epoch, score it once on `public`, and export it with its card."""
    import keras

    network = keras.saving.load_model(folder / epoch.checkpoint)
    held_out_logits = logits_of(network, held_out)
    temperature = fit_temperature(held_out_logits, held_out.labels)
    logits = logits_of(network, public)
    before = classification_metrics(public.labels, softmax(logits), EMOTIONS)
    after, intervals = score(public.labels, softmax(logits / temperature))
    figures = Figures(
        held_out=classification_metrics(held_out.labels, softmax(held_out_logits / temperature), EMOTIONS),
        before=before,
        public=after,
        intervals=intervals,
        temperature=temperature,
        trained_images=trained_images,
        parameters=network.count_params(),
    )
    return export_model(
        calibrated(network, temperature=temperature),
        name=FACE_EMOTION,
        labels=[str(emotion) for emotion in EMOTIONS],
        preprocessing={
            "crop_px": CROP_SIZE_PX,
            "channels": "grey",
            "range": [0.0, 1.0],
            "crop_geometry": CROP._asdict(),
            "temperature": temperature,
            "recipe": asdict(recipe),
        },
        training_data=training_data,
        metrics=manifest_metrics(figures, protocol=ONCE, held_out_protocol=HELD_OUT_PROTOCOL),
        seed=seed,
        licence=LICENCE,
        card=write_card(figures, wording=_wording(epoch, recipe), seed=seed),
        models_dir=models_dir,
        check_batch=network_input(public.images[:64]),
    )


def _wording(epoch: Epoch, recipe: Recipe) -> Wording:
    return Wording(
        chosen=(
            f"That tenth chose the epoch ({epoch.number} of {recipe.epochs})\n"
            "and the temperature (least negative log-likelihood); `public` decided nothing."
        ),
        looks="One crop, no mirrored second look.",
    )


def manifest_metrics(figures: Figures, *, protocol: str, held_out_protocol: str) -> list[Metric]:
    """The figures of a manifest, accuracy on `public` first.

    Args:
        figures: of one trained network.
        protocol: of the figures on `public`.
        held_out_protocol: of the accuracy on the held-out part.
    """
    scores: Scores = figures.public
    accuracy, uar = figures.intervals["accuracy"], figures.intervals["uar"]
    return [
        Metric(
            name="accuracy",
            value=scores.accuracy,
            low=accuracy.low,
            high=accuracy.high,
            n=scores.n,
            protocol=protocol,
        ),
        Metric(name="uar", value=scores.uar, low=uar.low, high=uar.high, n=scores.n, protocol=protocol),
        Metric(name="macro_f1", value=scores.macro_f1, n=scores.n, protocol=protocol),
        Metric(name="ece", value=scores.ece, n=scores.n, protocol=protocol),
        Metric(name="ece_uncalibrated", value=figures.before.ece, n=scores.n, protocol=protocol),
        Metric(name="nll", value=scores.nll, n=scores.n, protocol=protocol),
        Metric(name="majority", value=scores.majority, n=scores.n, protocol="always the most frequent label"),
        Metric(
            name="accuracy", value=figures.held_out.accuracy, n=figures.held_out.n, protocol=held_out_protocol
        ),
    ]


def main() -> None:
    """Command line of the training."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=REPOSITORY.parent / "shared" / "data")
    parser.add_argument("--models-dir", type=Path, default=REPOSITORY / "deploy" / "models")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    train(chosen.data, models_dir=chosen.models_dir, seed=chosen.seed)


if __name__ == "__main__":
    main()
