"""How every rebuilt network is trained: the same images, the same number of epochs, nothing else."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from services.training.artifacts import load_tensorflow, set_seed
from services.video.training.dataset import FloatArray, IntArray

EPOCHS = 5
BATCH_SIZE = 64
LEARNING_RATE = 1e-3
BUDGET = (
    f"{EPOCHS} epochs of Adam on a processor, rate falling along a cosine from {LEARNING_RATE:g}, no "
    "augmentation, no early stop: a small budget, the same for every network; more would raise all."
)
VERSION = 1
"""Part of the key of kept predictions: to be raised with every change here."""
log = logging.getLogger(__name__)

Inputs = Sequence[FloatArray]


def prepare(seed: int) -> None:
    """Load TensorFlow and fix the seeds; to be called before a network is built."""
    load_tensorflow()
    set_seed(seed)


def fit_network(
    network: Any,
    inputs: Inputs,
    targets: IntArray | FloatArray,
    *,
    epochs: int = EPOCHS,
    batch_size: int = BATCH_SIZE,
    learning_rate: float = LEARNING_RATE,
    loss: str = "classes",
    backup: Path | None = None,
) -> None:
    """Train a network in place.

    Args:
        network: a Keras model; logits out where the loss is "classes".
        inputs: one array per input of the network.
        targets: classes `(n,)`, or whatever "mse" compares with.
        epochs: passes over the images.
        batch_size: images per step.
        learning_rate: at the start.
        loss: "classes" for cross-entropy, else a name that Keras knows.
        backup: folder for the state after each epoch; training goes on from there when it was stopped,
            with the images in another order, and leaves nothing there when it is done.
    """
    import keras

    steps = epochs * -(-len(targets) // batch_size)
    schedule = keras.optimizers.schedules.CosineDecay(learning_rate, steps)
    entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(
        optimizer=keras.optimizers.Adam(schedule, clipnorm=5.0),
        loss=entropy if loss == "classes" else loss,
        jit_compile=False,
    )
    kept = [keras.callbacks.BackupAndRestore(str(backup))] if backup else []
    past = network.fit(
        _given(inputs), targets, batch_size=batch_size, epochs=epochs, callbacks=kept, verbose=0
    )
    log.info("%s: loss %s", network.name, ", ".join(f"{value:.3f}" for value in past.history.get("loss", ())))


def outputs_of(network: Any, inputs: Inputs) -> FloatArray:
    """Return what a network says, shape `(n, …)`."""
    return np.asarray(network.predict(_given(inputs), batch_size=BATCH_SIZE, verbose=0), np.float32)


def _given(inputs: Inputs) -> Any:
    """Return the input as Keras wants it: one array, or a list of several."""
    return inputs[0] if len(inputs) == 1 else list(inputs)


def classes_of(network: Any, inputs: Inputs) -> IntArray:
    """Return the class of the largest logit, shape `(n,)`."""
    return np.asarray(outputs_of(network, inputs).argmax(axis=1), np.int64)


def forget() -> None:
    """Free what Keras holds of networks that are no longer needed."""
    import keras

    keras.backend.clear_session(free_memory=True)
