"""The Keras form of the residual face network, and the trained weights put into it."""

from collections.abc import Mapping

import keras
import numpy as np

from services.video.training.dataset import FloatArray
from services.video.training.models import INPUT_NAME
from services.video.training.recipe import (
    HEADS,
    NORM_EPSILON,
    STANDARDISE_EPSILON,
    ResidualRecipe,
    convolutions,
)


def residual_network(recipe: ResidualRecipe) -> keras.Model:
    """A residual network (He et al. 2016) over grey crops, with the two heads of `HEADS`.

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


def both_ways(network: keras.Model) -> keras.Model:
    """The network on a crop and on its mirror image, logits averaged head by head."""
    face = keras.Input(shape=network.input_shape[1:], name=INPUT_NAME)
    pairs = zip(network(face), network(keras.ops.flip(face, axis=2)), strict=True)
    logits = [keras.layers.Average()(list(pair)) for pair in pairs]
    return keras.Model(face, logits, name=network.name)


def activation_maps(network: keras.Model, *, mirrored: bool) -> keras.Model:
    """Class activation maps of the FER2013 head: M_c(y, x) = Σ_k w_ck f_k(y, x) (Zhou et al. 2016, eq. 2).

    Since the head rests on the mean of the features over the positions, the mean of a map is that label's
    logit less its bias, exactly.

    Args:
        network: of `residual_network`.
        mirrored: whether the served model looks at the mirror image too. Then each map is the average of
            the crop's and of the mirror image's, turned back.

    Returns:
        A model from the same input to `(n, 7, h, w)` float32, rows from the top, with a cell for every
        eight pixels of the crop where there are three stages.
    """
    weights, _ = network.get_layer("fer2013").get_weights()
    project = keras.layers.Conv2D(weights.shape[1], 1, use_bias=False, name="maps")
    maps = keras.layers.Permute((3, 1, 2))(project(network.get_layer("pooled").input))
    project.set_weights([weights[np.newaxis, np.newaxis]])
    straight = keras.Model(network.inputs[0], maps, name="face_activation")
    if not mirrored:
        return straight
    face = keras.Input(shape=network.input_shape[1:], name=INPUT_NAME)
    turned_back = keras.ops.flip(straight(keras.ops.flip(face, axis=2)), axis=3)
    return keras.Model(face, keras.layers.Average()([straight(face), turned_back]), name=straight.name)


def served(network: keras.Model, *, temperature: float) -> keras.Model:
    """What is exported: softmax of the FER2013 head over `temperature` (Guo et al. 2017)."""
    scaled = keras.layers.Rescaling(1.0 / temperature, name="temperature")(network.outputs[0])
    probabilities = keras.layers.Softmax(name="probabilities")(scaled)
    return keras.Model(network.inputs[0], probabilities, name=network.name)
