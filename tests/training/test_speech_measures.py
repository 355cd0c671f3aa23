import numpy as np
import pytest

from services.audio.features import SAMPLE_RATE_HZ
from services.audio.training.speech.evaluate import evaluate
from services.audio.training.speech.recordings import SENTENCES, grid, grid_sentence, joined, ravdess
from services.audio.training.speech.report import OTHER_LANGUAGE, rows
from services.audio.training.speech.word_errors import WordErrors, spoken_words, word_errors


def test_words_are_compared_as_they_are_said_when_spelling_differs():
    assert spoken_words("Um, set RED at F2; it’s 21 now!") == spoken_words(
        "set red at f two it's twenty one now"
    )


@pytest.mark.parametrize(
    ("said", "written", "expected"),
    [
        ("dogs are sitting", "dogs are sitting", WordErrors(3)),
        ("dogs are sitting", "docs are", WordErrors(3, substituted=1, missing=1)),
        ("dogs are sitting", "the dogs are not sitting", WordErrors(3, added=2)),
        ("", "you", WordErrors(0, added=1)),
        ("dogs are", "", WordErrors(2, missing=2)),
    ],
)
def test_the_fewest_changes_are_counted_when_words_differ(said, written, expected):
    assert word_errors(said.split(), written.split()) == expected


def test_the_rate_is_over_all_words_when_recordings_are_added_up():
    total = WordErrors(6, substituted=1) + WordErrors(2, missing=1, added=1)
    assert total.rate == pytest.approx(3 / 8)


def test_a_sentence_is_read_off_the_name_when_a_clip_is_of_grid(corpora):
    assert grid_sentence("lwbsza") == "lay white by s zero again"
    assert len(grid(corpora)) == 10


def test_every_actor_speaks_equally_often_when_ravdess_is_sampled(corpora):
    found = ravdess(corpora, clips=40)
    actors = [recording.speaker for recording in found]
    assert {actors.count(actor) for actor in set(actors)} == {2}
    assert {recording.said for recording in found} == set(SENTENCES.values())


def test_as_many_sounds_are_joined_as_fit_when_there_are_more():
    second = np.ones(SAMPLE_RATE_HZ, np.float32)
    assert joined([second] * 9, length_s=4.0).size == int(3.8 * SAMPLE_RATE_HZ)
    assert joined([second], length_s=0.5).size == SAMPLE_RATE_HZ


def test_an_unknown_corpus_is_named_when_it_is_asked_for(tmp_path):
    with pytest.raises(ValueError, match="no corpus librispeech"):
        evaluate(tmp_path, corpus="librispeech")


def test_every_figure_has_a_row_when_the_measurement_is_written_down():
    report = {
        "model": "whisper-tiny.en",
        "recordings": 4,
        "speakers": 2,
        "without_words": {"unsupported_language": 1},
        "certainty": {"median": 0.9},
        "word_error_rate": 0.1,
        "interval": [0.05, 0.2],
        "exact": 0.5,
        "substituted": 2,
        "missing": 1,
        "added": 0,
        "fillers_said": 4,
        "fillers_found": 3,
    }
    measured = {"duration_s": 60.0, "cpu_s": 3.0, "load_s": 1.0, "base_bytes": 2**20, "peak_bytes": 2**21}
    words, german, minute = rows(
        {"ravdess": report, "emodb": {**report, "word_error_rate": 1.0}}, {"a minute": measured}
    )
    assert words.figures["fillers_found"].value == 0.75
    assert words.figures["unsupported_language"].value == 0.25
    assert (words.figures["word_error_rate"].low, words.figures["word_error_rate"].high) == (0.05, 0.2)
    assert german.group == OTHER_LANGUAGE
    assert minute.figures["real_time_factor"].value == 0.05
    assert minute.figures["peak_mib"].value == 2.0
