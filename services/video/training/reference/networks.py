"""The networks by name, faithful in structure and thinner than published: what 48 pixels and two cores allow.

Each builder takes the shapes of its inputs and gives logits of the seven emotions.
"""

from typing import Any

Shapes = tuple[tuple[int, ...], ...]

N_CLASSES = 7
DROPOUT = 0.4
MOMENTUM = 0.9
"""Of the running means of batch normalisation: a few hundred steps must be enough for them."""
SIMPLE_FILTERS = (32, 64, 128)


def build_simple(shapes: Shapes) -> Any:
    """Build three blocks of convolution and pooling, then a dense layer."""
    import keras

    image = keras.Input(shapes[0], name="face")
    return keras.Model(image, _logits(_dense(_blocks(image), 256)), name="simple_cnn")


def build_inception(shapes: Shapes) -> Any:
    """Return three inception modules (Szegedy et al. 2015, figure 2b) after two convolutions; a third as
    wide.
    """
    import keras
    from keras import layers

    image = keras.Input(shapes[0], name="face")
    x = layers.MaxPooling2D(2)(_convolution(image, 32, 3))
    x = layers.MaxPooling2D(2)(_convolution(x, 64, 3))
    x = _inception(x, ones=32, threes=(32, 64), fives=(8, 16), pooled=16)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    x = _inception(x, ones=64, threes=(48, 96), fives=(16, 32), pooled=32)
    x = _inception(x, ones=96, threes=(64, 128), fives=(16, 48), pooled=48)
    return keras.Model(image, _logits(layers.GlobalAveragePooling2D()(x)), name="inception")


def _inception(x: Any, *, ones: int, threes: tuple[int, int], fives: tuple[int, int], pooled: int) -> Any:
    from keras import layers

    paths = [
        _convolution(x, ones, 1),
        _convolution(_convolution(x, threes[0], 1), threes[1], 3),
        _convolution(_convolution(x, fives[0], 1), fives[1], 5),
        _convolution(layers.MaxPooling2D(3, strides=1, padding="same")(x), pooled, 1),
    ]
    return layers.Concatenate()(paths)


def build_xception(shapes: Shapes) -> Any:
    """Return entry, middle and exit flow of separable convolutions with shortcuts (Chollet 2017, figure 5).

    About a third as wide as published, and four middle blocks instead of eight.
    """
    import keras
    from keras import layers

    image = keras.Input(shapes[0], name="face")
    x = _convolution(_convolution(image, 16, 3, strides=2), 32, 3)
    for filters in (64, 128, 256):
        x = _narrowing(x, (filters, filters), first_activation=filters > 64)
    for _ in range(4):
        shortcut = x
        for _ in range(3):
            x = _separable(layers.ReLU()(x), 256)
        x = layers.Add()([x, shortcut])
    x = _narrowing(x, (256, 384), first_activation=True)
    for filters in (512, 640):
        x = layers.ReLU()(_separable(x, filters))
    return keras.Model(image, _logits(layers.GlobalAveragePooling2D()(x)), name="xception")


def _narrowing(x: Any, filters: tuple[int, int], *, first_activation: bool) -> Any:
    """Add two separable convolutions and a pooling beside a strided 1 × 1 convolution."""
    from keras import layers

    shortcut = layers.Conv2D(filters[1], 1, strides=2, padding="same", use_bias=False)(x)
    shortcut = layers.BatchNormalization(momentum=MOMENTUM)(shortcut)
    x = _separable(layers.ReLU()(x) if first_activation else x, filters[0])
    x = _separable(layers.ReLU()(x), filters[1])
    return layers.Add()([layers.MaxPooling2D(3, strides=2, padding="same")(x), shortcut])


def _separable(x: Any, filters: int) -> Any:
    from keras import layers

    x = layers.SeparableConv2D(filters, 3, padding="same", use_bias=False)(x)
    return layers.BatchNormalization(momentum=MOMENTUM)(x)


def build_dexpression(shapes: Shapes) -> Any:
    """Build two blocks that extract features in parallel (Burkert et al. 2015, figure 3).

    Filters as published; 48 pixels instead of 224, and batch normalisation where the paper normalises
    by local response, without which five epochs teach it little.
    """
    import keras
    from keras import layers

    image = keras.Input(shapes[0], name="face")
    x = _convolution(image, 64, 7, strides=2)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    for _ in range(2):
        deep = _convolution(_convolution(x, 96, 1), 208, 3)
        shallow = _convolution(layers.MaxPooling2D(3, strides=1, padding="same")(x), 64, 1)
        x = layers.MaxPooling2D(3, strides=2, padding="same")(layers.Concatenate()([deep, shallow]))
    return keras.Model(image, _logits(layers.Flatten()(x)), name="dexpression")


def build_hybrid(shapes: Shapes) -> Any:
    """Build the simple network on the image, and a dense layer on landmarks and gradients, joined."""
    import keras
    from keras import layers

    image = keras.Input(shapes[0], name="face")
    table = keras.Input(shapes[1], name="landmarks_and_hog")
    joined = layers.Concatenate()([_dense(_blocks(image), 128), _dense(table, 128)])
    return keras.Model([image, table], _logits(layers.Dense(128, activation="relu")(joined)), name="hybrid")


def build_large(size_px: int) -> Any:
    """Build the network of frames: a strided convolution, three more, pooling between them.

    Takes grey images of any size, which it enlarges or reduces to `size_px`.
    """
    import keras
    from keras import layers

    image = keras.Input((None, None, 1), name="frame")
    x = layers.Resizing(size_px, size_px)(image)
    x = layers.MaxPooling2D(2)(_convolution(x, 16, 5, strides=2))
    for filters in (32, 64, 96):
        x = layers.MaxPooling2D(2)(_convolution(x, filters, 3))
    return keras.Model(image, _logits(_dense(x, 128)), name="frame_cnn")


def _blocks(x: Any) -> Any:
    from keras import layers

    for filters in SIMPLE_FILTERS:
        x = _convolution(x, filters, 3)
        if filters > SIMPLE_FILTERS[0]:
            x = _convolution(x, filters, 3)
        x = layers.MaxPooling2D(2)(x)
    return x


def _convolution(x: Any, filters: int, size: int, *, strides: int = 1) -> Any:
    """Add convolution, batch normalisation and ReLU."""
    from keras import layers

    x = layers.Conv2D(filters, size, strides=strides, padding="same", use_bias=False)(x)
    return layers.ReLU()(layers.BatchNormalization(momentum=MOMENTUM)(x))


def _dense(x: Any, units: int) -> Any:
    from keras import layers

    x = layers.BatchNormalization(momentum=MOMENTUM)(layers.Dense(units, use_bias=False)(layers.Flatten()(x)))
    return layers.Dropout(DROPOUT)(layers.ReLU()(x))


def _logits(x: Any) -> Any:
    from keras import layers

    return layers.Dense(N_CLASSES, name="logits")(layers.Dropout(DROPOUT)(x))
