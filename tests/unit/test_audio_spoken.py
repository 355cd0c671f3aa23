from pathlib import Path

import numpy as np
import pytest

from services.audio.decode import SoundSource
from services.audio.features import SAMPLE_RATE_HZ
from services.audio.settings import AudioSettings
from services.audio.spoken import MIN_ENGLISH_PROBABILITY, find_omission_reason, transcribe
from services.audio.transcript_lines import find_line_starts
from services.audio.transcription import HeardUtterance, Transcriber, Unavailable
from services.common.contracts.labels import MediaKind
from services.common.contracts.results import ErrorCode
from services.common.contracts.tasks import Transcription
from services.common.errors import TemporaryError
from services.common.media.files import MediaFile
from tests.media_audio import (
    make_audio_file,
    make_audio_silence,
    make_audio_tone,
    make_audio_truncated,
    make_audio_video_without_sound,
)
from tests.transcriber import FakeTranscriber, segment

SENTENCE = "We talked with the nurses for a week."
ANSWER = " ".join([SENTENCE] * 4)


@pytest.fixture(scope="module")
def clip(corpora: Path) -> Path:
    """Three seconds in which someone speaks."""
    return corpora / "clips" / "grid_bbaf2n.mpg"


@pytest.fixture
def minute(clip: Path, tmp_path: Path) -> Path:
    """The same again and again for a minute; the pauses between are short ones."""
    with SoundSource(clip, max_duration_s=10.0) as source:
        sound = np.concatenate(list(source.blocks()))
    return make_audio_file(tmp_path / "minute.wav", np.tile(sound, 21)[: 60 * SAMPLE_RATE_HZ])


def written(path: Path, transcriber: Transcriber | Unavailable, **options: object) -> Transcription:
    media = MediaFile(path, MediaKind.AUDIO, "audio/x")
    return transcribe(media, transcriber=transcriber, settings=AudioSettings(max_duration_s=100.0), **options)


def test_words_carry_times_of_the_media_when_speech_starts_late(clip, tmp_path):
    with SoundSource(clip, max_duration_s=10.0) as source:
        sound = np.concatenate(list(source.blocks()))
    late = make_audio_file(tmp_path / "late.wav", np.concatenate([make_audio_silence(8.0), sound]))
    early, moved = (written(path, FakeTranscriber(segment(SENTENCE))).transcript for path in (clip, late))
    assert early is not None
    assert moved is not None
    assert moved.words[0].start_s - early.words[0].start_s == pytest.approx(8.0, abs=0.1)
    assert moved.text == SENTENCE
    assert moved.duration_s == pytest.approx(11.0, abs=0.1)
    assert (moved.language, moved.language_probability, moved.confidence) == ("en", None, 0.9)
    assert moved.model.name == "whisper-fake"


def test_a_long_recording_is_heard_in_pieces_when_it_exceeds_half_a_minute(minute):
    transcriber, told = FakeTranscriber(segment(ANSWER)), []
    result = written(minute, transcriber, progress=told.append).transcript
    assert result is not None
    assert len(transcriber.lengths) == 3
    assert max(transcriber.lengths) <= 30 * SAMPLE_RATE_HZ
    assert result.line_starts == find_line_starts(result.words)
    starts = [word.start_s for word in result.words]
    assert starts == sorted(starts)
    assert starts[-1] > 40.0
    assert told == sorted(told)
    assert told[-1] == 1.0


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda folder: make_audio_file(folder / "quiet.wav", make_audio_silence(3.0)), ErrorCode.NO_SPEECH),
        (lambda folder: make_audio_file(folder / "tone.webm", make_audio_tone(3.0)), ErrorCode.NO_SPEECH),
        (lambda folder: make_audio_video_without_sound(folder / "mute.mp4"), ErrorCode.NO_AUDIO_STREAM),
        (
            lambda folder: make_audio_file(folder / "long.wav", make_audio_tone(101.0)),
            ErrorCode.MEDIA_TOO_LONG,
        ),
        (
            lambda folder: make_audio_truncated(
                make_audio_file(folder / "whole.mp4", make_audio_tone(3.0)), folder / "part.mp4"
            ),
            ErrorCode.MEDIA_CORRUPT,
        ),
        (lambda folder: folder / "gone.wav", ErrorCode.MEDIA_MISSING),
    ],
    ids=["silence", "tone", "no sound", "too long", "truncated", "missing"],
)
def test_there_is_a_code_and_a_reason_when_a_recording_gives_no_words(make, code, tmp_path):
    transcriber = FakeTranscriber(segment(SENTENCE))
    result = written(make(tmp_path), transcriber)
    assert result.error_code is code
    assert result.reason
    assert transcriber.lengths == []


