"""Languages are told apart, and what is no language is not taken for one."""

import json
from pathlib import Path

import pytest

from services.text.language import UNKNOWN, detect_language

SENTENCES: dict[str, list[str]] = json.loads(
    (Path(__file__).parents[1] / "data" / "spoken_sentences.json").read_text(encoding="utf-8")
)
"""Eight sentences of an interview, the same ones in fifteen languages."""

EMODB = (
    "Der Lappen liegt auf dem Eisschrank.",
    "Das will sie am Mittwoch abgeben.",
    "Heute abend könnte ich es ihm sagen.",
    "Das schwarze Stück Papier befindet sich da oben neben dem Holzstück.",
    "In sieben Stunden wird es soweit sein.",
    "Was sind denn das für Tüten, die da unter dem Tisch stehen?",
    "Sie haben es gerade hochgetragen und jetzt gehen sie wieder runter.",
    "An den Wochenenden bin ich jetzt immer nach Hause gefahren und habe Agnes besucht.",
    "Ich will das eben wegbringen und dann mit Karl was trinken gehen.",
    "Die wird auf dem Platz sein, wo wir sie immer hinlegen.",
)


@pytest.mark.parametrize("code", SENTENCES)
def test_language_is_right_or_unknown_when_one_sentence_is_given(code: str) -> None:
    found = [detect_language(sentence).code for sentence in SENTENCES[code]]

    assert set(found) <= {code, None}
    assert found.count(code) >= 6


@pytest.mark.parametrize("code", SENTENCES)
def test_language_is_sure_when_several_sentences_are_given(code: str) -> None:
    found = detect_language(" ".join(SENTENCES[code]))

    assert found.code == code
    assert found.probability is not None
    assert found.probability > 0.99


@pytest.mark.parametrize("sentence", EMODB)
def test_german_is_heard_when_the_sentence_is_of_emodb(sentence: str) -> None:
    assert detect_language(sentence).code == "de"


@pytest.mark.parametrize(
    "text", ["", " \n", "😀 🎉 👍" * 20, "1 2 3 4 5", "asdf qwer zxcv " * 20, "Okay.", "a" * 5000]
)
def test_nothing_is_said_when_there_is_no_language(text: str) -> None:
    assert detect_language(text) == UNKNOWN


def test_english_is_found_when_all_of_it_is_in_capitals() -> None:
    assert detect_language("I FEEL REALLY TIRED NOW. I JUST COMPLETED MY TESTING.").code == "en"


def test_answer_is_the_same_when_a_text_goes_on_for_long() -> None:
    page = " ".join(SENTENCES["fr"])

    assert detect_language(page * 3_000) == detect_language(page * 3_000)
    assert detect_language(page * 3_000).code == "fr"
