"""One training run of the network, from arrays to a fitted Keras model."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.audio.training.augment import BatchAugmentation, augment_batch
from services.audio.training.models import build_network
from services.training.artifacts import load_tensorflow, set_seed

THREADS = 2


@dataclass(frozen=True, slots=True)
class Recipe:
    """How the network is trained. Part of the key under which a run is resumed."""

    epochs: int = 40
    batch_size: int = 32
    learning_rate: float = 2e-3
    weight_decay: float = 1e-3
    label_smoothing: float = 0.05
    dropout: float = 0.3
    ema_momentum: float = 0.99
    variants: int = 4
    augmentation: BatchAugmentation = field(default_factory=BatchAugmentation)


def start_tensorflow(seed: int) -> None:
    """Load TensorFlow for training: oneDNN kernels (twice as fast here), few threads, seeded."""
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    tensorflow = load_tensorflow()
    try:
        tensorflow.config.threading.set_intra_op_parallelism_threads(THREADS)
        tensorflow.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        pass  # another model was trained in this process; its thread counts stay
    set_seed(seed)


def train_network(
    features: NDArray[np.float16],
    classes: NDArray[np.int64],
    *,
    n_classes: int,
    recipe: Recipe,
    seed: int,
    on_epoch: Callable[[int, float], None],
) -> Any:
    """Train from scratch, with warm-up and cosine decay, to the moving average of the weights.

    There is no validation set and no early stop: the number of epochs is part of the recipe, so that
    held-out people never choose anything.

    Args:
        features: shape `(n, 1 + variants, N_MELS, WINDOW_FRAMES)`; each epoch draws one variant a clip.
        classes: shape `(n,)`.
        n_classes: number of classes.
        recipe: the hyper-parameters.
        seed: of weights, order and augmentation.
        on_epoch: told the epoch (from 1) and its mean loss.
    """
    start_tensorflow(seed)
    import keras

    generator = np.random.default_rng(seed)
    network = build_network(classes=n_classes, dropout=recipe.dropout)
    steps = recipe.epochs * -(-len(classes) // recipe.batch_size)
    network.compile(optimizer=_optimizer(recipe, steps), loss=_loss(recipe), jit_compile=False)
    targets = np.eye(n_classes, dtype=np.float32)[classes]
    for epoch in range(1, recipe.epochs + 1):
        order = generator.permutation(len(classes))
        losses = []
        for start in range(0, len(order), recipe.batch_size):
            rows = order[start : start + recipe.batch_size]
            chosen = features[rows, generator.integers(features.shape[1], size=len(rows))].astype(np.float32)
            batch, goal = augment_batch(chosen, targets[rows], recipe.augmentation, generator)
            losses.append(float(network.train_on_batch(batch, goal)))
        on_epoch(epoch, float(np.mean(losses)))
    network.optimizer.finalize_variable_values(network.trainable_variables)
    keras.backend.clear_session(free_memory=False)
    return network


def _optimizer(recipe: Recipe, steps: int) -> Any:
    import keras

    schedule = keras.optimizers.schedules.CosineDecay(
        recipe.learning_rate / 10.0,
        decay_steps=max(1, steps - steps // 10),
        alpha=1e-2,
        warmup_target=recipe.learning_rate,
        warmup_steps=max(1, steps // 10),
    )
    return keras.optimizers.AdamW(
        schedule,
        weight_decay=recipe.weight_decay,
        clipnorm=5.0,
        use_ema=True,
        ema_momentum=recipe.ema_momentum,
    )


def _loss(recipe: Recipe) -> Any:
    import keras

    return keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=recipe.label_smoothing)
