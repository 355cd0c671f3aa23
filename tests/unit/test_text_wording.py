"""Sentences, syllables, readability, shares of words, and how often others use a word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.text.features import is_word, tokenize
from services.text.word_rates import SPOKEN, WRITTEN, WordRates, load_word_rates
from services.text.wording import count_sentences, count_syllables, readability, word_shares


def words_of(text: str) -> list[str]:
    return [token for token in tokenize(text) if is_word(token)]


@pytest.mark.parametrize(
    ("syllables", "words"),
    [
        (1, "i the make made worked friend sheep through they're don't times"),
        (2, "table people going being something every didn't it'd houses player watches"),
        (3, "idea media everything creative radio easier beautiful"),
        (4, "experience automatic information america situation"),
        (5, "university opportunity"),
    ],
)
def test_syllables_are_counted_when_spelling_tells_them(syllables: int, words: str) -> None:
    found = {word: count_syllables(word) for word in words.split()}

    assert found == dict.fromkeys(words.split(), syllables)


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz'", min_size=1, max_size=40))
def test_every_word_has_a_syllable_when_its_letters_are_arbitrary(word: str) -> None:
    assert 1 <= count_syllables(word) <= 2 * len(word)


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("", 0),
        ("No end mark", 1),
        ("One. Two! Three?", 3),
        ("It cost 3.50 in all.", 1),
        ("A heading\n\nA sentence\nthat wraps.\n\n\nAn item", 3),
    ],
)
def test_sentences_end_when_a_mark_or_a_blank_line_comes(text: str, sentences: int) -> None:
    assert count_sentences(text) == sentences


def test_readability_follows_the_formulas_when_the_counts_are_known() -> None:
    measured = readability(words_of("The cat sat on the mat. " * 10), sentences=10)

    assert measured is not None
    assert (measured.words_per_sentence, measured.syllables_per_word) == (6.0, 1.0)
    assert measured.flesch_reading_ease == pytest.approx(206.835 - 1.015 * 6 - 84.6, abs=0.06)
    assert measured.school_grade == pytest.approx(0.39 * 6 + 11.8 - 15.59, abs=0.06)


def test_harder_text_scores_lower_when_words_and_sentences_are_longer() -> None:
    easy = readability(words_of("I like my dog. He runs fast. " * 8), sentences=16)
    hard = readability(
        words_of("Organisational responsibilities necessitate considerable administrative preparation. " * 8),
        sentences=8,
    )

    assert easy is not None
    assert hard is not None
    assert easy.flesch_reading_ease > 90 > 30 > hard.flesch_reading_ease
    assert hard.school_grade > 12 > easy.school_grade


@pytest.mark.parametrize(("words", "sentences"), [(29, 2), (300, 1), (500, 0)])
def test_readability_is_unknown_when_a_text_is_short_or_has_no_marks(words: int, sentences: int) -> None:
    assert readability(["word"] * words, sentences=sentences) is None


def test_pronouns_are_counted_by_person_when_they_are_contracted() -> None:
    shares = word_shares(words_of("I'm sure we've met; you know my wife, and they like her."))

    assert shares is not None
    assert shares.first_person_singular == pytest.approx(2 / 12, abs=1e-4)
    assert shares.first_person_plural == pytest.approx(1 / 12, abs=1e-4)
    assert shares.second_person == pytest.approx(1 / 12, abs=1e-4)
    assert shares.third_person == pytest.approx(2 / 12, abs=1e-4)
    assert shares.distinct == 1.0


@pytest.mark.parametrize(
    ("text", "positive", "negative"),
    [
        ("I am happy today", 1, 0),
        ("I am not happy today", 0, 0),
        ("I wasn't ever sad today", 0, 0),
        ("not at all, I am happy", 1, 0),
        ("afraid and angry, then relieved", 1, 2),
    ],
)
def test_emotion_words_count_when_no_negation_is_near(text: str, positive: int, negative: int) -> None:
    words = words_of(text)
    shares = word_shares(words)

    assert shares is not None
    assert shares.positive == pytest.approx(positive / len(words), abs=1e-4)
    assert shares.negative == pytest.approx(negative / len(words), abs=1e-4)


def test_there_are_no_shares_when_there_are_no_words() -> None:
    assert word_shares([]) is None


def test_typical_count_grows_with_the_text_when_a_word_is_known() -> None:
    rates = WordRates({WRITTEN: {"school": 2000.0}, SPOKEN: {"school": 500.0}})

    assert rates.typical_count("school", words=500, spoken=False) == 1.0
    assert rates.typical_count("school", words=1000, spoken=True) == 0.5
    assert rates.typical_count("zyzzyva", words=1000, spoken=True) == 0.0


def test_table_holds_words_of_many_and_no_stand_ins_when_it_is_loaded() -> None:
    rates = load_word_rates().per_million

    assert set(rates) == {WRITTEN, SPOKEN}
    assert min(map(len, rates.values())) > 1000
    assert not {"propname", "inaudible", "the"} & (set(rates[WRITTEN]) | set(rates[SPOKEN]))
    assert rates[SPOKEN]["video"] > rates[WRITTEN]["video"]
