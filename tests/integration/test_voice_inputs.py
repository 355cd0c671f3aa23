"""The voice pipeline with the served models, on real speech in the shapes that people hand in."""

from pathlib import Path

import numpy as np
import pytest

from services.audio.pipeline import analyze
from services.audio.settings import AudioSettings
from services.audio.training.conditions import faster
from services.audio.training.dataset import read_sound
from services.common.contracts.labels import MediaKind, ModalityStatus
from services.common.contracts.results import ErrorCode, ModalityResult
from services.common.errors import InputError
from services.common.media.files import MediaFile
from services.common.serving.client import open_predictor
from services.common.serving.predictor import Predictor
from services.common.settings import CommonSettings
from tests.media_audio import (
    make_audio_file,
    make_audio_hours_of_silence,
    make_audio_silence,
    make_audio_truncated,
)

CLIPS = ("03-01-05-02-01-01-02", "03-01-04-01-02-01-02", "03-01-05-01-02-02-02")
MANY = tuple(
    f"03-01-{emotion}-01-0{said}-01" for emotion in ("01", "02", "03", "04", "06", "08") for said in (1, 2)
)


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return open_predictor(CommonSettings())


def speech_of(corpora: Path, names: tuple[str, ...]) -> np.ndarray:
    return np.concatenate([read_sound(corpora / "ravdess" / f"{name}.flac") for name in names])


@pytest.fixture(scope="module")
def speech(corpora: Path) -> np.ndarray:
    """About ten seconds of one woman at 16 kHz."""
    return speech_of(corpora, CLIPS)


def result_of(path: Path, predictor: Predictor, **options: object) -> ModalityResult:
    media = MediaFile(path, MediaKind.AUDIO, "audio/x")
    return analyze(media, predictor=predictor, settings=AudioSettings(), **options)


@pytest.fixture(scope="module")
def expected(speech: np.ndarray, predictor: Predictor, tmp_path_factory) -> ModalityResult:
    path = make_audio_file(tmp_path_factory.mktemp("voice") / "speech.wav", speech)
    return result_of(path, predictor)


SHAPES = {
    "webm/opus": (".webm", 48_000, 1),
    "ogg/opus": (".ogg", 48_000, 2),
    "mp4/aac": (".mp4", 44_100, 2),
    "m4a/aac": (".m4a", 44_100, 1),
    "mp3": (".mp3", 44_100, 2),
    "flac": (".flac", 48_000, 1),
    "wav 8 kHz": (".wav", 8_000, 1),
    "wav 96 kHz": (".wav", 96_000, 2),
    "wav 6 channels": (".wav", 48_000, 6),
}


@pytest.mark.parametrize("shape", list(SHAPES))
def test_perceived_emotions_are_nearly_the_same_when_the_container_is_another(
    shape, speech, expected, predictor, tmp_path
):
    suffix, rate_hz, channels = SHAPES[shape]
    other_rate = faster(speech, speed=16_000 / rate_hz)
    path = make_audio_file(tmp_path / f"speech{suffix}", other_rate, rate_hz=rate_hz, channels=channels)
    found = result_of(path, predictor)
    assert found.status is ModalityStatus.SUCCEEDED
    assert found.voice.sample_rate_hz == rate_hz
    distance = sum(abs(found.emotions[e] - expected.emotions[e]) for e in found.emotions) / 2
    assert distance < (0.35 if rate_hz == 8_000 else 0.15)
    assert found.voice.prosody.pitch_median_hz == pytest.approx(
        expected.voice.prosody.pitch_median_hz, rel=0.05
    )


def test_anger_is_heard_when_most_of_an_answer_is_shouted(expected):
    assert expected.timeline[0].label == "angry"
    assert expected.emotions["angry"] == max(expected.emotions.values())


@pytest.mark.parametrize("length_s", [0.05, 0.2])
def test_a_scrap_of_sound_is_no_speech_or_has_reasons_when_it_is_short(length_s, speech, predictor, tmp_path):
    start = 20_000
    scrap = speech[start : start + int(length_s * 16_000)]
    with pytest.raises(InputError) as caught:
        result_of(make_audio_file(tmp_path / "scrap.wav", scrap), predictor)
    assert caught.value.code is ErrorCode.NO_SPEECH


