"""The two networks: a time-distributed CNN with LSTM on rolling windows, and an LSTM on log-mel frames."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.audio.training.reference.corpus import Split
from services.audio.training.reference.descriptors import N_FRAMES, N_MELS, FloatArray
from services.training.artifacts import load_tensorflow, set_seed

WINDOW_FRAMES = 128
WINDOW_HOP_FRAMES = 96
BLOCKS = ((64, 2), (64, 4), (128, 4), (128, 4))
"""Filters and max-pooling of the four local feature learning blocks (Zhao, Mao & Chen 2019)."""
DROPOUT = 0.3
LSTM_UNITS = 256
FRAMES_PER_STEP = 2
PRECISION = "mixed_bfloat16"
"""Products in bfloat16, weights and sums in float32: two thirds of the time on a processor."""


@dataclass(frozen=True, slots=True)
class Network:
    """One line of the table that is a network.

    Attributes:
        title: of the line.
        shape: turns standardised log-mel `(n, N_FRAMES, N_MELS)` into the network's input.
        build: makes the network, given the shape of one input and the number of classes.
        epochs, batch_size, learning_rate: the budget; the rate falls to zero along a cosine.
        front_end: name of its features.
    """

    title: str
    shape: Callable[[FloatArray], FloatArray]
    build: Callable[[tuple[int, ...], int], Any]
    epochs: int
    batch_size: int = 32
    learning_rate: float = 1e-3
    front_end: str = "log_mel_frames"

    @property
    def note(self) -> str:
        """The budget, for the reader of the table."""
        return (
            f"{self.epochs} epochs of Adam on a processor, no augmentation, no early stop: "
            "a small budget; more would raise it."
        )

    @property
    def recipe(self) -> str:
        """What tells one version of this line from another, for the key of kept predictions."""
        plain = replace(self, shape=np.asarray, build=_no_network)
        return f"{plain} {WINDOW_FRAMES} {WINDOW_HOP_FRAMES} {BLOCKS} {FRAMES_PER_STEP} {PRECISION}"

    def predict(
        self,
        fit_on: tuple[FloatArray, NDArray[np.int64]],
        test: FloatArray,
        *,
        inner: Sequence[Split],  # noqa: ARG002 - every line is asked the same way; nothing is tuned here
        seed: int,
    ) -> NDArray[np.int64]:
        """Train on `fit_on` from scratch and name the classes of `test`, shape `(n,)`."""
        load_tensorflow()
        set_seed(seed)
        import keras

        features, classes = fit_on
        mean, deviation = features.mean(axis=(0, 1)), features.std(axis=(0, 1)) + 1e-6
        fitted, asked = (self.shape((part - mean) / deviation) for part in (features, test))
        network = self.build(fitted.shape[1:], int(classes.max()) + 1)
        steps = self.epochs * -(-len(classes) // self.batch_size)
        schedule = keras.optimizers.schedules.CosineDecay(self.learning_rate, steps)
        network.compile(
            optimizer=keras.optimizers.Adam(schedule, clipnorm=5.0),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            jit_compile=False,
        )
        network.fit(fitted, classes, batch_size=self.batch_size, epochs=self.epochs, verbose=0)
        named = network.predict(asked, batch_size=self.batch_size, verbose=0).argmax(axis=1)
        keras.backend.clear_session(free_memory=True)
        return np.asarray(named, np.int64)


def _no_network(_: tuple[int, ...], __: int) -> None:
    """Return nothing: stands for a builder where only the numbers of a recipe matter."""


def rolling_windows(log_mel: FloatArray) -> FloatArray:
    """Return overlapping windows, shape `(n, windows, WINDOW_FRAMES, N_MELS, 1)`."""
    views = np.lib.stride_tricks.sliding_window_view(log_mel, WINDOW_FRAMES, axis=1)
    windows = views[:, ::WINDOW_HOP_FRAMES].transpose(0, 1, 3, 2)
    return np.ascontiguousarray(windows[..., None])


def frame_pairs(log_mel: FloatArray) -> FloatArray:
    """Return means of `FRAMES_PER_STEP` neighbouring frames, shape `(n, steps, N_MELS)`."""
    steps = N_FRAMES // FRAMES_PER_STEP
    paired: FloatArray = log_mel.reshape(len(log_mel), steps, FRAMES_PER_STEP, N_MELS).mean(axis=2)
    return paired


def build_cnn_lstm(shape: tuple[int, ...], n_classes: int) -> Any:
    """Build four convolution blocks on each window, then two LSTM over the windows; logits.

    Pooling is padded: on 64 bands the last of the four would otherwise have nothing left to pool.
    """
    import keras
    from keras import layers

    dtype = keras.DTypePolicy(PRECISION)
    windows = keras.Input(shape, name="windows")
    x = windows
    for filters, pool in BLOCKS:
        x = layers.TimeDistributed(layers.Conv2D(filters, 3, padding="same", dtype=dtype))(x)
        x = layers.TimeDistributed(layers.BatchNormalization(dtype=dtype))(x)
        x = layers.TimeDistributed(layers.Activation("elu", dtype=dtype))(x)
        x = layers.TimeDistributed(layers.MaxPooling2D(pool, padding="same", dtype=dtype))(x)
        x = layers.TimeDistributed(layers.Dropout(DROPOUT, dtype=dtype))(x)
    x = layers.TimeDistributed(layers.Flatten(dtype=dtype))(x)
    return keras.Model(windows, _two_lstm(x, n_classes), name="cnn_lstm")


def build_log_mel_lstm(shape: tuple[int, ...], n_classes: int) -> Any:
    """Build two LSTM over the frames; logits."""
    import keras

    frames = keras.Input(shape, name="log_mel")
    return keras.Model(frames, _two_lstm(frames, n_classes), name="log_mel_lstm")


def _two_lstm(x: Any, n_classes: int) -> Any:
    import keras
    from keras import layers

    dtype = keras.DTypePolicy(PRECISION)
    x = layers.LSTM(LSTM_UNITS, return_sequences=True, dtype=dtype)(x)
    x = layers.LSTM(LSTM_UNITS, dtype=dtype)(x)
    return layers.Dense(n_classes, name="logits", dtype="float32")(x)


CNN_EPOCHS, LSTM_EPOCHS = 1, 8
"""An epoch of the first costs more than six of the second: it is hardly trained, which its figures show."""


def cnn_lstm() -> list[Network]:
    """Return the time-distributed CNN with two LSTM."""
    return [Network("time-distributed CNN + LSTM", rolling_windows, build_cnn_lstm, CNN_EPOCHS)]


def log_mel_lstm() -> list[Network]:
    """Return two LSTM on log-mel frames."""
    return [Network("log-mel LSTM", frame_pairs, build_log_mel_lstm, LSTM_EPOCHS)]
