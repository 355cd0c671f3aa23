import json
from pathlib import Path

import numpy as np
import pytest

from services.text.training.distil import principal, read_glove, save_vectors, side_by_side
from services.text.training.sentence_encoder import SentenceEncoder, read_tensors, word_ids
from services.text.training.word_vectors import VECTORS_FILE, load_word_vectors
from services.text.word_pieces import WordPieces

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "boat", "##s", "##ing", "cafe", "'", "t", "don"]


def write_tensors(path: Path, tensors: dict[str, np.ndarray]) -> None:
    """A safetensors file."""
    table, content = {}, b""
    for name, tensor in tensors.items():
        data = tensor.astype(np.float32).tobytes()
        table[name] = {
            "dtype": "F32",
            "shape": list(tensor.shape),
            "data_offsets": [len(content), len(content) + len(data)],
        }
        content += data
    head = json.dumps(table).encode()
    path.write_bytes(len(head).to_bytes(8, "little") + head + content)


def write_encoder(folder: Path) -> Path:
    """An encoder of the published shape with random weights."""
    generator = np.random.default_rng(0)
    width, inner = 384, 1536

    def norm(name: str) -> dict[str, np.ndarray]:
        return {f"{name}.weight": np.ones(width), f"{name}.bias": np.zeros(width)}

    def dense(name: str, rows: int, columns: int) -> dict[str, np.ndarray]:
        return {
            f"{name}.weight": generator.normal(0, 0.02, size=(rows, columns)),
            f"{name}.bias": generator.normal(0, 0.02, size=rows),
        }

    tensors = {
        "embeddings.word_embeddings.weight": generator.normal(size=(len(PIECES), width)),
        "embeddings.position_embeddings.weight": generator.normal(0, 0.02, size=(20, width)),
        "embeddings.token_type_embeddings.weight": generator.normal(0, 0.02, size=(2, width)),
        **norm("embeddings.LayerNorm"),
    }
    for layer in range(6):
        name = f"encoder.layer.{layer}."
        for part in ("query", "key", "value"):
            tensors |= dense(f"{name}attention.self.{part}", width, width)
        tensors |= dense(f"{name}attention.output.dense", width, width)
        tensors |= norm(f"{name}attention.output.LayerNorm")
        tensors |= dense(f"{name}intermediate.dense", inner, width)
        tensors |= dense(f"{name}output.dense", width, inner)
        tensors |= norm(f"{name}output.LayerNorm")
    write_tensors(folder / "model.safetensors", tensors)
    (folder / "vocab.txt").write_text("\n".join(PIECES), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("word", "pieces"),
    [
        ("boats", ["boat", "##s"]),
        ("café", ["cafe"]),
        ("don't", ["don", "'", "t"]),
        ("sailing", ["[UNK]"]),
    ],
)
def test_words_are_cut_into_known_pieces_when_they_are_encoded(word: str, pieces: list[str]) -> None:
    expected = ["[CLS]", *pieces, "[SEP]"]

    assert word_ids(word, WordPieces(PIECES)) == [PIECES.index(piece) for piece in expected]


def test_tensors_keep_shape_and_numbers_when_a_file_is_read(tmp_path: Path) -> None:
    write_tensors(tmp_path / "t", {"a": np.arange(6).reshape(2, 3), "b": np.ones(1)})

    found = read_tensors(tmp_path / "t")

    np.testing.assert_array_equal(found["a"], [[0, 1, 2], [3, 4, 5]])
    np.testing.assert_array_equal(found["b"], [1])


def test_embedding_of_a_word_is_the_same_when_others_are_in_the_batch(tmp_path: Path) -> None:
    encoder = SentenceEncoder(write_encoder(tmp_path))
    boat, cafe = (word_ids(word, encoder.pieces) for word in ("boat", "cafe"))

    both = encoder.encode(np.array([boat, cafe]))

    np.testing.assert_allclose(both[:1], encoder.encode(np.array([boat])), atol=1e-4)
    assert both.shape == (2, 384)
    assert not np.allclose(both[0], both[1], atol=1e-2)


def test_principal_components_keep_distances_when_none_is_dropped() -> None:
    vectors = np.random.default_rng(0).normal(size=(30, 6)).astype(np.float32)

    reduced = principal(vectors, np.ones(30, np.float32), 6)

    np.testing.assert_allclose(
        np.linalg.norm(reduced[0] - reduced[1]), np.linalg.norm(vectors[0] - vectors[1]), rtol=1e-4
    )
    assert reduced[:, 0].var() > reduced[:, 5].var()


def test_parts_are_averaged_when_a_word_has_an_apostrophe(tmp_path: Path) -> None:
    path = tmp_path / "glove.txt"
    path.write_text("do 1 0\nn't 0 1\nboat 2 2\nunused 9 9\n", encoding="utf-8")

    found = read_glove(path, ["don't", "boat", "unknown"])

    np.testing.assert_allclose(found, [[0.5, 0.5], [2, 2], [1, 1]])


def test_sources_vary_as_much_as_each_other_when_they_stand_side_by_side() -> None:
    generator = np.random.default_rng(0)
    small, large = generator.normal(size=(50, 3)), 100 * generator.normal(size=(50, 2)) + 7

    joined = side_by_side([small, large], np.ones(50))

    assert (joined[:, :3] ** 2).sum() == pytest.approx((joined[:, 3:] ** 2).sum(), rel=1e-4)


def test_vectors_survive_8_bits_when_they_are_written_and_read(tmp_path: Path) -> None:
    vectors = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    save_vectors(["a", "b", "don't", "é"], vectors, tmp_path / "v.npz")

    read = load_word_vectors(tmp_path / "v.npz")

    assert list(read.words) == ["a", "b", "don't", "é"]
    np.testing.assert_allclose(read.vectors, vectors, atol=np.abs(vectors).max() / 100)


def test_like_words_lie_near_each_other_when_the_committed_vectors_are_read() -> None:
    read = load_word_vectors(VECTORS_FILE)
    row = {word: place for place, word in enumerate(read.words)}

    def likeness(first: str, second: str) -> float:
        a, b = read.vectors[row[first]], read.vectors[row[second]]
        return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))

    assert likeness("happy", "glad") > likeness("happy", "engine") + 0.2
    assert likeness("manager", "boss") > likeness("manager", "banana") + 0.1
