"""The Keras layer that serves a linear model of texts."""

from typing import Any

from services.text.features import Floats

INPUT_NAME = "terms"


def linear_model(weights: Floats, offset: Floats, *, name: str, activation: str | None) -> Any:
    """Return one layer over the inputs of a `TextModel`.

    Args:
        weights: shape `(inputs, k)`.
        offset: shape `(k,)`.
        name: of the Keras model.
        activation: `sigmoid` for probabilities; None for the sums as they are.
    """
    import keras

    source = keras.Input((len(weights),), name=INPUT_NAME, dtype="float32")
    layer = keras.layers.Dense(weights.shape[1], activation=activation, name="scores")
    model = keras.Model(source, layer(source), name=name)
    layer.set_weights([weights, offset])
    return model
