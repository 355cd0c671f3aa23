import numpy as np
import pytest

from services.audio.confidence import BY_LENGTH, BY_NOISE, TEMPERING, list_sound_notices, look_up_temperatures
from services.audio.embedding import Window
from services.audio.features import CHUNK_SAMPLES, WINDOW_SIZE
from services.audio.normalisation import build_normaliser
from services.audio.salience import BANDS, ExplainedWindow, band_edges_hz, explain, find_slot_edges
from services.audio.salience_words import region_words
from services.audio.scoring import EmotionTimeline, apply_temperature, smooth_windows
from services.audio.settings import AudioSettings
from services.audio.voices import VOICES_FILE, VoiceCounter, compute_two_group_share
from services.common.contracts.labels import EMOTIONS, Emotion
from services.common.contracts.model_ref import ModelRef
from services.common.serving.registry import VOICE_EMOTION, VOICE_ENCODER
from services.common.statistics import voice_summary
from tests.voice_model import FakeVoicePredictor

HAPPY, SAD = Emotion.HAPPY, Emotion.SAD


def window(number: int, *, stretch: int = 0, seconds: float = 2.0, value: float = 0.0) -> Window:
    start = round(number * seconds * 16_000)
    samples = np.zeros(CHUNK_SAMPLES, np.float32)
    end = start + round(seconds * 16_000)
    return Window(np.full(WINDOW_SIZE, value, np.float32), samples, start, end, stretch, start)


def timeline_of(labels: list[Emotion], *, batch_windows: int = 2, stretches: list[int] | None = None):
    predictor = FakeVoicePredictor(labels)
    scores = EmotionTimeline(predictor, build_normaliser(None, predictor), batch_windows=batch_windows)
    for number in range(len(labels)):
        scores.add(window(number, stretch=stretches[number] if stretches else 0))
    timeline = scores.finish(temperature=1.0, offset_s=1.0, duration_s=2.0 * len(labels))
    return timeline, scores, predictor


def test_neighbours_become_one_segment_when_they_share_a_label():
    timeline, _, _ = timeline_of([HAPPY, HAPPY, SAD, SAD])
    assert [(s.start_s, s.end_s, s.label) for s in timeline.segments] == [(1.0, 5.0, HAPPY), (5.0, 9.0, SAD)]


def test_a_flicker_of_one_window_is_smoothed_away_when_its_neighbours_are_sure():
    rows = np.array([[0.9, 0.1], [0.45, 0.55], [0.9, 0.1]])
    assert (smooth_windows(rows, np.zeros(3, np.int64)).argmax(axis=1) == 0).all()
    apart = smooth_windows(rows, np.arange(3))
    np.testing.assert_allclose(apart, rows)


def test_rows_still_sum_to_one_when_smoothed():
    rows = np.random.default_rng(0).dirichlet(np.ones(7), size=9)
    np.testing.assert_allclose(smooth_windows(rows, np.array([0, 0, 0, 1, 2, 2, 2, 2, 3])).sum(axis=1), 1.0)


def test_neighbours_stay_apart_when_a_pause_lies_between():
    timeline, scores, _ = timeline_of([HAPPY, HAPPY], stretches=[0, 1])
    assert len(timeline.segments) == 2
    assert scores.stretches == 2


def test_the_model_is_asked_in_batches_when_there_are_many_windows():
    _, _, predictor = timeline_of([HAPPY] * 5, batch_windows=2)
    assert predictor.batches == {VOICE_EMOTION: [2, 2, 1]}


def test_the_summary_weighs_by_speech_when_windows_differ_in_length():
    predictor = FakeVoicePredictor([HAPPY, SAD], confidence=1.0)
    scores = EmotionTimeline(predictor, build_normaliser(None, predictor), batch_windows=8)
    scores.add(Window(np.zeros(WINDOW_SIZE, np.float32), np.zeros(16, np.float32), 0, 48_000, 0, 0))
    scores.add(Window(np.ones(WINDOW_SIZE, np.float32), np.zeros(16, np.float32), 48_000, 64_000, 1, 48_000))
    timeline = scores.finish(temperature=1.0, offset_s=0.0, duration_s=4.0)
    assert timeline.summary[HAPPY] == pytest.approx(0.75)
    assert timeline.summary[SAD] == pytest.approx(0.25)
    assert scores.speech_s == pytest.approx(4.0)
    np.testing.assert_allclose(scores.mean_embedding, 0.25)


