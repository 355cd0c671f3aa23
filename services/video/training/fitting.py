"""The epochs of a face network: one checkpoint each, so that an interrupted training goes on."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import keras
import numpy as np

from services.video.features import network_input
from services.video.training.dataset import Augmentation, FaceImages, FloatArray, IntArray, epoch_batches
from services.video.training.models import face_network


@dataclass(frozen=True, slots=True)
class Recipe:
    """Every choice that the weights depend on, next to the data and the seed."""

    epochs: int = 16
    batch_size: int = 64
    learning_rate: float = 2e-3
    warm_up_epochs: float = 0.5
    weight_decay: float = 1e-4
    label_smoothing: float = 0.05
    augmentation: Augmentation = field(default_factory=Augmentation)


@dataclass(frozen=True, slots=True)
class Epoch:
    """What one epoch reached on the held-out part. `checkpoint` is a file of the run's folder."""

    number: int
    loss: float
    accuracy: float
    nll: float
    checkpoint: str


def logits_of(network: keras.Model, faces: FaceImages) -> FloatArray:
    """Logits `(n, 7)` float32 of a network, in slices so that memory stays flat."""
    slices = range(0, len(faces), 256)
    parts = [network(network_input(faces.images[start : start + 256]), training=False) for start in slices]
    return np.concatenate([keras.ops.convert_to_numpy(part) for part in parts]).astype(np.float32)


def softmax(logits: FloatArray) -> FloatArray:
    """Probabilities `(n, classes)` of logits."""
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), dtype=np.float32)


def negative_log_likelihood(logits: FloatArray, labels: IntArray) -> float:
    """Mean natural-logarithm loss of `logits` `(n, classes)` against `labels` `(n,)`."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_prob = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return float(-log_prob[np.arange(len(labels)), labels].mean())


def compiled_network(recipe: Recipe, *, steps_per_epoch: int) -> keras.Model:
    """A fresh network with its optimiser: AdamW, linear warm-up, cosine to zero."""
    steps = steps_per_epoch * recipe.epochs
    warm_up = round(recipe.warm_up_epochs * steps_per_epoch)
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=recipe.learning_rate / 20,
        decay_steps=max(1, steps - warm_up),
        warmup_target=recipe.learning_rate,
        warmup_steps=warm_up,
    )
    network = face_network(weight_decay=recipe.weight_decay)
    network.compile(
        optimizer=keras.optimizers.AdamW(schedule, weight_decay=1e-2),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=recipe.label_smoothing),
        jit_compile=False,
    )
    return network


def run_epoch(network: keras.Model, faces: FaceImages, recipe: Recipe, *, seed: int, epoch: int) -> float:
    """Train on every batch of one epoch; returns the mean loss."""
    count, batch = epoch_batches(
        faces, batch_size=recipe.batch_size, seed=seed, epoch=epoch, how=recipe.augmentation
    )
    network.reset_metrics()
    loss = 0.0
    for number in range(count):
        inputs, targets = batch(number)
        loss = float(network.train_on_batch(inputs, targets))  # the running mean since reset_metrics
    return loss


def fit(
    train: FaceImages,
    held_out: FaceImages,
    recipe: Recipe,
    *,
    seed: int,
    work_dir: Path,
    on_epoch: Callable[[Epoch], None],
) -> list[Epoch]:
    """Train all epochs, or those that `work_dir` does not hold yet.

    Args:
        train: what to train on.
        held_out: what every epoch is measured on.
        recipe: hyper-parameters.
        seed: of weights, order and augmentation.
        work_dir: where the checkpoints and `history.json` of exactly this recipe, seed and data lie.
        on_epoch: called after each epoch that was trained now.

    Returns:
        Every epoch, in order.
    """
    keras.utils.set_random_seed(seed)
    work_dir.mkdir(parents=True, exist_ok=True)
    log = work_dir / "history.json"
    done = [Epoch(**row) for row in json.loads(log.read_text(encoding="utf-8"))] if log.is_file() else []
    network = (
        keras.saving.load_model(work_dir / done[-1].checkpoint)
        if done
        else compiled_network(recipe, steps_per_epoch=len(train) // recipe.batch_size)
    )
    for number in range(len(done), recipe.epochs):
        loss = run_epoch(network, train, recipe, seed=seed, epoch=number)
        logits = logits_of(network, held_out)
        checkpoint = f"epoch_{number + 1:02}.keras"
        network.save(work_dir / checkpoint)
        accuracy = float((logits.argmax(axis=1) == held_out.labels).mean())
        nll = negative_log_likelihood(logits, held_out.labels)
        epoch = Epoch(number + 1, loss, accuracy, nll, checkpoint)
        done.append(epoch)
        log.write_text(json.dumps([asdict(row) for row in done], indent=1), encoding="utf-8")
        on_epoch(epoch)
    return done


def best_epoch(epochs: list[Epoch]) -> Epoch:
    """The epoch with the highest held-out accuracy, the lower loss where two are equal."""
    return max(epochs, key=lambda epoch: (epoch.accuracy, -epoch.nll))
