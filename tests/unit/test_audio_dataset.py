import numpy as np
import pytest

from services.audio.training.conditions import augmented
from services.audio.training.dataset import find_clips, read_sound, served_windows
from services.audio.vad import Hysteresis
from services.common.contracts.labels import Emotion
from tests.media_audio import make_audio_file, make_audio_tone
from tests.voice_model import FakeVoicePredictor


def touch(folder, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


@pytest.mark.parametrize(
    ("corpus", "name", "speaker", "emotion"),
    [
        ("ravdess", "03-01-01-01-01-01-07.wav", "07", Emotion.NEUTRAL),
        ("ravdess", "03-01-02-02-01-01-24.flac", "24", Emotion.NEUTRAL),
        ("ravdess", "03-01-06-01-02-02-12.flac", "12", Emotion.FEAR),
        ("ravdess", "03-01-08-01-02-02-12.FLAC", "12", Emotion.SURPRISE),
        ("emodb", "03a01Wa.flac", "03", Emotion.ANGRY),
        ("emodb", "16b10Aa.wav", "16", Emotion.FEAR),
        ("emodb", "08a05Nb.wav", "08", Emotion.NEUTRAL),
        ("savee", "DC_a01.flac", "DC", Emotion.ANGRY),
        ("savee", "KL_sa15.wav", "KL", Emotion.SAD),
        ("savee", "JE_su02.wav", "JE", Emotion.SURPRISE),
        ("savee", "JK_d07.wav", "JK", Emotion.DISGUST),
        ("tess", "OAF_back_angry.flac", "OAF", Emotion.ANGRY),
        ("tess", "YAF_dog_ps.wav", "YAF", Emotion.SURPRISE),
        ("tess", "OAF_Pleasant_pleasant_surprised.wav", "OAF", Emotion.SURPRISE),
        ("tess", "OAF_Pleasant_pleasant_surprise.wav", "OAF", Emotion.SURPRISE),
    ],
)
def test_the_name_tells_speaker_and_label_when_a_corpus_is_read(corpus, name, speaker, emotion, tmp_path):
    touch(tmp_path, f"{corpus}/deep/er/{name}")
    (clip,), excluded = find_clips(tmp_path, corpus)
    assert (clip.speaker, clip.emotion, excluded) == (speaker, emotion, 0)


def test_calm_stays_its_own_class_when_the_corpus_tells_it_from_neutral(tmp_path):
    touch(tmp_path, "ravdess/03-01-01-01-01-01-01.wav", "ravdess/03-01-02-01-01-01-01.wav")
    clips, _ = find_clips(tmp_path, "ravdess")
    assert [clip.source_label for clip in clips] == ["neutral", "calm"]


def test_boredom_is_counted_and_left_out_when_emodb_is_read(tmp_path):
    touch(tmp_path, "emodb/03a01Wa.flac", "emodb/03a02La.flac", "emodb/03a04Lb.wav")
    clips, excluded = find_clips(tmp_path, "emodb")
    assert (len(clips), excluded) == (1, 2)


def test_files_are_found_when_they_lie_in_the_folder_itself(tmp_path):
    touch(tmp_path, "OAF_back_angry.flac", "Actor_01/OAF_bar_fear.wav", "notes.txt", "song.wav")
    clips, _ = find_clips(tmp_path, "tess")
    assert [clip.path.name for clip in clips] == ["OAF_back_angry.flac", "OAF_bar_fear.wav"]


def test_a_recording_counts_once_when_the_archive_holds_it_twice(tmp_path):
    touch(tmp_path, "tess/OAF_back_angry.wav", "tess/copy/OAF_back_angry.wav")
    clips, _ = find_clips(tmp_path, "tess")
    assert len(clips) == 1


def test_songs_and_videos_are_no_clips_when_ravdess_is_read(tmp_path):
    touch(tmp_path, "03-02-05-01-01-01-01.wav", "01-01-05-01-01-01-01.wav")
    with pytest.raises(FileNotFoundError, match="no ravdess recordings"):
        find_clips(tmp_path, "ravdess")


def test_an_unknown_corpus_is_refused_when_asked_for(tmp_path):
    with pytest.raises(ValueError, match="unknown corpus"):
        find_clips(tmp_path, "iemocap")


def test_boredom_is_kept_without_a_label_of_ours_when_every_label_is_asked_for(tmp_path):
    touch(tmp_path, "emodb/03a01Wa.flac", "emodb/03a02La.flac")
    clips, excluded = find_clips(tmp_path, "emodb", every_label=True)
    assert [(clip.source_label, clip.emotion) for clip in clips] == [
        ("angry", Emotion.ANGRY),
        ("boredom", None),
    ]
    assert excluded == 0


def test_the_whole_clip_is_windowed_when_no_speech_is_found(tmp_path):
    sound = read_sound(make_audio_file(tmp_path / "tone.wav", make_audio_tone(1.0)))
    windows, has_speech = served_windows(sound, Hysteresis(), FakeVoicePredictor([Emotion.HAPPY]))
    assert not has_speech
    assert len(windows) == 1
    assert windows[0].samples.size == pytest.approx(16_000, abs=512)


def test_a_copy_differs_by_seed_and_stays_sound_when_it_is_augmented():
    tone = make_audio_tone(1.0)
    copies = [augmented(tone, np.random.default_rng(seed)) for seed in range(12)]
    assert len({copy.size for copy in copies}) > 3
    assert all(np.isfinite(copy).all() and copy.dtype == np.float32 for copy in copies)
    assert all(0.85 < copy.size / tone.size < 1.15 for copy in copies)
    np.testing.assert_array_equal(copies[3], augmented(tone, np.random.default_rng(3)))