def test_columns_follow_the_labels_when_a_model_has_another_order():
    predictor = FakeVoicePredictor([SAD], labels=tuple(reversed(EMOTIONS)))
    scores = EmotionTimeline(predictor, build_normaliser(None, predictor), batch_windows=1)
    scores.add(window(0))
    assert scores.finish(temperature=1.0, offset_s=0.0, duration_s=2.0).segments[0].label is SAD


def test_spans_end_with_the_sound_when_the_last_piece_was_filled_up():
    predictor = FakeVoicePredictor([HAPPY])
    scores = EmotionTimeline(predictor, build_normaliser(None, predictor), batch_windows=8)
    scores.add(window(0))
    assert scores.finish(temperature=1.0, offset_s=0.0, duration_s=1.9).segments[0].end_s == 1.9


def test_the_clearest_window_of_a_label_is_kept_when_there_are_several():
    _, scores, _ = timeline_of([HAPPY, SAD, HAPPY])
    assert scores.find_clearest(HAPPY) is not None
    assert scores.find_clearest(Emotion.FEAR) is None


def test_confidence_falls_but_the_label_stays_when_tempered():
    rows = np.random.default_rng(0).dirichlet(np.full(7, 0.3), size=20)
    cooler = apply_temperature(rows, 2.0)
    assert (cooler.argmax(axis=1) == rows.argmax(axis=1)).all()
    assert (cooler.max(axis=1) <= rows.max(axis=1) + 1e-9).all()
    np.testing.assert_allclose(cooler.sum(axis=1), 1.0)
    np.testing.assert_allclose(apply_temperature(rows, 1.0), rows, atol=1e-9)


TABLES = {TEMPERING: {BY_NOISE: [[0.0, 2.0], [20.0, 1.0]], BY_LENGTH: [[0.5, 1.5], [2.0, 1.0]]}}


@pytest.mark.parametrize(
    ("heard_s", "noise_db", "expected"),
    [(3.0, None, 1.0), (3.0, 40.0, 1.0), (3.0, 10.0, 1.5), (0.1, None, 1.5), (0.5, -5.0, 3.0)],
)
def test_the_temperature_follows_noise_and_length_when_the_manifest_has_tables(heard_s, noise_db, expected):
    found = look_up_temperatures(
        TABLES, heard_s=np.array([heard_s]), signal_to_noise_db=noise_db, several_voices=False
    )
    assert found == pytest.approx([expected])


def test_the_temperature_is_one_when_the_manifest_has_no_tables():
    found = look_up_temperatures(
        {}, heard_s=np.array([0.1, 3.0]), signal_to_noise_db=-10.0, several_voices=True
    )
    np.testing.assert_array_equal(found, [1.0, 1.0])


def test_each_weakness_has_a_reason_when_the_sound_is_poor():
    poor = list_sound_notices(
        AudioSettings(), speech_s=1.0, duration_s=2.0, signal_to_noise_db=3.0, several_voices=True
    )
    assert [notice.code for notice in poor] == ["too_short", "little_speech", "too_noisy", "several_voices"]
    good = list_sound_notices(
        AudioSettings(), speech_s=30.0, duration_s=40.0, signal_to_noise_db=25.0, several_voices=False
    )
    assert good == []


def summary_of(values: np.ndarray, *, version: int = 1):
    model = ModelRef(name=VOICE_ENCODER, version=version)
    return voice_summary.create_summary(values.tolist(), clips=6.0, model=model)


