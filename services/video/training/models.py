"""Keras builders of the face networks."""

import keras

from services.common.contracts.labels import EMOTIONS

INPUT_NAME = "face"
STAGE_FILTERS = (48, 96, 128)


def _convolution(x: keras.KerasTensor, filters: int, *, weight_decay: float) -> keras.KerasTensor:
    x = keras.layers.Conv2D(
        filters,
        3,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        kernel_regularizer=keras.regularizers.L2(weight_decay),
    )(x)
    return keras.layers.BatchNormalization()(x)


def face_network(
    *, stage_filters: tuple[int, ...] = STAGE_FILTERS, dropout: float = 0.3, weight_decay: float = 1e-4
) -> keras.Model:
    """A small residual network (He et al. 2016) over grey 48 × 48 crops.

    The first layer standardises every image to zero mean and unit variance, so that brightness and
    contrast of the recording do not reach the convolutions. One plain 3 × 3 convolution at full
    resolution, then one residual pair of convolutions per stage, each after a halving of the
    resolution, global average pooling, dropout.

    Returns:
        A model from `face`, `(n, 48, 48, 1)` float32 in 0..1, to logits `(n, 7)`.
    """
    face = keras.Input(shape=(48, 48, 1), name=INPUT_NAME)
    x = keras.layers.LayerNormalization(
        axis=[1, 2, 3], center=False, scale=False, epsilon=1e-4, name="standardise"
    )(face)
    x = keras.layers.ReLU()(_convolution(x, 32, weight_decay=weight_decay))
    for filters in stage_filters:
        x = keras.layers.MaxPooling2D()(x)
        shortcut = keras.layers.ReLU()(_convolution(x, filters, weight_decay=weight_decay))
        x = _convolution(shortcut, filters, weight_decay=weight_decay)
        x = keras.layers.ReLU()(keras.layers.Add()([x, shortcut]))
    x = keras.layers.GlobalAveragePooling2D()(x)
    x = keras.layers.Dropout(dropout)(x)
    logits = keras.layers.Dense(len(EMOTIONS), name="logits")(x)
    return keras.Model(face, logits, name="face_emotion")


def calibrated(network: keras.Model, *, temperature: float) -> keras.Model:
    """The network that is served: softmax of the logits over `temperature` (Guo et al. 2017)."""
    scaled = keras.layers.Rescaling(1.0 / temperature, name="temperature")(network.output)
    probabilities = keras.layers.Softmax(name="probabilities")(scaled)
    return keras.Model(network.input, probabilities, name="face_emotion")