def test_the_fault_is_temporary_when_the_file_cannot_be_read(tmp_path):
    with pytest.raises(TemporaryError):
        written(tmp_path, FakeTranscriber(segment(SENTENCE)))


def test_the_reason_is_handed_on_when_there_is_no_transcriber(clip):
    result = written(clip, Unavailable("Nobody writes here."))
    assert result.error_code is ErrorCode.TRANSCRIPTION_UNAVAILABLE
    assert result.reason == "Nobody writes here."


def test_the_language_is_unsupported_when_english_alone_is_known_and_hardly_a_word_is_certain(clip):
    result = written(clip, FakeTranscriber(segment(SENTENCE, probability=MIN_ENGLISH_PROBABILITY - 0.05)))
    assert result.error_code is ErrorCode.UNSUPPORTED_LANGUAGE


def test_the_language_is_unsupported_when_far_fewer_words_were_made_out_than_were_said(minute):
    result = written(minute, FakeTranscriber(segment("Yes, we did.")))
    assert result.error_code is ErrorCode.UNSUPPORTED_LANGUAGE


def test_the_language_is_left_open_when_too_few_uncertain_words_were_heard(clip):
    result = written(clip, FakeTranscriber(segment("Yes indeed.", probability=0.3))).transcript
    assert result is not None
    assert (result.text, result.language) == ("Yes indeed.", None)


def test_a_told_language_holds_for_the_rest_when_it_is_certain(minute):
    text = segment("Wir haben eine Woche lang zugehört.", probability=0.4)
    transcriber = FakeTranscriber(
        HeardUtterance((text,), "nl", 0.3), HeardUtterance((text,), "de", 0.8), multilingual=True
    )
    result = written(minute, transcriber).transcript
    assert result is not None
    assert transcriber.languages == [None, None, "de"]
    assert (result.language, result.language_probability) == ("de", pytest.approx(0.8))


def test_a_segment_is_left_out_with_its_reason_when_a_guard_speaks(minute):
    loop = segment("and so on and so on", compression=3.0)
    result = written(minute, FakeTranscriber(segment(ANSWER), loop, segment(ANSWER))).transcript
    assert result is not None
    assert result.text == f"{ANSWER} {ANSWER}"
    (omitted,) = result.omitted
    assert omitted.reason == "repetition"
    assert 15.0 < omitted.start_s < omitted.end_s < 40.0


def test_the_code_is_no_speech_when_every_segment_is_left_out(clip):
    result = written(clip, FakeTranscriber(segment(SENTENCE, log_probability=-1.4)))
    assert result.error_code is ErrorCode.NO_SPEECH
    assert "made out" in (result.reason or "")


@pytest.mark.parametrize(
    ("guards", "reason"),
    [
        ({}, None),
        ({"no_speech": 0.9}, None),
        ({"log_probability": -1.2}, "uncertain"),
        ({"log_probability": -1.2, "no_speech": 0.9}, "no_speech"),
        ({"compression": 2.5}, "repetition"),
    ],
)
def test_the_guards_are_those_of_the_paper_when_a_segment_is_judged(guards, reason):
    assert find_omission_reason(segment(SENTENCE, **guards)) == reason
