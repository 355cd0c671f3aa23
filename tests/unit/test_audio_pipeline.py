import numpy as np
import pytest

from services.audio.confidence import BY_NOISE, TEMPERING
from services.audio.features import SAMPLE_RATE_HZ, WINDOW_SIZE
from services.audio.normalisation import comparison_words
from services.audio.pipeline import analyze
from services.audio.settings import AudioSettings
from services.audio.training.dataset import read_sound
from services.common.contracts.labels import Emotion, MediaKind, ModalityStatus
from services.common.contracts.results import ErrorCode
from services.common.errors import InputError, TemporaryError
from services.common.media.files import MediaFile
from services.common.statistics import voice_summary
from tests.media_audio import (
    make_audio_file,
    make_audio_silence,
    make_audio_tone,
    make_audio_truncated,
    make_audio_video_without_sound,
)
from tests.voice_model import FakeVoicePredictor, UnreachablePredictor

HAPPY = Emotion.HAPPY


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda folder: make_audio_file(folder / "quiet.wav", make_audio_silence(3.0)), ErrorCode.NO_SPEECH),
        (lambda folder: make_audio_file(folder / "tone.webm", make_audio_tone(3.0)), ErrorCode.NO_SPEECH),
        (lambda folder: make_audio_video_without_sound(folder / "mute.mp4"), ErrorCode.NO_AUDIO_STREAM),
        (
            lambda folder: make_audio_file(folder / "long.wav", make_audio_tone(11.0)),
            ErrorCode.MEDIA_TOO_LONG,
        ),
        (
            lambda folder: make_audio_truncated(
                make_audio_file(folder / "whole.mp4", make_audio_tone(3.0)), folder / "part.mp4"
            ),
            ErrorCode.MEDIA_CORRUPT,
        ),
    ],
    ids=["silence", "tone", "no sound", "too long", "truncated"],
)
def test_bad_input_has_its_own_code_when_it_is_analysed(make, code, tmp_path):
    media = MediaFile(make(tmp_path), MediaKind.AUDIO, "audio/x")
    with pytest.raises(InputError) as caught:
        analyze(media, predictor=FakeVoicePredictor([HAPPY]), settings=AudioSettings(max_duration_s=10.0))
    assert caught.value.code is code


def test_the_code_is_no_speech_when_a_real_clip_has_only_other_sound(corpora):
    media = MediaFile(corpora / "clips" / "WolfgangLanger_Pexels.mp4", MediaKind.VIDEO, "video/mp4")
    with pytest.raises(InputError) as caught:
        analyze(media, predictor=FakeVoicePredictor([HAPPY]), settings=AudioSettings())
    assert caught.value.code is ErrorCode.NO_SPEECH


def test_a_real_recording_gives_a_timeline_when_someone_speaks(corpora):
    media = MediaFile(corpora / "clips" / "grid_bbaf2n.mpg", MediaKind.VIDEO, "video/mpeg")
    told: list[float] = []
    result = analyze(
        media, predictor=FakeVoicePredictor([HAPPY]), settings=AudioSettings(), progress=told.append
    )
    assert result.status is ModalityStatus.SUCCEEDED
    assert result.emotions is not None
    assert sum(result.emotions.values()) == pytest.approx(1.0)
    assert result.voice is not None
    assert 1.0 < result.voice.speech_s < 3.0
    assert result.voice.sample_rate_hz == 44_100
    assert result.quality is not None
    assert {"little_speech"} <= {reason.code for reason in result.quality.reasons}
    assert all(0.0 <= s.start_s < s.end_s <= 3.0 and s.label is HAPPY for s in result.timeline)
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_the_rest_is_analysed_with_a_reason_when_real_speech_breaks_off(corpora, tmp_path):
    clip = sorted((corpora / "ravdess").glob("*.flac"))[0]
    media = MediaFile(
        make_audio_truncated(clip, tmp_path / "part.flac", share=0.6), MediaKind.AUDIO, "audio/flac"
    )
    result = analyze(media, predictor=FakeVoicePredictor([HAPPY]), settings=AudioSettings())
    assert result.quality is not None
    assert "truncated" in {reason.code for reason in result.quality.reasons}


