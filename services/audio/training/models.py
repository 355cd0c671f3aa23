"""Keras builders: a convolutional network over log-mel, and the calibrated form that is served."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from services.audio.features import N_MELS, WINDOW_FRAMES

INPUT_NAME = "log_mel"
CHANNELS = (16, 32, 64, 96)
POOLS = ((2, 2), (2, 2), (2, 1))


def build_network(*, classes: int, channels: Sequence[int] = CHANNELS, dropout: float = 0.3) -> Any:
    """Log-mel to logits.

    A stem (5×5, stride 2) and three blocks (3×3, max pooling), each with batch norm and ReLU, and one
    more convolution; attentive statistics pooling over time (Okabe, Koshinaka & Shinoda 2018,
    equations 4 to 6); one dense layer.

    Args:
        classes: number of logits.
        channels: filters of the stem and of each block.
        dropout: rate before the last layer.

    Returns:
        A functional `keras.Model`: `log_mel` `(n, N_MELS, WINDOW_FRAMES)` to logits `(n, classes)`.
    """
    import keras
    from keras import layers

    source = keras.Input((N_MELS, WINDOW_FRAMES), name=INPUT_NAME)
    x = layers.Reshape((N_MELS, WINDOW_FRAMES, 1))(source)
    x = _convolution(x, channels[0], size=5, stride=2)
    for filters, pool in zip(channels[1:], POOLS, strict=True):
        x = layers.MaxPooling2D(pool)(_convolution(x, filters))
    x = _convolution(x, channels[-1])
    x = layers.Permute((2, 1, 3))(x)
    x = layers.Reshape((x.shape[1], x.shape[2] * x.shape[3]))(x)
    x = layers.Dropout(dropout)(x)
    x = layers.Dense(128, activation="relu")(x)
    pooled = _attentive_statistics(x)
    logits = layers.Dense(classes, name="logits")(layers.Dropout(dropout)(pooled))
    return keras.Model(source, logits, name="voice_emotion")


def _convolution(x: Any, filters: int, *, size: int = 3, stride: int = 1) -> Any:
    from keras import layers

    x = layers.Conv2D(filters, size, strides=stride, padding="same", use_bias=False)(x)
    return layers.ReLU()(layers.BatchNormalization()(x))


def _attentive_statistics(x: Any) -> Any:
    """Mean and standard deviation over time, weighted by attention: `(n, t, c)` to `(n, 2c)`."""
    from keras import layers, ops

    score = layers.Dense(1)(layers.Dense(64, activation="tanh")(x))
    weight = layers.Softmax(axis=1)(score)
    mean = ops.sum(weight * x, axis=1)
    power = ops.sum(weight * x * x, axis=1)
    deviation = ops.sqrt(ops.maximum(power - mean * mean, 1e-4))
    return layers.Concatenate()([mean, deviation])


def calibrated(network: Any, *, temperature: float, groups: Sequence[int], n_groups: int) -> Any:
    """The served form: probabilities of product labels, temperature inside the graph.

    Args:
        network: from `build_network`.
        temperature: divides the logits (Guo et al. 2017).
        groups: product label of each class of the network; probabilities of one label add up.
        n_groups: number of product labels.

    Returns:
        A functional model, `log_mel` to probabilities `(n, n_groups)`.
    """
    import keras
    from keras import layers

    source = keras.Input((N_MELS, WINDOW_FRAMES), name=INPUT_NAME)
    scaled = layers.Rescaling(1.0 / temperature)(network(source, training=False))
    sums = np.zeros((len(groups), n_groups), np.float32)
    sums[np.arange(len(groups)), groups] = 1.0
    merge = layers.Dense(n_groups, use_bias=False, name="product_labels")
    probabilities = merge(layers.Softmax()(scaled))
    merge.set_weights([sums])
    return keras.Model(source, probabilities, name="voice_emotion")
