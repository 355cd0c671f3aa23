"""Where the lines of a transcript begin."""

from services.audio.transcript_lines import find_line_starts
from services.common.contracts.text import SpokenWord


def word(text: str, start_s: float) -> SpokenWord:
    return SpokenWord(text=text, start_s=start_s, end_s=start_s + 0.2, probability=0.9)


def test_line_ends_when_there_is_a_pause() -> None:
    assert find_line_starts([word("one", 0.0), word("two", 0.3), word("three", 1.6)]) == [0, 2]


def test_line_ends_with_its_sentence_when_it_has_grown_long() -> None:
    one_sentence = [word("so." if number == 11 else "so", 0.3 * number) for number in range(20)]
    assert find_line_starts(one_sentence) == [0, 12]
    assert find_line_starts([word("so.", 0.3 * number) for number in range(20)]) == [0, 9, 18]


def test_line_ends_when_no_sentence_does() -> None:
    assert find_line_starts([word("so", 0.3 * number) for number in range(60)]) == [0, 28, 56]


def test_there_are_no_lines_when_there_are_no_words() -> None:
    assert find_line_starts([]) == []
