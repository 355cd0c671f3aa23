"""The frozen encoder of words in context: `python -m services.text.training.context_encoder --encoder DIR`.

The first blocks of all-MiniLM-L6-v2 (Reimers & Gurevych 2019; Wang et al. 2020; Apache-2.0), exported once as
`text_encoder`. Lower blocks carry more of how somebody puts things than the last ones, which were trained to
tell what a sentence is about (Jawahar et al. 2019), and cost less.
"""

import argparse
import logging
from pathlib import Path
from typing import Any

import numpy as np

from services.common.serving.registry import TEXT_ENCODER, Manifest
from services.common.settings import CommonSettings
from services.text.context import PIECES_ASSET, STRETCH, read_pieces, write_pieces
from services.text.features import Floats, tokenize
from services.text.training.sentence_encoder import HEADS, read_tensors
from services.training.artifacts import data_hash, export_model, load_tensorflow

INPUT_NAME = "pieces"
WIDTH = 384
BLOCKS = (2, 4)
"""After which blocks the vectors are taken; they stand side by side."""
LAYER_NORM_EPSILON = 1e-12
WORD_EMBEDDINGS = "embeddings.word_embeddings.weight"
LAST_LATIN = "\u024f"
LICENCE = "Apache-2.0 (all-MiniLM-L6-v2)"
CHECK_TEXT = "I was nervous at first, but my team helped me and in the end we shipped it, a week early!"

Tensors = dict[str, Floats]
log = logging.getLogger(__name__)


def is_kept(piece: str) -> bool:
    """Tell whether a piece can be in English text: no other script, and not one of the unused places."""
    return not piece.startswith("[unused") and all(letter <= LAST_LATIN for letter in piece)


def build_encoder(tensors: Tensors) -> Any:
    """Build the network from embedded word pieces to vectors in context.

    Args:
        tensors: of the published model (`sentence_encoder.read_tensors`).

    Returns:
        A functional `keras.Model`: `pieces` `(n, length, WIDTH)` to `(n, length, len(BLOCKS) * WIDTH)`. There
        is no padding: all rows of a batch have one length.
    """
    import keras
    from keras import layers

    source = keras.Input((None, WIDTH), name=INPUT_NAME)
    placed = tensors["embeddings.position_embeddings.weight"][: STRETCH + 2]
    placed = placed + tensors["embeddings.token_type_embeddings.weight"][0]
    x = _positions(placed.astype(np.float16).astype(np.float32))(source)
    x = _norm(x, tensors, "embeddings.LayerNorm")
    outputs = []
    for number in range(max(BLOCKS)):
        x = _block(x, tensors, f"encoder.layer.{number}.")
        if number + 1 in BLOCKS:
            outputs.append(x)
    return keras.Model(source, layers.Concatenate()(outputs), name=TEXT_ENCODER)


def _positions(table: Floats) -> Any:
    """Return a layer that adds the vector of each place, shape `(longest, WIDTH)`."""
    import keras
    from keras import ops

    class Positions(keras.layers.Layer):  # type: ignore[misc]
        def call(self, x: Any) -> Any:
            return x + ops.convert_to_tensor(table)[: ops.shape(x)[1]]

    return Positions(name="positions")


def _block(x: Any, tensors: Tensors, prefix: str) -> Any:
    """Add attention and feed-forward, each with its residual and norm (Devlin et al. 2019)."""
    from keras import layers

    attended = _attention(x, tensors, prefix)
    x = _norm(layers.Add()([x, attended]), tensors, f"{prefix}attention.output.LayerNorm")
    inner = _dense(x, tensors, f"{prefix}intermediate.dense", activation=_gelu)
    y = _dense(inner, tensors, f"{prefix}output.dense")
    return _norm(layers.Add()([x, y]), tensors, f"{prefix}output.LayerNorm")


def _attention(x: Any, tensors: Tensors, prefix: str) -> Any:
    """Add scaled dot-product attention (Vaswani et al. 2017, equation 1) over `HEADS` heads."""
    from keras import layers, ops

    depth = WIDTH // HEADS
    query, key, value = (
        layers.Permute((2, 1, 3))(
            layers.Reshape((-1, HEADS, depth))(_dense(x, tensors, f"{prefix}attention.self.{part}"))
        )
        for part in ("query", "key", "value")
    )
    scores = ops.matmul(query * depth**-0.5, ops.transpose(key, (0, 1, 3, 2)))
    mixed = ops.matmul(ops.softmax(scores, axis=-1), value)
    mixed = layers.Reshape((-1, WIDTH))(layers.Permute((2, 1, 3))(mixed))
    return _dense(mixed, tensors, f"{prefix}attention.output.dense")


