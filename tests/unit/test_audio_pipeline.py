import numpy as np
import pytest

from services.audio.features import N_MELS, WINDOW_FRAMES
from services.audio.pipeline import analyze
from services.audio.scoring import EmotionTimeline
from services.audio.settings import AudioSettings
from services.audio.windowing import Window
from services.common.contracts.labels import EMOTIONS, Emotion, MediaKind, ModalityStatus
from services.common.contracts.results import ErrorCode
from services.common.errors import InputError, TemporaryError
from services.common.media import MediaFile
from tests.media_audio import (
    make_audio_file,
    make_audio_silence,
    make_audio_tone,
    make_audio_truncated,
    make_audio_video_without_sound,
)
from tests.voice_model import FakeVoicePredictor, UnreachablePredictor

HAPPY, SAD = Emotion.HAPPY, Emotion.SAD


def window(number: int, *, stretch: int = 0, seconds: int = 2) -> Window:
    start = number * seconds * 16_000
    noise = np.random.default_rng(number).standard_normal(49_408).astype(np.float32)
    return Window(noise, start, start + seconds * 16_000, stretch)


def timeline_of(labels: list[Emotion], *, batch_windows: int = 2, stretches: list[int] | None = None):
    predictor = FakeVoicePredictor(labels)
    timeline = EmotionTimeline(predictor, batch_windows=batch_windows, offset_s=1.0)
    for number in range(len(labels)):
        timeline.add(window(number, stretch=stretches[number] if stretches else 0))
    timeline.finish(duration_s=2.0 * len(labels))
    return timeline, predictor


def test_neighbours_become_one_segment_when_they_share_a_label():
    timeline, _ = timeline_of([HAPPY, HAPPY, SAD])
    assert [(s.start_s, s.end_s, s.label) for s in timeline.segments] == [(1.0, 5.0, HAPPY), (5.0, 7.0, SAD)]


def test_neighbours_stay_apart_when_a_pause_lies_between():
    timeline, _ = timeline_of([HAPPY, HAPPY], stretches=[0, 1])
    assert len(timeline.segments) == 2
    assert timeline.stretches == 2


def test_the_model_is_asked_in_batches_when_there_are_many_windows():
    _, predictor = timeline_of([HAPPY] * 5, batch_windows=2)
    assert predictor.batches == [2, 2, 1]
    assert predictor.shapes == {(N_MELS, WINDOW_FRAMES)}


def test_the_summary_weighs_by_speech_when_windows_differ_in_length():
    timeline = EmotionTimeline(FakeVoicePredictor([HAPPY, SAD], confidence=1.0), batch_windows=8)
    timeline.add(Window(window(0).samples, 0, 48_000, 0))
    timeline.add(Window(window(1).samples, 48_000, 64_000, 0))
    timeline.finish(duration_s=4.0)
    summary = timeline.summary()
    assert summary[HAPPY] == pytest.approx(0.75)
    assert summary[SAD] == pytest.approx(0.25)
    assert timeline.speech_s == pytest.approx(4.0)


def test_columns_follow_the_labels_when_a_model_has_another_order():
    predictor = FakeVoicePredictor([SAD], labels=tuple(reversed(EMOTIONS)))
    timeline = EmotionTimeline(predictor, batch_windows=1)
    timeline.add(window(0))
    timeline.finish(duration_s=2.0)
    assert timeline.segments[0].label is SAD


def test_spans_end_with_the_sound_when_the_last_chunk_was_filled_up():
    timeline = EmotionTimeline(FakeVoicePredictor([HAPPY]), batch_windows=8)
    timeline.add(window(0))
    timeline.finish(duration_s=1.9)
    assert timeline.segments[0].end_s == pytest.approx(1.9)


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
        analyze(media, predictor=FakeVoicePredictor([]), settings=AudioSettings(max_duration_s=10.0))
    assert caught.value.code is code


def test_the_code_is_no_speech_when_a_real_clip_has_only_other_sound(corpora):
    media = MediaFile(corpora / "clips" / "WolfgangLanger_Pexels.mp4", MediaKind.VIDEO, "video/mp4")
    with pytest.raises(InputError) as caught:
        analyze(media, predictor=FakeVoicePredictor([]), settings=AudioSettings())
    assert caught.value.code is ErrorCode.NO_SPEECH


def test_a_real_recording_gives_a_timeline_when_someone_speaks(corpora):
    media = MediaFile(corpora / "clips" / "grid_bbaf2n.mpg", MediaKind.VIDEO, "video/mpeg")
    told: list[float] = []
    result = analyze(
        media, predictor=FakeVoicePredictor([HAPPY] * 9), settings=AudioSettings(), progress=told.append
    )
    assert result.status is ModalityStatus.SUCCEEDED
    assert result.emotions is not None
    assert sum(result.emotions.values()) == pytest.approx(1.0)
    assert result.voice is not None
    assert 1.0 < result.voice.speech_s < 3.0
    assert result.voice.sample_rate_hz == 44_100
    assert result.quality is not None
    assert {reason.code for reason in result.quality.reasons} == {"too_short", "little_speech"}
    assert all(0.0 <= s.start_s < s.end_s <= 3.0 and s.label is HAPPY for s in result.timeline)
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_the_rest_is_analysed_with_a_reason_when_real_speech_breaks_off(corpora, tmp_path):
    clip = sorted((corpora / "ravdess").glob("*.flac"))[0]
    media = MediaFile(
        make_audio_truncated(clip, tmp_path / "part.flac", share=0.6), MediaKind.AUDIO, "audio/flac"
    )
    result = analyze(media, predictor=FakeVoicePredictor([HAPPY] * 9), settings=AudioSettings())
    assert result.quality is not None
    assert "truncated" in {reason.code for reason in result.quality.reasons}


def test_the_fault_stays_temporary_when_the_model_is_out_of_reach(corpora):
    media = MediaFile(corpora / "clips" / "grid_bbaf2n.mpg", MediaKind.VIDEO, "video/mpeg")
    with pytest.raises(TemporaryError) as caught:
        analyze(media, predictor=UnreachablePredictor(), settings=AudioSettings())
    assert caught.value.code is ErrorCode.MODEL_UNAVAILABLE
