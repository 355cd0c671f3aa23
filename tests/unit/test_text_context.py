from collections import Counter

import numpy as np
import pytest

from services.common.serving.predictor import FloatArray
from services.common.serving.registry import TEXT_ENCODER
from services.text.context import (
    MOST_STRETCHES,
    STRETCH,
    ContextLayer,
    read_context,
    read_pieces,
    stretches,
    write_pieces,
)
from services.text.features import tokenize
from services.text.word_pieces import WordPieces

VOCABULARY = ["[UNK]", "[CLS]", "[SEP]", "boat", "##s", "i", "saw", "the", ".", "un"]
VECTORS = np.random.default_rng(1).normal(size=(len(VOCABULARY), 4)).astype(np.float32)
LAYER = ContextLayer(
    np.random.default_rng(2).normal(size=(4, 3)).astype(np.float32), np.full(4, 0.3, np.float32)
)


class ShiftingEncoder:
    """Stands for `text_encoder`: a piece's vector becomes the mean of itself and the one before it."""

    def __init__(self) -> None:
        self.lengths: list[tuple[int, ...]] = []

    def asset(self, model: str, name: str) -> bytes:
        assert model == TEXT_ENCODER
        return write_pieces(VOCABULARY, VECTORS)

    def predict(self, model: str, batch: FloatArray) -> FloatArray:
        self.lengths.append(batch.shape)
        return (batch + np.roll(batch, 1, axis=1)) / 2


def test_parts_of_the_words_are_the_scores_when_they_are_summed() -> None:
    tokens = tokenize("I saw the boats. The boats saw the unboats.")

    context = read_context(tokens, ShiftingEncoder())

    assert context is not None
    shares = LAYER.contributions(context)
    np.testing.assert_allclose(sum(shares.values()), LAYER.scores(context.mean), atol=1e-5)
    assert sum(context.parts.values()) == pytest.approx(1.0)
    assert set(shares) == set(tokens)


def test_a_word_counts_otherwise_when_it_stands_elsewhere() -> None:
    first, second = (
        read_context(tokenize(text), ShiftingEncoder()) for text in ("i saw the boat", "the boat saw i")
    )

    assert first is not None
    assert second is not None
    assert first.parts == second.parts
    assert not np.allclose(first.mean, second.mean)


def test_marks_at_the_ends_are_not_counted_when_a_text_is_read() -> None:
    context = read_context(["boat"], ShiftingEncoder())

    assert context is not None
    table = read_pieces(write_pieces(VOCABULARY, VECTORS))
    start, boat, _ = table.embed([VOCABULARY.index("boat")])
    np.testing.assert_allclose(context.mean, (start + boat) / 2, atol=1e-6)


def test_nothing_is_read_when_a_text_has_no_words() -> None:
    assert read_context([], ShiftingEncoder()) is None


def test_no_stretch_is_too_long_and_none_is_lost_when_a_text_is_of_middle_length() -> None:
    tokens = ["boats"] * 200

    cut = stretches(tokens, WordPieces(VOCABULARY))

    assert all(0 < len(part) <= STRETCH for part in cut)
    assert sum(map(len, cut)) == 400
    assert max(map(len, cut)) - min(map(len, cut)) <= 1


def test_work_is_bounded_and_spread_when_a_text_is_a_book() -> None:
    tokens = [f"the {'i' * (place % 2)}".strip() for place in range(100_000)]
    encoder = ShiftingEncoder()

    context = read_context(tokens, encoder)

    assert context is not None
    assert sum(shape[0] for shape in encoder.lengths) == MOST_STRETCHES
    cut = stretches(["i"] * 50_000 + ["the"] * 50_000, WordPieces(VOCABULARY))
    counted = Counter(token for part in cut for token, _ in part)
    assert counted["i"] == pytest.approx(counted["the"], rel=0.3)


def test_pieces_keep_their_vectors_to_8_bits_when_written_and_read() -> None:
    read = read_pieces(write_pieces(VOCABULARY, VECTORS))

    np.testing.assert_allclose(read.embed([3])[1], VECTORS[3], atol=np.abs(VECTORS[3]).max() / 127)
    assert read.pieces.of_word("boats") == (3, 4)
