from dataclasses import replace

import numpy as np
import pytest

from services.text.features import (
    Vocabulary,
    character_terms,
    count_sentences,
    english_share,
    frequent_words,
    is_word,
    phrases,
    reliability,
    term_contributions,
    term_counts,
    tfidf,
    tokenize,
)
from tests.media_text import ENGLISH

VOCABULARY = Vocabulary(
    tokens=["boat", "i", "the", "."],
    characters=[" b", "bo", "oat", "th", "the"],
    idf=np.linspace(1.0, 3.0, 9).astype(np.float32),
    character_ngrams=(2, 3),
)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("I don’t know...", ["i", "don't", "know", "..."]),
        ("Café, 42 times!", ["café", ",", "42", "times", "!"]),
        ("ﬁne　Ｆｕｌｌ", ["fine", "full"]),
        ("snake_case e-mail", ["snake", "case", "e", "-", "mail"]),
        ("\x00 \ud800 \U0001f600", []),
        ("", []),
    ],
)
def test_tokens_are_words_and_marks_when_text_is_folded(text: str, tokens: list[str]) -> None:
    assert tokenize(text) == tokens


def test_words_are_cut_when_they_are_absurdly_long() -> None:
    assert tokenize("a" * 10_000) == ["a" * 64]


def test_numbers_and_marks_are_no_words_when_words_are_counted() -> None:
    assert [token for token in tokenize("I have 2 cats.") if is_word(token)] == ["i", "have", "cats"]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three?", 3),
        ("No end mark", 1),
        ("One... and the rest", 2),
        ("It cost 3.50 in all.", 1),
        ("(Really?) Yes.", 2),
        ("  \n ", 0),
    ],
)
def test_sentences_are_counted_by_their_end_marks_when_present(text: str, sentences: int) -> None:
    assert count_sentences(text) == sentences


def test_english_share_tells_languages_apart_when_texts_are_ordinary() -> None:
    german = (
        "Heute war einer der längsten Tage meines Lebens, und so suche ich ständig nach einem Weg, die Zeit "
        "zu verbringen. Es war so warm in der Stadt, dass ich mit Freunden an den Fluss gegangen bin."
    )

    assert english_share(tokenize(ENGLISH)) > 0.3
    assert english_share(tokenize(german)) < 0.05
    assert english_share([]) == 0.0


def test_frequent_words_skip_function_words_when_they_are_ranked() -> None:
    words = tokenize("the boat and the boat and a river x x x x")

    assert frequent_words(words, limit=5) == [("boat", 2), ("river", 1)]
    assert frequent_words(words, limit=1) == [("boat", 2)]


def test_character_terms_mark_word_ends_when_they_are_cut() -> None:
    assert character_terms("to", 2, 3) == [" t", "to", "o ", " to", "to "]


def test_counts_match_by_hand_when_terms_repeat() -> None:
    counts = term_counts(tokenize("The boat. The bobo"), VOCABULARY)

    #                      boat i the .   ' b' bo oat th the
    assert counts.tolist() == [1, 0, 2, 1, 2, 3, 1, 2, 2]


def test_blocks_have_equal_length_when_both_have_terms() -> None:
    vector = tfidf(tokenize("I see the boat."), VOCABULARY)

    assert vector.dtype == np.float32
    assert np.linalg.norm(vector[:4]) == pytest.approx(np.sqrt(0.5))
    assert np.linalg.norm(vector[4:]) == pytest.approx(np.sqrt(0.5))


def test_vector_agrees_with_scikit_learn_when_given_the_same_terms() -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = [tokenize(ENGLISH), tokenize("the boat and the river and the end"), tokenize("I know the boat.")]
    oracle = TfidfVectorizer(analyzer=lambda tokens: tokens, sublinear_tf=True)
    expected = oracle.fit_transform(texts).toarray()
    own = Vocabulary(
        tokens=oracle.get_feature_names_out().tolist(), characters=[], idf=oracle.idf_.astype(np.float32)
    )

    np.testing.assert_allclose(np.stack([tfidf(tokens, own) for tokens in texts]), expected, atol=1e-6)


def test_vector_is_zero_when_no_term_is_known() -> None:
    assert not tfidf(tokenize("xylem qqq"), VOCABULARY).any()


def test_reliability_grows_with_length_when_words_are_added() -> None:
    assert reliability([], 50.0) == 0.0
    assert reliability(["a"] * 50 + ["."] * 9, 50.0) == pytest.approx(0.5)


def test_contributions_sum_to_the_outputs_when_words_and_phrases_are_told_apart() -> None:
    own = replace(VOCABULARY, phrases=["the boat", "i saw"], idf=np.linspace(1.0, 3.0, 11).astype(np.float32))
    weights = np.random.default_rng(0).normal(size=(own.size, 5)).astype(np.float32)
    tokens = tokenize("I saw the boat. The other boat, I saw. Boats bother the throat!")
    values = tfidf(tokens, own)

    shares = term_contributions(tokens, own, values, weights)

    assert set(shares) == set(tokens) | {"the boat", "i saw"}
    np.testing.assert_allclose(sum(shares.values()), values @ weights, atol=1e-5)
    assert not shares["!"].any()
    assert shares["throat"].any()
    assert shares["i saw"].any()


def test_phrases_join_neighbours_when_a_text_has_two_tokens_or_more() -> None:
    assert phrases(["the", "boat", "."]) == ["the boat", "boat ."]
    assert phrases(["boat"]) == []


def test_blocks_skip_kinds_without_terms_when_columns_are_laid_out() -> None:
    idf = np.ones(3, dtype=np.float32)

    assert Vocabulary(["a"], [], idf, phrases=["a b", "b a"]).blocks == [slice(0, 1), slice(1, 3)]
