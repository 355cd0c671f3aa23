import numpy as np
import pytest

from services.audio.features import N_MELS, WINDOW_FRAMES
from services.audio.training.augment import BatchAugmentation, augment_batch, clip_variants
from services.audio.training.dataset import find_clips, longest_stretch, read_sound, served_windows
from services.audio.vad import Hysteresis
from services.audio.windowing import Window
from services.common.contracts.labels import Emotion
from tests.media_audio import make_audio_file, make_audio_tone


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


def test_the_whole_clip_is_windowed_when_no_speech_is_found(tmp_path):
    sound = read_sound(make_audio_file(tmp_path / "tone.wav", make_audio_tone(1.0)))
    windows, has_speech = served_windows(sound, Hysteresis())
    assert not has_speech
    assert len(windows) == 1
    assert len(longest_stretch(sound, windows)) == pytest.approx(16_000, abs=512)


def test_the_longest_stretch_is_taken_when_there_are_several():
    sound = np.arange(100, dtype=np.float32)
    none = np.zeros(1, np.float32)
    windows = [Window(none, 0, 10, 0), Window(none, 20, 40, 1), Window(none, 40, 60, 1)]
    assert longest_stretch(sound, windows).tolist() == list(range(20, 60))


def test_the_first_variant_is_the_clip_itself_when_copies_are_made():
    one, other = (
        clip_variants(make_audio_tone(1.0), variants=2, generator=np.random.default_rng(seed))
        for seed in (0, 1)
    )
    assert one.shape == (3, N_MELS, WINDOW_FRAMES)
    np.testing.assert_array_equal(one[0], other[0])
    assert np.abs(one[1] - other[1]).max() > 0.1


def test_a_batch_keeps_its_targets_when_it_is_augmented():
    generator = np.random.default_rng(0)
    features = generator.standard_normal((6, N_MELS, WINDOW_FRAMES)).astype(np.float32)
    before, targets = features.copy(), np.eye(6, dtype=np.float32)
    batch, mixed = augment_batch(features, targets, BatchAugmentation(), generator)
    np.testing.assert_array_equal(features, before)
    assert (batch.shape, batch.dtype) == (features.shape, np.float32)
    np.testing.assert_allclose(mixed.sum(axis=1), 1.0, atol=1e-6)
    assert (mixed.argmax(axis=1) == np.arange(6)).all()
    assert np.abs(batch - features).max() > 0.1
