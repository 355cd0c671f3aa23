"""The Keras form of the classifier: what is exported and served."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from services.audio.features import WINDOW_SIZE
from services.audio.training.classifier import Classifier

INPUT_NAME = "normalised_window"


def served_model(classifier: Classifier, *, temperature: float, groups: Sequence[int], n_groups: int) -> Any:
    """Build the network from windows to probabilities of product labels, temperature included.

    Args:
        classifier: fitted; its population is an asset, because normalising comes before.
        temperature: divides the logits (Guo et al. 2017).
        groups: product label of each class; probabilities of one label add up.
        n_groups: number of product labels.

    Returns:
        A functional `keras.Model`, `normalised_window` `(n, WINDOW_SIZE)` to probabilities
        `(n, n_groups)`.
    """
    import keras
    from keras import layers

    source = keras.Input((WINDOW_SIZE,), name=INPUT_NAME)
    logits = layers.Dense(len(groups), name="logits")
    merge = layers.Dense(n_groups, use_bias=False, name="product_labels")
    probabilities = merge(layers.Softmax()(logits(source)))
    logits.set_weights([classifier.weights / temperature, classifier.bias / temperature])
    merge.set_weights([_sums(groups, n_groups)])
    return keras.Model(source, probabilities, name="voice_emotion")


def _sums(groups: Sequence[int], n_groups: int) -> Any:
    sums = np.zeros((len(groups), n_groups), np.float32)
    sums[np.arange(len(groups)), groups] = 1.0
    return sums
