"""The Keras form of the residual face network, and the trained weights put into it."""

from collections.abc import Mapping, Sequence

import keras
import numpy as np
from numpy.typing import NDArray

from services.video.training.dataset import FloatArray
from services.video.training.recipe import (
    HEADS,
    NORM_EPSILON,
    STANDARDISE_EPSILON,
    Look,
    ResidualRecipe,
    convolutions,
)

INPUT_NAME = "face"


def residual_network(recipe: ResidualRecipe) -> keras.Model:
    """Build a residual network (He et al. 2016) over grey crops, with the two heads of `HEADS`.

    The first layer standardises every image to zero mean and unit variance. One plain convolution at full
    resolution; then per stage a halving of the resolution, a widening convolution and a residual pair;
    the mean over the positions, so that class activation maps exist (Zhou et al. 2016).

    Returns:
        A model from `face`, `(n, 48, 48, 1)` float32 in 0..1, to logits `[(n, 7), (n, 8)]`.
    """
    face = keras.Input(shape=(48, 48, 1), name=INPUT_NAME)
    x = keras.layers.LayerNormalization(
        axis=[1, 2, 3], center=False, scale=False, epsilon=STANDARDISE_EPSILON, name="standardise"
    )(face)
    x = keras.layers.ReLU()(_normalised(x, "stem", recipe.stem))
    for number, width in enumerate(recipe.widths, start=1):
        x = keras.layers.MaxPooling2D(2)(x)
        shortcut = keras.layers.ReLU()(_normalised(x, f"stage{number}", width))
        x = keras.layers.ReLU()(_normalised(shortcut, f"stage{number}_first", width))
        x = _normalised(x, f"stage{number}_second", width)
        x = keras.layers.ReLU(name=f"stage{number}_out")(keras.layers.Add()([x, shortcut]))
    pooled = keras.layers.GlobalAveragePooling2D(name="pooled")(x)
    logits = [keras.layers.Dense(count, name=head)(pooled) for head, count in HEADS.items()]
    return keras.Model(face, logits, name="face_emotion")


def _normalised(x: keras.KerasTensor, name: str, filters: int) -> keras.KerasTensor:
    x = keras.layers.Conv2D(filters, 3, padding="same", use_bias=False, name=name)(x)
    return keras.layers.BatchNormalization(epsilon=NORM_EPSILON, name=f"{name}_norm")(x)


def put_weights(network: keras.Model, recipe: ResidualRecipe, weights: Mapping[str, FloatArray]) -> None:
    """Set every weight of `residual_network(recipe)`.

    Args:
        network: is changed.
        recipe: the widths.
        weights: arrays by PyTorch's names and in its layout, as `torch_fit` writes them:
            `<layer>.weight` `(out, in, 3, 3)`, `<layer>_norm.{weight,bias,running_mean,running_var}`,
            `<head>.{weight,bias}` with the weight `(classes, features)`.

    Raises:
        KeyError: one is missing.
        ValueError: one has another shape, or there are more than the network has layers for.
    """
    left = {name for name in weights if not name.endswith("num_batches_tracked")}
    for layer in convolutions(recipe):
        norm = f"{layer.name}_norm"
        names = [f"{norm}.{part}" for part in ("weight", "bias", "running_mean", "running_var")]
        network.get_layer(layer.name).set_weights(
            [np.transpose(weights[f"{layer.name}.weight"], (2, 3, 1, 0))]
        )
        network.get_layer(norm).set_weights([weights[name] for name in names])
        left -= {f"{layer.name}.weight", *names}
    for head in HEADS:
        network.get_layer(head).set_weights([weights[f"{head}.weight"].T, weights[f"{head}.bias"]])
        left -= {f"{head}.weight", f"{head}.bias"}
    if left:
        raise ValueError(f"weights without a layer: {', '.join(sorted(left))}")


def looking(network: keras.Model, looks: Sequence[Look]) -> keras.Model:
    """Average the network's logits over several looks at a crop, head by head."""
    face = keras.Input(shape=network.input_shape[1:], name=INPUT_NAME)
    seen = [network(_looked(face, look)) for look in looks]
    return keras.Model(face, [_mean(list(head)) for head in zip(*seen, strict=True)], name=network.name)