def test_the_fault_stays_temporary_when_the_model_is_out_of_reach(corpora):
    media = MediaFile(corpora / "clips" / "grid_bbaf2n.mpg", MediaKind.VIDEO, "video/mpeg")
    with pytest.raises(TemporaryError) as caught:
        analyze(media, predictor=UnreachablePredictor(), settings=AudioSettings())
    assert caught.value.code is ErrorCode.MODEL_UNAVAILABLE


def analysed(corpora, **options):
    media = MediaFile(corpora / "clips" / "grid_bbaf2n.mpg", MediaKind.VIDEO, "video/mpeg")
    predictor = options.pop("predictor", None) or FakeVoicePredictor([HAPPY])
    settings = options.pop("settings", None) or AudioSettings()
    return analyze(media, predictor=predictor, settings=settings, **options), predictor


def test_how_it_was_said_is_measured_when_someone_speaks(corpora):
    result, _ = analysed(corpora)
    assert result.voice is not None
    assert result.voice.compared_with == comparison_words(0.0)
    assert -60.0 < result.voice.loudness_lufs < 0.0
    prosody = result.voice.prosody
    assert 70.0 < prosody.pitch_median_hz < 400.0
    assert 0.0 < prosody.voiced_share <= 1.0


def test_one_window_is_explained_when_a_label_was_given(corpora):
    result, _ = analysed(corpora)
    (explained,) = result.voice.salience
    assert explained.label is HAPPY
    assert 0.0 <= explained.start_s < explained.end_s <= result.quality.duration_s + 0.1
    assert result.timeline_summary == "Only happy."
    assert analysed(corpora, settings=AudioSettings(salient_windows=0))[0].voice.salience == []


def test_the_mean_voice_comes_along_when_an_answer_was_heard(corpora):
    result, _ = analysed(corpora)
    assert result.voice_summary is not None
    assert result.voice_summary.clips == pytest.approx(result.voice.speech_s / 3.0, abs=0.01)
    assert len(voice_summary.read_mean_values(result.voice_summary)) == WINDOW_SIZE
    assert result.voice_summary.model in result.models


def test_windows_move_towards_zero_when_the_person_is_known(corpora):
    first, unknown = analysed(corpora)
    again, known = analysed(corpora, enrolment=first.voice_summary)
    assert first.voice.enrolment_clips == 0.0
    assert again.voice.enrolment_clips == pytest.approx(first.voice_summary.clips, abs=0.1)
    assert np.abs(known.rows[0]).mean() < np.abs(unknown.rows[0]).mean()


def test_confidence_is_lower_and_says_why_when_the_room_is_noisy(corpora, tmp_path):
    clip = sorted((corpora / "ravdess").glob("*.flac"))[0]
    sound = read_sound(clip)
    noise = np.random.default_rng(0).standard_normal(sound.size).astype(np.float32)
    loud = sound + noise * np.float32(np.sqrt(np.mean(sound**2)))
    tables = {TEMPERING: {BY_NOISE: [[0.0, 3.0], [10.0, 2.0], [30.0, 1.0]]}}
    results = []
    for number, samples in enumerate((sound, loud)):
        path = make_audio_file(tmp_path / f"{number}.wav", samples, rate_hz=SAMPLE_RATE_HZ)
        results.append(
            analyze(
                MediaFile(path, MediaKind.AUDIO, "audio/wav"),
                predictor=FakeVoicePredictor([HAPPY], preprocessing=tables),
                settings=AudioSettings(),
            )
        )
    quiet, noisy = results
    assert noisy.voice.signal_to_noise_db < 10.0 < quiet.voice.signal_to_noise_db
    assert noisy.timeline[0].confidence < quiet.timeline[0].confidence
    assert "too_noisy" in {reason.code for reason in noisy.quality.reasons}
    assert "too_noisy" not in {reason.code for reason in quiet.quality.reasons}