def test_the_person_counts_when_an_enrolment_fits():
    normaliser = build_normaliser(summary_of(np.ones(WINDOW_SIZE)), FakeVoicePredictor([HAPPY]))
    assert normaliser.clips == 6.0
    np.testing.assert_allclose(normaliser.mean, 6.0 / 9.0, atol=1e-3)


@pytest.mark.parametrize(
    "summary", [None, summary_of(np.ones(WINDOW_SIZE), version=2), summary_of(np.ones(3))]
)
def test_nothing_is_known_when_an_enrolment_does_not_fit(summary):
    normaliser = build_normaliser(summary, FakeVoicePredictor([HAPPY]))
    assert normaliser.clips == 0.0
    assert not normaliser.mean.any()


def test_edges_cover_everything_when_bands_and_slots_are_cut():
    edges = band_edges_hz()
    assert len(edges) == BANDS + 1
    assert (edges[0], edges[-1]) == (0.0, 8_000.0)
    assert edges == sorted(edges)
    assert find_slot_edges(5) == [0, 5]
    assert find_slot_edges(150)[-1] == 150


class _LowBandPredictor(FakeVoicePredictor):
    """Happy as far as the lowest tenth of the bands moves in the first half of the window."""

    def predict(self, model: str, batch: np.ndarray) -> np.ndarray:
        if model == VOICE_ENCODER:
            return np.repeat(batch[:, :10].std(axis=(1, 2))[:, None, None], 150, axis=1).repeat(768, axis=2)
        happy = np.clip(batch[:, :1], 0.05, 0.95)
        rows = np.repeat((1.0 - happy) / 6.0, 7, axis=1)
        rows[:, EMOTIONS.index(HAPPY)] = happy[:, 0]
        return rows.astype(np.float32)


def test_relevance_lies_where_the_label_comes_from_when_explained():
    predictor = _LowBandPredictor([HAPPY])
    sound = (0.1 * np.random.default_rng(0).standard_normal(CHUNK_SAMPLES)).astype(np.float32)
    sound *= np.linspace(0.0, 1.0, CHUNK_SAMPLES, dtype=np.float32)
    explained = explain(ExplainedWindow(sound, 2.0, HAPPY, 0.8), build_normaliser(None, predictor), predictor)
    relevance = np.array(explained.relevance)
    assert relevance.shape == (BANDS, 12)
    assert (explained.start_s, explained.end_s, explained.confidence) == (2.0, 5.0, 0.8)
    assert relevance[0].min() > 0.9
    assert np.abs(relevance[1:]).max() < 0.05
    assert explained.summary == region_words(explained)


def test_relevance_is_zero_when_nothing_changes_the_label():
    predictor = FakeVoicePredictor([HAPPY])
    found = explain(
        ExplainedWindow(np.zeros(8_000, np.float32), 0.0, HAPPY, 0.5),
        build_normaliser(None, predictor),
        predictor,
    )
    assert not np.array(found.relevance).any()


def counter() -> VoiceCounter:
    predictor = FakeVoicePredictor([HAPPY])
    population = build_normaliser(None, predictor).population
    return VoiceCounter(predictor.asset(VOICE_EMOTION, VOICES_FILE), population)


def voices_of(*means: float, n: int = 12) -> np.ndarray:
    generator = np.random.default_rng(0)
    return np.concatenate(
        [generator.normal(mean, 0.3, size=(n, WINDOW_SIZE)).astype(np.float32) for mean in means]
    )


def test_several_voices_are_seen_when_windows_fall_into_two_groups():
    found = counter()
    found.add(voices_of(0.0, 5.0))
    assert found.hears_several()


@pytest.mark.parametrize(
    "rows", [voices_of(0.0), voices_of(0.0, 5.0, n=3), np.zeros((20, WINDOW_SIZE), np.float32)]
)
def test_one_voice_is_seen_when_windows_are_alike_or_few(rows):
    found = counter()
    found.add(rows)
    assert not found.hears_several()


def test_an_outlier_is_nobody_when_the_rest_is_alike():
    rows = voices_of(0.0, n=30)
    rows[0] += 40.0
    assert compute_two_group_share(rows[:, :2]) == 0.0
