from pathlib import Path

import numpy as np
import pytest

from services.audio.features import SAMPLE_RATE_HZ
from services.audio.settings import AudioSettings
from services.audio.training.dataset import read_sound
from services.audio.transcription import MODEL_FILES, Unavailable, WhisperTranscriber, open_transcriber
from tests.transcriber import words_of


@pytest.fixture(scope="module")
def whisper() -> WhisperTranscriber:
    opened = open_transcriber(AudioSettings())
    assert isinstance(opened, WhisperTranscriber)
    return opened


def test_the_shipped_model_knows_english_alone_when_nothing_is_set(whisper):
    assert whisper.model.name == "whisper-tiny.en"
    assert not whisper.multilingual


def test_words_lie_in_the_sound_in_order_when_a_sentence_is_spoken(whisper, corpora):
    sound = read_sound(corpora / "ravdess" / "03-01-05-01-02-02-02.flac")
    (heard,) = whisper.hear(sound).segments
    assert words_of([heard]) == ["Dogs", "are", "sitting", "by", "the", "door."]
    times = [time_s for word in heard.words for time_s in (word.start_s, word.end_s)]
    assert times == sorted(times)
    assert 0.3 < times[0] < times[-1] < sound.size / SAMPLE_RATE_HZ
    assert heard.confidence > 0.9
    assert heard.log_probability > -1.0


def test_the_same_words_come_again_when_the_same_sound_is_heard_twice(whisper, corpora):
    sound = read_sound(corpora / "clips" / "grid_swiz3n.mpg")
    assert whisper.hear(sound) == whisper.hear(sound)


def test_nothing_is_invented_after_the_last_word_when_quiet_follows(whisper, corpora):
    sound = read_sound(corpora / "ravdess" / "03-01-05-01-02-02-02.flac")
    longer = np.concatenate([sound, np.zeros(6 * SAMPLE_RATE_HZ, np.float32)])
    assert words_of(whisper.hear(longer).segments)[-1] == "door."


def test_there_is_a_reason_when_transcription_is_off():
    opened = open_transcriber(AudioSettings(transcription=False))
    assert isinstance(opened, Unavailable)
    assert "add the text" in opened.reason


def test_nothing_is_downloaded_when_a_folder_lacks_a_file(tmp_path: Path):
    (tmp_path / MODEL_FILES[0]).write_text("{}")
    opened = open_transcriber(AudioSettings(transcriber_model=tmp_path))
    assert isinstance(opened, Unavailable)
    assert "model.bin, tokenizer.json" in opened.reason


def test_there_is_a_reason_when_the_files_are_no_model(tmp_path: Path):
    for name in MODEL_FILES:
        (tmp_path / name).write_text("{}")
    opened = open_transcriber(AudioSettings(transcriber_model=tmp_path))
    assert isinstance(opened, Unavailable)
    assert "cannot be loaded" in opened.reason


def test_settings_come_from_the_environment_when_an_operator_sets_them(monkeypatch, tmp_path):
    monkeypatch.setenv("AUDIO_TRANSCRIPTION", "off")
    monkeypatch.setenv("AUDIO_TRANSCRIBER_MODEL", str(tmp_path))
    monkeypatch.setenv("AUDIO_TRANSCRIBER_THREADS", "2")
    settings = AudioSettings()
    assert (settings.transcription, settings.transcriber_model, settings.transcriber_threads) == (
        False,
        tmp_path,
        2,
    )
