"""The words of a report on a terminal."""

from io import StringIO

from rich.console import Console

from candor.views.words import lines_of, words_view
from services.common.contracts.text import SpokenWord
from tests.fake_reports import spoken_words, words


def shown(result) -> str:
    console = Console(width=100, record=True, file=StringIO())
    console.print(words_view(result))
    return console.export_text()


def test_transcript_stands_with_times_when_the_answer_was_spoken() -> None:
    text = shown(spoken_words())
    assert "0:00 So in my last project" in text
    assert "148 words/min" in text
    assert "Not proof of what was said" in text
    assert "would be invited" in text
    assert "22 to 76" in text


def test_nothing_is_said_of_speech_when_the_words_were_typed() -> None:
    text = shown(words())
    assert "pace" not in text
    assert "Not proof" not in text
    assert "moved the self-report" in text


def test_line_ends_when_there_is_a_pause_or_a_sentence_grew_long() -> None:
    def word(text: str, start_s: float) -> SpokenWord:
        return SpokenWord(text=text, start_s=start_s, end_s=start_s + 0.2, probability=0.9)

    after_pause = [word("one", 0.0), word("two", 0.3), word("three", 1.6)]
    assert [len(line) for line in lines_of(after_pause)] == [2, 1]
    long = [word("so." if number == 11 else "so", 0.3 * number) for number in range(20)]
    assert [len(line) for line in lines_of(long)] == [12, 8]
    assert lines_of([]) == []
