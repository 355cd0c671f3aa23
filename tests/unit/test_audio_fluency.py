import pytest

from services.audio.fluency import MIN_WORDS, find_filler, measure_fluency
from services.common.contracts.text import SpokenWord


def spoken(text: str, *, word_s: float = 0.5, start_s: float = 10.0) -> list[SpokenWord]:
    return [
        SpokenWord(text=word, start_s=start_s + n * word_s, end_s=start_s + (n + 1) * word_s, probability=0.9)
        for n, word in enumerate(text.split())
    ]


def test_rates_count_from_the_first_word_to_the_last_when_the_answer_starts_late():
    found = measure_fluency(spoken("Um, we made it one and, uh, they ummm thanked us"))
    assert found.words_per_minute == pytest.approx(60 / 0.5 * 9 / 11, abs=0.1)
    assert found.fillers == 2
    assert found.fillers_per_minute == pytest.approx(2 * 60 / 5.5, abs=0.01)


def test_fillers_are_counted_by_sound_when_they_are_spelt_in_several_ways():
    found = measure_fluency(spoken("Umm, so, um... uhm Er, I erm - think; Hmm!"))
    assert {count.term: count.count for count in found.filler_words} == {"um": 3, "er": 2, "hmm": 1}


@pytest.mark.parametrize("word", ["like", "well", "so", "umbrella", "error", "her", "mm-hmm", ""])
def test_a_word_is_no_filler_when_it_may_mean_something(word):
    assert find_filler(word) is None


def test_there_is_no_rate_when_too_little_was_said():
    few = measure_fluency(spoken("um yes " + "well " * (MIN_WORDS - 3)))
    hasty = measure_fluency(spoken("I was in a small team", word_s=0.1))
    nothing = measure_fluency([])
    assert few.words_per_minute is few.fillers_per_minute is None
    assert few.fillers == 1
    assert hasty.words_per_minute is None
    assert (nothing.words_per_minute, nothing.fillers, nothing.filler_words) == (None, 0, [])
