"""The words of a report on a terminal."""

from io import StringIO

from rich.console import Console

from candor.views.words import lines_of, words_view
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


def test_words_stand_in_the_lines_of_the_report_when_it_has_them() -> None:
    transcript = spoken_words().transcript
    assert transcript is not None
    lines = lines_of(transcript.model_copy(update={"line_starts": [0, 3]}))
    assert [len(line) for line in lines] == [3, len(transcript.words) - 3]
    assert len(lines_of(transcript.model_copy(update={"line_starts": None}))) == 1
    assert lines_of(transcript.model_copy(update={"words": [], "line_starts": None})) == []
