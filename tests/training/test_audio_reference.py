"""The rebuilt systems on tones under RAVDESS names: real fits, small enough to be quick."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from services.audio.training.reference import descriptors
from services.audio.training.reference.classical import Classical, mfcc_mlp, mfcc_random_forest, svm_360
from services.audio.training.reference.corpus import BY_ACTOR, LEAKY, load_recordings
from services.audio.training.reference.measure import measure
from services.audio.training.reference.networks import (
    build_cnn_lstm,
    cnn_lstm,
    frame_pairs,
    log_mel_lstm,
    rolling_windows,
)
from services.audio.training.reference.systems import SYSTEMS
from services.training.reference import UnknownSystemError
from tests.media_audio import make_audio_file, make_audio_tone

ACTORS = 20
RATE = descriptors.SAMPLE_RATE_HZ


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Eight emotions by twenty actors; the pitch tells the emotion, and a little of the actor."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "ravdess").mkdir()
    for actor in range(1, ACTORS + 2):
        for code in range(1, 9):
            tone = make_audio_tone(0.8, pitch_hz=140.0 * code + actor)
            make_audio_file(folder / "ravdess" / f"03-01-0{code}-01-01-01-{actor:02d}.wav", tone)
    return folder


@pytest.fixture(scope="module")
def recordings(data, tmp_path_factory):
    return load_recordings(data, runs=tmp_path_factory.mktemp("runs"))


class Memory(StandardScaler):
    """A scaler that remembers on how many rows it was fitted."""

    fitted_on: list[int] = []  # noqa: RUF012 - scikit-learn clones the object; the class outlives it

    def fit(self, X, y=None, sample_weight=None):  # noqa: N803 - the name that scikit-learn passes
        self.fitted_on.append(len(X))
        return super().fit(X, y, sample_weight)


class Copier:
    """Says what it was told about the clips it was fitted on, and nothing else."""

    title, front_end, note, recipe = "copier", "mfcc_summary", "", "1"

    def __init__(self):
        self.calls = []

    def predict(self, fit_on, test, *, inner, seed):
        features, classes = fit_on
        known = {row.tobytes(): label for row, label in zip(features, classes, strict=True)}
        self.calls.append((len(features), inner, seed))
        return np.array([known.get(row.tobytes(), 0) for row in test])


def test_a_clip_has_360_statistics_when_its_length_is_any():
    for length in (1, 3_000, 20_000):
        samples = np.random.default_rng(0).normal(size=max(length, descriptors.FRAME_LENGTH))
        assert descriptors.statistics_360(samples).shape == (360,)
        assert descriptors.mfcc_summary(samples).shape == (160,)


def test_descriptors_are_the_textbooks_when_the_sound_is_a_tone():
    tone = np.sin(2 * np.pi * 1000.0 * np.arange(RATE) / RATE)
    energy, entropy, crossings, centroid, spread, _, flux, roll_off = descriptors.short_time_descriptors(
        tone
    )[:8]
    assert energy == pytest.approx(0.5, abs=1e-3)
    assert entropy == pytest.approx(np.log2(10), abs=1e-2)
    assert crossings == pytest.approx(2000 / RATE, abs=1e-2)
    assert centroid == pytest.approx(1000.0, abs=5.0)
    assert spread.max() < 100.0
    assert flux.max() < 1e-3
    assert roll_off == pytest.approx(1000.0, abs=2 * RATE / descriptors.N_FFT)


def test_statistics_are_finite_when_there_is_only_silence():
    silence = np.zeros(RATE)
    assert np.isfinite(descriptors.statistics_360(silence)).all()
    assert np.isfinite(descriptors.mfcc_summary(silence)).all()
    assert descriptors.log_mel_frames(silence).shape == (descriptors.N_FRAMES, descriptors.N_MELS)


def test_the_held_back_actor_is_left_out_when_recordings_are_loaded(recordings):
    assert len(recordings.clips) == 8 * ACTORS
    assert set(recordings.people) == {f"{actor:02d}" for actor in range(1, ACTORS + 1)}


def test_features_are_read_back_when_they_were_made_before(recordings):
    first = recordings.features("mfcc_summary")
    path = next(recordings.cache.glob("mfcc_summary-*.npy"))
    stamp = path.stat().st_mtime_ns
    np.testing.assert_array_equal(recordings.features("mfcc_summary"), first)
    assert path.stat().st_mtime_ns == stamp


@pytest.mark.parametrize("protocol", [BY_ACTOR, LEAKY], ids=lambda protocol: protocol.name)
def test_nobody_leaks_when_and_only_when_folds_are_by_actor(recordings, protocol):
    kept = np.isin(recordings.labels, protocol.classes)
    people, truth = recordings.people[kept], np.unique(recordings.labels[kept], return_inverse=True)[1]
    splits = protocol.splits(truth, people, 0)
    fit, _ = splits[0]
    both = [*splits, *((fit[a], fit[b]) for a, b in protocol.inner(truth[fit], people[fit], 0))]
    shared = [set(people[a]) & set(people[b]) for a, b in both]
    assert all(shared) if protocol is LEAKY else not any(shared)


def test_neutral_is_left_out_and_calm_kept_when_the_split_leaks(recordings):
    row = measure(Copier(), recordings, LEAKY, system="copier", seeds=[0])
    assert row.labels == ["calm", "happy", "sad", "angry", "fear", "disgust", "surprise"]
    assert row.n == round(0.2 * 7 * ACTORS)


def test_no_test_clip_is_fitted_on_when_measured_by_actor(recordings):
    copier = Copier()
    row = measure(copier, recordings, BY_ACTOR, system="copier", seeds=[0, 1])
    assert row.figures["accuracy"].value == pytest.approx(1 / 8)
    assert [size for size, _, _ in copier.calls] == [128] * 10
    assert (row.n, row.people, row.seeds) == (160, 20, [0, 1])
    assert np.sum(row.confusion) == 2 * row.n


def test_folds_are_not_fitted_again_when_a_run_is_repeated(recordings):
    first, second, changed = Copier(), Copier(), Copier()
    changed.recipe = "2"
    rows = [measure(one, recordings, LEAKY, system="again", seeds=[7]) for one in (first, second, changed)]
    assert [len(one.calls) for one in (first, second, changed)] == [1, 0, 1]
    assert rows[0] == rows[1]


def test_the_scaler_sees_only_inner_rows_when_a_search_scores(recordings):
    line = svm_360()[0]
    spy = line.steps(0)
    spy.steps[0] = ("scale", Memory())
    watched = replace(line, steps=lambda _: spy)
    Memory.fitted_on.clear()
    features = recordings.features(line.front_end)
    fit, test = BY_ACTOR.splits(np.arange(len(features)), recordings.people, 0)[0]
    classes = np.arange(len(fit)) % 8
    inner = BY_ACTOR.inner(classes, recordings.people[fit], 0)
    watched.predict((features[fit], classes), features[test], inner=inner, seed=0)
    sizes = {len(part) for part, _ in inner}
    assert set(Memory.fitted_on[:-1]) == sizes
    assert max(sizes) < len(fit)
    assert Memory.fitted_on[-1] == len(fit)


def test_there_are_four_projections_and_four_kernels_when_statistics_meet_svm():
    lines = svm_360()
    assert len({line.title for line in lines}) == len({line.recipe for line in lines}) == 16
    pairs = {
        (line.steps(0).named_steps.get("project"), line.steps(0).named_steps["classify"]) for line in lines
    }
    assert len({str(projection) for projection, _ in pairs}) == 4
    assert {(svc.kernel, svc.degree) for _, svc in pairs} >= {("linear", 3), ("poly", 2), ("poly", 3)}


def test_the_grid_surrounds_the_draw_when_a_line_is_tuned():
    (line,) = mfcc_mlp()
    chosen = {
        "classify__alpha": 0.1,
        "classify__learning_rate_init": 0.002,
        "classify__hidden_layer_sizes": (128,),
    }
    assert line.grid(chosen) == {
        "classify__alpha": pytest.approx([0.03, 0.1, 0.3]),
        "classify__learning_rate_init": [0.001, 0.002],
        "classify__hidden_layer_sizes": [(128,)],
    }
    (forest,) = mfcc_random_forest()
    grid = forest.grid({"classify__n_estimators": 100, "classify__min_samples_leaf": 2})
    assert grid == {"classify__n_estimators": [100, 200], "classify__min_samples_leaf": [2, 4]}


def test_a_tuned_line_learns_the_pitch_when_fitted(recordings):
    line = Classical(
        title="small",
        front_end="mfcc_summary",
        steps=lambda _: svm_360()[0].steps(0).set_params(classify=SVC()),
        grid=lambda chosen: {name: [value, value * 2] for name, value in chosen.items()},
        drawn={"classify__C": [1.0, 10.0, 100.0]},
        draws=2,
    )
    row = measure(line, recordings, BY_ACTOR, system="small", seeds=[0])
    assert row.figures["uar"].value > 0.8


def test_windows_overlap_and_end_with_the_clip_when_they_roll():
    ramp = np.arange(descriptors.N_FRAMES, dtype=np.float32)[None, :, None].repeat(descriptors.N_MELS, axis=2)
    windows = rolling_windows(ramp)
    assert windows.shape == (1, 3, 128, descriptors.N_MELS, 1)
    assert windows[0, :, 0, 0, 0].tolist() == [0, 96, 192]
    assert windows[0, -1, -1, 0, 0] == descriptors.N_FRAMES - 1
    assert frame_pairs(ramp)[0, :2, 0].tolist() == [0.5, 2.5]


def test_the_blocks_are_as_published_when_the_network_is_built():
    network = build_cnn_lstm((3, 128, descriptors.N_MELS, 1), 8)
    inner = [layer.layer for layer in network.layers if hasattr(layer, "layer")]
    assert [layer.filters for layer in inner if hasattr(layer, "filters")] == [64, 64, 128, 128]
    assert [layer.pool_size[0] for layer in inner if hasattr(layer, "pool_size")] == [2, 4, 4, 4]
    assert [layer.units for layer in network.layers if hasattr(layer, "units")] == [256, 256, 8]
    assert network.output_shape == (None, 8)


@pytest.mark.parametrize("lines", [cnn_lstm, log_mel_lstm])
def test_a_network_names_a_class_for_every_clip_when_trained_for_a_step(recordings, lines):
    (line,) = lines()
    features = recordings.features(line.front_end)
    step = replace(line, epochs=1, batch_size=8)
    named = step.predict((features[:8], np.arange(8)), features[8:11], inner=[], seed=0)
    assert named.shape == (3,)
    assert set(named.tolist()) <= set(range(8))
    assert step.recipe != line.recipe


def test_a_system_is_refused_by_name_when_there_is_none(data):
    with pytest.raises(UnknownSystemError, match=r"svm-360, mfcc-svc, .*log-mel-lstm"):
        SYSTEMS.measure("svm-361", data, results=data)
    assert all(system.about for system in SYSTEMS.systems)
