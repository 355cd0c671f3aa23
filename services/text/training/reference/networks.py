"""The reference's network: Word2Vec, three convolutions, three LSTM; one softmax or five sigmoids."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.text.training.reference.corpus import PreparedEssays
from services.text.training.reference.preprocessing import LENGTH, pad
from services.training.artifacts import load_tensorflow, set_seed
from services.training.splits import Indices

FILTERS = (128, 256, 512)
KERNEL = 8
POOL = 2
DROPOUT = 0.3
LSTM_UNITS = 180
LSTM_LAYERS = 3
DENSE = 128
TRAITS = 5
FIFTH = 1.0 / TRAITS
"""What a softmax over five labels gives to each when it knows nothing."""

Named = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Network:
    """A line of the table.

    Attributes:
        title: of the line.
        softmax: as published, one softmax over five labels that do not exclude each other, against labels
            that sum to one; a trait counts as named where it has more than a fifth. Or else five sigmoids.
        epochs, batch_size, learning_rate: the budget.
    """

    title: str
    softmax: bool
    epochs: int = 6
    batch_size: int = 32
    learning_rate: float = 1e-3

    @property
    def note(self) -> str:
        """The budget, for the reader of the table."""
        return (
            f"{self.epochs} epochs of Adam on a processor, vectors trained on all essays without labels, no "
            "early stop: a small budget."
        )

    def predict(self, essays: PreparedEssays, fit: Indices, test: Indices, *, seed: int) -> Named:
        """Train on `fit` from scratch and name the traits of `test`, shape `(len(test), 5)`."""
        load_tensorflow()
        set_seed(seed)
        import keras

        table, ids = _embedded(essays)
        network = build_network(table, softmax=self.softmax)
        targets = essays.traits[fit].astype(np.float32)
        if self.softmax:
            targets = targets / np.maximum(targets.sum(axis=1, keepdims=True), 1.0)
        loss = "categorical_crossentropy" if self.softmax else "binary_crossentropy"
        network.compile(optimizer=keras.optimizers.Adam(self.learning_rate, clipnorm=5.0), loss=loss)
        network.fit(ids[fit], targets, epochs=self.epochs, batch_size=self.batch_size, verbose=0)
        outputs = network.predict(ids[test], batch_size=64, verbose=0)
        named: Named = (outputs > (FIFTH if self.softmax else 0.5)).astype(np.int64)
        return named


def _embedded(essays: PreparedEssays) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Return a table of vectors, row 0 for padding and unknown words, and the rows of every padded essay."""
    embedding = essays.skip_gram
    rows = {word: place + 1 for place, word in enumerate(embedding.words)}
    table = np.vstack([np.zeros((1, embedding.vectors.shape[1]), np.float32), embedding.vectors])
    ids = [[rows.get(word, 0) for word in pad(lemmas, LENGTH)] for lemmas in essays.lemmas]
    return table, np.array(ids, dtype=np.int32)


def build_network(table: NDArray[np.float32], *, softmax: bool) -> Any:
    """Build the Keras network.

    Args:
        table: word vectors, shape `(words, dimensions)`; they stay as they are.
        softmax: one softmax over five labels, or else five sigmoids.
    """
    import keras

    source = keras.Input((LENGTH,), dtype="int32", name="words")
    x = keras.layers.Embedding(*table.shape, trainable=False, weights=[table])(source)
    for filters in FILTERS:
        x = keras.layers.Conv1D(filters, KERNEL, padding="same", activation="relu")(x)
        x = keras.layers.MaxPooling1D(POOL)(x)
        x = keras.layers.SpatialDropout1D(DROPOUT)(x)
        x = keras.layers.BatchNormalization()(x)
    for layer in range(LSTM_LAYERS):
        x = keras.layers.LSTM(LSTM_UNITS, return_sequences=layer < LSTM_LAYERS - 1)(x)
    x = keras.layers.Dense(DENSE, activation="relu")(x)
    output = keras.layers.Dense(TRAITS, activation="softmax" if softmax else "sigmoid")(x)
    return keras.Model(source, output, name="cnn_lstm")


def networks() -> list[Network]:
    """Return both networks."""
    return [
        Network("CNN-LSTM on Word2Vec, softmax over five labels (as published)", softmax=True),
        Network("CNN-LSTM on Word2Vec, five sigmoids", softmax=False),
    ]