def test_a_word_is_scored_with_its_reasons_when_it_is_all_there_is(speech, predictor, tmp_path):
    word = speech[16_000 : 16_000 + 14_400]
    found = result_of(make_audio_file(tmp_path / "word.wav", word), predictor)
    assert {"too_short", "little_speech"} <= {notice.code for notice in found.quality.reasons}


def test_three_hours_are_refused_before_they_are_decoded(predictor, tmp_path):
    with pytest.raises(InputError) as caught:
        result_of(make_audio_hours_of_silence(tmp_path / "long.wav", hours=3.0), predictor)
    assert caught.value.code is ErrorCode.MEDIA_TOO_LONG


@pytest.mark.parametrize("suffix", [".webm", ".mp3", ".ogg", ".flac"])
def test_the_first_part_is_analysed_when_the_container_is_broken(suffix, speech, predictor, tmp_path):
    rate = faster(speech, speed=16_000 / 48_000)
    whole = make_audio_file(tmp_path / f"whole{suffix}", rate, rate_hz=48_000)
    found = result_of(make_audio_truncated(whole, tmp_path / f"part{suffix}", share=0.6), predictor)
    assert found.quality.duration_s < speech.size / 16_000
    assert found.status is ModalityStatus.SUCCEEDED


@pytest.mark.parametrize("content", [b"", b"not a sound at all" * 100, b"\x1aE\xdf\xa3" + bytes(4_000)])
def test_rubbish_has_a_code_when_it_is_no_sound(content, predictor, tmp_path):
    path = tmp_path / "rubbish.webm"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        result_of(path, predictor)
    assert caught.value.code in (ErrorCode.MEDIA_EMPTY, ErrorCode.MEDIA_CORRUPT)


def test_silence_is_no_speech_when_nobody_talks(predictor, tmp_path):
    with pytest.raises(InputError) as caught:
        result_of(make_audio_file(tmp_path / "quiet.wav", make_audio_silence(4.0)), predictor)
    assert caught.value.code is ErrorCode.NO_SPEECH


def test_labels_stay_when_confidence_falls_in_noise(speech, expected, predictor, tmp_path):
    noise = np.random.default_rng(0).standard_normal(speech.size).astype(np.float32)
    loud = speech + noise * np.float32(0.3 * np.sqrt(np.mean(speech**2)))
    found = result_of(make_audio_file(tmp_path / "noisy.wav", loud), predictor)
    assert found.voice.signal_to_noise_db < expected.voice.signal_to_noise_db
    assert max(s.confidence for s in found.timeline) <= max(s.confidence for s in expected.timeline) + 0.05


def test_several_voices_are_named_and_not_remembered_when_two_people_talk(corpora, predictor, tmp_path):
    woman, man = (speech_of(corpora, tuple(f"{name}-{actor}" for name in MANY)) for actor in ("02", "01"))
    found = result_of(make_audio_file(tmp_path / "two.wav", np.concatenate([woman, man])), predictor)
    alone = result_of(make_audio_file(tmp_path / "one.wav", woman), predictor)
    assert "several_voices" in {notice.code for notice in found.quality.reasons}
    assert found.voice_summary is None
    assert "several_voices" not in {notice.code for notice in alone.quality.reasons}
    assert alone.voice_summary is not None


def test_a_person_is_compared_with_earlier_answers_when_they_are_known(corpora, predictor, tmp_path):
    earlier = result_of(make_audio_file(tmp_path / "earlier.wav", speech_of(corpora, CLIPS[1:])), predictor)
    now = make_audio_file(tmp_path / "now.wav", speech_of(corpora, CLIPS[:1]))
    unknown = result_of(now, predictor)
    known = result_of(now, predictor, enrolment=earlier.voice_summary)
    assert unknown.voice.enrolment_clips == 0.0
    assert known.voice.enrolment_clips > 0.5
    assert known.emotions != unknown.emotions