def _mean(parts: list[keras.KerasTensor]) -> keras.KerasTensor:
    return keras.layers.Average()(parts) if len(parts) > 1 else parts[0]


def _looked(face: keras.KerasTensor, look: Look) -> keras.KerasTensor:
    turned = _turned(face, look.degrees) if look.degrees else face
    return keras.ops.flip(turned, axis=2) if look.mirrored else turned


def _turned(face: keras.KerasTensor, degrees: float) -> keras.KerasTensor:
    """Turn images about the middle by bilinear sampling, the border repeated: a gather and a weighted sum."""
    _, height, width, _ = face.shape
    places, shares = rotation(height, width, degrees)
    pixels = keras.layers.Reshape((height * width,))(face)
    around = keras.layers.Reshape((height * width, 4))(keras.ops.take(pixels, places.ravel(), axis=1))
    return keras.layers.Reshape((height, width, 1))(keras.ops.sum(around * shares[np.newaxis], axis=2))


def rotation(height: int, width: int, degrees: float) -> tuple[NDArray[np.int32], FloatArray]:
    """Return which pixels a turned image is made of.

    Args:
        height: of the image, pixels.
        width: likewise.
        degrees: anticlockwise.

    Returns:
        For each pixel of the turned image, row by row, four pixels of the other, numbered row by row,
        and their shares, both `(height · width, 4)`. Shares sum to 1.
    """
    rows, columns = np.mgrid[:height, :width].astype(np.float64)
    middle_y, middle_x = (height - 1) / 2, (width - 1) / 2
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    across, down = columns - middle_x, rows - middle_y
    x = np.clip(cosine * across - sine * down + middle_x, 0, width - 1)
    y = np.clip(sine * across + cosine * down + middle_y, 0, height - 1)
    left, top = np.floor(x).astype(np.int32), np.floor(y).astype(np.int32)
    right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    of_right, of_bottom = x - left, y - top
    places = [row * width + column for row in (top, bottom) for column in (left, right)]
    shares = [v * h for v in (1 - of_bottom, of_bottom) for h in (1 - of_right, of_right)]
    return (
        np.stack([place.ravel() for place in places], axis=1).astype(np.int32),
        np.stack([share.ravel() for share in shares], axis=1).astype(np.float32),
    )


def activation_maps(network: keras.Model, looks: Sequence[Look]) -> keras.Model:
    """Return class activation maps of the FER2013 head: M_c(y, x) = Σ_k w_ck f_k(y, x) (Zhou et al. 2016, eq.
    2).

    Since the head rests on the mean of the features over the positions, the mean of a map is that label's
    logit less its bias, exactly.

    Args:
        network: of `residual_network`.
        looks: of the served model. Each map is the average over them, those of mirror images mirrored
            back. A turn is not undone: by 8° it moves the edge of the map by less than half a cell.

    Returns:
        A model from the same input to `(n, 7, h, w)` float32, rows from the top, with a cell for every
        eight pixels of the crop where there are three stages.
    """
    weights, _ = network.get_layer("fer2013").get_weights()
    project = keras.layers.Conv2D(weights.shape[1], 1, use_bias=False, name="maps")
    maps = keras.layers.Permute((3, 1, 2))(project(network.get_layer("pooled").input))
    project.set_weights([weights[np.newaxis, np.newaxis]])
    straight = keras.Model(network.inputs[0], maps, name="face_activation")
    face = keras.Input(shape=network.input_shape[1:], name=INPUT_NAME)
    seen = []
    for look in looks:
        found = straight(_looked(face, look))
        seen.append(keras.ops.flip(found, axis=3) if look.mirrored else found)
    return keras.Model(face, _mean(seen), name=straight.name)


def served(network: keras.Model, *, temperature: float) -> keras.Model:
    """Build what is exported: softmax of the FER2013 head over `temperature` (Guo et al. 2017)."""
    scaled = keras.layers.Rescaling(1.0 / temperature, name="temperature")(network.outputs[0])
    probabilities = keras.layers.Softmax(name="probabilities")(scaled)
    return keras.Model(network.inputs[0], probabilities, name=network.name)
