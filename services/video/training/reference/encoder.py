"""A convolutional auto-encoder: images as short codes (Masci et al. 2011)."""

from typing import Any

from services.video.training.dataset import IMAGE_SIZE_PX, FloatArray
from services.video.training.reference.corpus import FaceCorpus
from services.video.training.reference.descriptors import standardised_images
from services.video.training.reference.fitting import EPOCHS, fit_network, forget, outputs_of, prepare

CODE_SIZE = 128
FILTERS = (16, 32, 64)

__all__ = ["CODE_SIZE", "EPOCHS", "build_auto_encoder", "encode"]


def encode(faces: FaceCorpus, *, seed: int) -> tuple[FloatArray, FloatArray]:
    """Encode both parts, shapes `(n, CODE_SIZE)`, by an auto-encoder fitted on `faces.fit`."""
    prepare(seed)
    fit, test = standardised_images(faces.fit.images), standardised_images(faces.test.images)
    encoder, whole = build_auto_encoder()
    fit_network(whole, [fit], fit, loss="mse")
    codes = outputs_of(encoder, [fit]), outputs_of(encoder, [test])
    forget()
    return codes


def build_auto_encoder() -> tuple[Any, Any]:
    """Return the half that encodes `(n, 48, 48, 1)` as `(n, CODE_SIZE)`, and the whole that gives images
    back.
    """
    import keras
    from keras import layers

    image = keras.Input((IMAGE_SIZE_PX, IMAGE_SIZE_PX, 1), name="face")
    x = image
    for filters in FILTERS:
        x = layers.Conv2D(filters, 3, strides=2, padding="same", activation="relu")(x)
    grid = x.shape[1:]
    code = layers.Dense(CODE_SIZE, name="code")(layers.Flatten()(x))
    x = layers.Dense(grid[0] * grid[1] * grid[2], activation="relu")(code)
    x = layers.Reshape(grid)(x)
    for filters in (*FILTERS[-2::-1], 1):
        activation = "relu" if filters > 1 else None
        x = layers.Conv2DTranspose(filters, 3, strides=2, padding="same", activation=activation)(x)
    return keras.Model(image, code), keras.Model(image, x, name="auto_encoder")