def _dense(x: Any, tensors: Tensors, name: str, *, activation: Any = None) -> Any:
    """Return a dense layer whose weights are kept as half-precision numbers, and so at half the size."""
    import keras
    from keras import ops

    kernel, bias = tensors[f"{name}.weight"].T, tensors[f"{name}.bias"]

    class HalfDense(keras.layers.Layer):  # type: ignore[misc]
        def build(self, _: Any) -> None:
            self.kernel = self.add_weight(shape=kernel.shape, dtype="float16", name="kernel")
            self.built = True

        def call(self, x: Any) -> Any:
            y = ops.matmul(x, ops.cast(self.kernel, "float32")) + ops.convert_to_tensor(bias)
            return y if activation is None else activation(y)

    layer = HalfDense(name=name.replace(".", "_"))
    y = layer(x)
    layer.kernel.assign(kernel.astype(np.float16))
    return y


def _norm(x: Any, tensors: Tensors, name: str) -> Any:
    from keras import layers

    layer = layers.LayerNormalization(epsilon=LAYER_NORM_EPSILON, name=name.replace(".", "_"))
    y = layer(x)
    layer.set_weights([tensors[f"{name}.weight"], tensors[f"{name}.bias"]])
    return y


def _gelu(x: Any) -> Any:
    """Compute the exact GELU, not the tanh approximation (Hendrycks & Gimpel 2016)."""
    from keras import ops

    return ops.gelu(x, approximate=False)


def export_encoder(folder: Path, *, models_dir: Path) -> Manifest:
    """Write version 1 of `text_encoder`.

    Args:
        folder: holds `model.safetensors` and `vocab.txt` of the published model.
        models_dir: folder of all models.

    Raises:
        FileNotFoundError: one of the files is missing.
    """
    load_tensorflow()
    tensors = {
        name: tensor.astype(np.float16).astype(np.float32)
        for name, tensor in read_tensors(folder / "model.safetensors").items()
    }
    vocabulary = (folder / "vocab.txt").read_text(encoding="utf-8").split("\n")
    rows = [row for row, piece in enumerate(vocabulary) if piece and is_kept(piece)]
    pieces = write_pieces([vocabulary[row] for row in rows], tensors[WORD_EMBEDDINGS][rows])
    return export_model(
        build_encoder(tensors),
        name=TEXT_ENCODER,
        labels=(),
        preprocessing={"pieces": len(rows), "stretch": STRETCH, "blocks": list(BLOCKS)},
        training_data={"all-MiniLM-L6-v2": data_hash([folder / "model.safetensors", folder / "vocab.txt"])},
        metrics=(),
        seed=None,
        licence=LICENCE,
        card=CARD,
        models_dir=models_dir,
        check_batch=_check_batch(pieces),
        assets={PIECES_ASSET: pieces},
        version=1,
        output_name="vectors",
        half_precision=True,
    )


def _check_batch(content: bytes) -> Floats:
    """Return a sentence and its words in reverse order: real input of one length."""
    table = read_pieces(content)
    numbers = [number for token in tokenize(CHECK_TEXT) for number in table.pieces.of_word(token)]
    return np.stack([table.embed(numbers), table.embed(numbers[::-1])])


CARD = """# text_encoder

Frozen front of `text_traits` and `text_impression`: the first four blocks of all-MiniLM-L6-v2 (Reimers &
Gurevych 2019; Wang et al. 2020; Apache-2.0), the vectors after the second and the fourth side by side.
Weights are as published, rounded to half precision. The table of word pieces (`pieces.npz`) is rounded to 8
bits, and lacks the pieces of other scripts.

- Input: word pieces looked up in the table, `(n, length, 384)`, at most 128 long, all rows of one length.
- Output: `(n, length, 768)`.
- Trained by its authors on a billion pairs of sentences from the web; not trained further here. Whether the
  essays or transcripts used here were among them cannot be known; labels of personality were not.
- English only. What its training text thinks of people is in its vectors.
- Not for decisions about people.
"""


def main() -> None:
    """Parse the command line and export."""
    parser = argparse.ArgumentParser(description="Export text_encoder.")
    parser.add_argument("--encoder", type=Path, required=True)
    parser.add_argument("--models-dir", type=Path, default=CommonSettings().models_dir)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    manifest = export_encoder(options.encoder, models_dir=options.models_dir)
    log.info("wrote %s version %d", manifest.name, manifest.version)


if __name__ == "__main__":
    main()
