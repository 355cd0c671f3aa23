from dataclasses import replace

import numpy as np
import pytest

from services.text.context import Context, ContextLayer
from services.text.features import Vocabulary, tokenize
from services.text.meanings import Meanings, read_meanings, write_meanings
from services.text.pace import COLUMNS, FASTEST, pace_inputs
from services.text.text_model import (
    MEANINGS_ASSET,
    PACE,
    VOCABULARY_ASSET,
    WEIGHTS_ASSET,
    TextModel,
    Widths,
    read_assets,
    words_and_phrases,
    write_assets,
)

TEXT = "I saw the boat. The other boat, I saw. Boats set the pace!"
LAYER = ContextLayer(np.full((3, 2), 0.7, np.float32), np.array([0.1, 0.2, 0.3], np.float32))
MEANINGS = Meanings(["boat", "other", "the"], np.arange(6, dtype=np.float32).reshape(3, 2))


def model(**changes: object) -> TextModel:
    """Two scores over four tokens, two n-grams, a phrase, two meanings, the pace and a constant."""
    vocabulary = Vocabulary(
        tokens=["boat", "i", "the", "."],
        characters=["oat", "th"],
        idf=np.linspace(1.0, 2.0, 7).astype(np.float32),
        character_ngrams=(2, 3),
        phrases=["the boat"],
    )
    weights = np.random.default_rng(0).normal(size=(7 + 2 + COLUMNS + 1, 2)).astype(np.float32)
    whole = TextModel(
        vocabulary=vocabulary,
        weights=weights,
        offset=np.array([0.5, -0.5], dtype=np.float32),
        half_words=10.0,
        meanings=MEANINGS,
        pace_mean=pace_inputs(170.0),
        widths=Widths(np.array([10.0, 100.0], np.float32), np.array([[2.0, 4.0], [1.0, 2.0]], np.float32)),
    )
    return replace(whole, **changes)


def in_context(own: TextModel) -> TextModel:
    """The same model, reading words in context as well."""
    more = np.array([[0.5, -1.0], [2.0, 1.5]], np.float32)
    return replace(own, context=LAYER, weights=np.insert(own.weights, [9], more, axis=0))


def read(tokens: list[str]) -> Context:
    """Something for every token."""
    sums = {token: np.full(3, len(token) / 50, np.float32) for token in set(tokens)}
    parts = {token: tokens.count(token) / len(tokens) for token in sums}
    return Context(np.sum(list(sums.values()), axis=0), sums, parts)


def test_contributions_are_the_outputs_when_words_are_read_in_context() -> None:
    own, tokens = in_context(model()), tokenize(TEXT)
    context = read(tokens)

    shares = own.contributions(tokens, words_per_minute=90.0, context=context)

    outputs = own.row(tokens, words_per_minute=90.0, context=context.mean) @ own.weights
    np.testing.assert_allclose(sum(shares.values()) + own.constant(tokens), outputs, atol=1e-5)
    assert not np.allclose(shares["boat"], model().contributions(tokens)["boat"], atol=1e-3)


def test_row_is_refused_when_the_context_that_the_model_needs_is_missing() -> None:
    with pytest.raises(ValueError, match="context"):
        in_context(model()).row(tokenize(TEXT))
    assert in_context(model()).row(["."]).shape == (9 + 2 + COLUMNS + 1,)


@pytest.mark.parametrize("rate", [None, 90.0, 500.0])
def test_contributions_and_constant_are_the_outputs_when_summed(rate: float | None) -> None:
    own, tokens = model(), tokenize(TEXT)

    shares = own.contributions(tokens, words_per_minute=rate)

    outputs = own.row(tokens, words_per_minute=rate) @ own.weights
    np.testing.assert_allclose(sum(shares.values()) + own.constant(tokens), outputs, atol=1e-5)
    assert (np.abs(shares[PACE]).sum() > 0) == (rate is not None)


def test_only_words_and_phrases_are_shown_when_marks_and_pace_contribute() -> None:
    shown = words_and_phrases(model().contributions(tokenize(TEXT), words_per_minute=90.0))

    assert {"the boat", "boat", "pace", "boats"} <= set(shown)
    assert not {".", ",", "!", PACE} & set(shown)


def test_row_shrinks_but_keeps_the_pace_when_a_text_is_short() -> None:
    own = model()

    short, long = (own.row(tokenize(text), words_per_minute=90.0) for text in ("boat", "boat " * 90))

    assert short[-1] == pytest.approx(1 / 11)
    assert long[-1] == pytest.approx(0.9)
    np.testing.assert_array_equal(short[-1 - COLUMNS : -1], long[-1 - COLUMNS : -1])


def test_model_is_the_same_when_its_assets_are_read_back() -> None:
    own, tokens = model(), tokenize(TEXT)
    files = write_assets(own)

    again = read_assets(files[VOCABULARY_ASSET], files[WEIGHTS_ASSET], files[MEANINGS_ASSET])

    row = again.row(tokens, words_per_minute=120.0)
    np.testing.assert_array_equal(row, own.row(tokens, words_per_minute=120.0))
    np.testing.assert_array_equal(again.weights, own.weights)
    np.testing.assert_array_equal(again.widths.at(50), own.widths.at(50))
    assert again.context is None


def test_context_is_the_same_when_its_assets_are_read_back() -> None:
    files = write_assets(in_context(model()))

    again = read_assets(files[VOCABULARY_ASSET], files[WEIGHTS_ASSET], files[MEANINGS_ASSET])

    assert again.context is not None
    np.testing.assert_array_equal(again.context.weights, LAYER.weights)
    np.testing.assert_array_equal(again.context.centre, LAYER.centre)


def test_meaning_is_the_mean_over_known_words_when_others_stand_between() -> None:
    mean = MEANINGS.mean(["the", "unknown", "boat", "the", "."])

    np.testing.assert_allclose(mean, (2 * MEANINGS.scores[2] + MEANINGS.scores[0]) / 3)
    assert not MEANINGS.mean(["unknown"]).any()


def test_meanings_survive_a_round_trip_when_words_have_accents() -> None:
    again = read_meanings(write_meanings(Meanings(["café", "a"], np.ones((2, 3), np.float32))))

    assert again.words == ["café", "a"]
    assert again.scores.shape == (2, 3)


def test_widths_lie_between_those_measured_when_a_length_does() -> None:
    widths = model().widths

    np.testing.assert_allclose(widths.at(3), [2.0, 4.0])
    np.testing.assert_allclose(widths.at(1000), [1.0, 2.0])
    assert 1.0 < widths.at(40)[0] < 2.0


def test_pace_stops_growing_when_nobody_speaks_that_fast() -> None:
    np.testing.assert_array_equal(pace_inputs(FASTEST), pace_inputs(10 * FASTEST))
    np.testing.assert_allclose(pace_inputs(100.0), [1.0, 0.2, 0.0, 0.0], atol=1e-6)
