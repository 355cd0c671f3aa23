import os
import subprocess
import sys

import numpy as np
import pytest

from services.audio.features import (
    CHUNK_SAMPLES,
    EMBEDDING_SIZE,
    FRAMES,
    N_MELS,
    PRIOR_CLIPS,
    SAMPLE_RATE_HZ,
    TOKEN_SAMPLES,
    TOKENS,
    Population,
    compute_log_mel,
    count_tokens,
    estimate_person_mean,
    mel_centres_hz,
    normalise_level,
    normalise_windows,
    pool,
)
from tests.media_audio import make_audio_tone


def noise(samples: int = CHUNK_SAMPLES, seed: int = 0) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).standard_normal(samples)).astype(np.float32)


@pytest.mark.parametrize("samples", [CHUNK_SAMPLES, 20_000])
def test_log_mel_is_what_the_encoder_was_trained_on_when_whispers_own_program_computes_it(samples):
    """Whisper's program normalises 30 s at once; here both are given 3 s, brought to one level."""
    extractor = pytest.importorskip("faster_whisper.feature_extractor").FeatureExtractor(feature_size=N_MELS)
    sound = noise(samples)
    expected = extractor(np.pad(normalise_level(sound), (0, CHUNK_SAMPLES - samples)), padding=0)
    np.testing.assert_allclose(compute_log_mel([sound])[0], expected, atol=1e-6)


def test_nothing_is_compiled_when_the_worker_warms_up(tmp_path):
    """Most of librosa compiles when it is imported, half a minute where nothing is cached."""
    code = "from services.audio.features import mel_centres_hz, warm_up; warm_up(); mel_centres_hz()"
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    check = (
        "import sys; assert 'librosa.filters' in sys.modules; assert 'librosa.core.audio' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", f"{code}; {check}"], env=environment, check=True)
    assert list(tmp_path.rglob("*.nbi")) == []


def test_log_mel_has_one_shape_when_chunks_differ_in_length():
    features = compute_log_mel([noise(), noise(1), noise(16_000)])
    assert features.shape == (3, N_MELS, FRAMES)
    assert features.dtype == np.float32
    assert np.isfinite(features).all()


def test_log_mel_is_the_same_when_only_the_gain_differs():
    np.testing.assert_allclose(compute_log_mel([noise()]), compute_log_mel([0.01 * noise()]), atol=1e-3)


def test_log_mel_is_flat_when_the_chunk_is_silent():
    assert np.ptp(compute_log_mel([np.zeros(CHUNK_SAMPLES, np.float32)])) == 0.0


def test_the_loudest_band_rises_when_the_pitch_rises():
    low, high = (
        int(compute_log_mel([make_audio_tone(2.0, pitch_hz=hz)])[0].mean(axis=1).argmax())
        for hz in (300, 3000)
    )
    assert low < high


@pytest.mark.parametrize("samples", [0, CHUNK_SAMPLES + 1])
def test_log_mel_refuses_when_the_chunk_has_an_impossible_length(samples):
    with pytest.raises(ValueError, match="a chunk must have"):
        compute_log_mel([np.zeros(samples, np.float32)])


def test_centres_rise_to_half_the_sample_rate_when_bands_rise():
    centres = mel_centres_hz()
    assert centres.shape == (N_MELS,)
    assert (np.diff(centres) > 0).all()
    assert 0 < centres[0] < centres[-1] < SAMPLE_RATE_HZ / 2


@pytest.mark.parametrize(
    ("samples", "tokens"), [(1, 1), (TOKEN_SAMPLES, 1), (16_000, 50), (CHUNK_SAMPLES, TOKENS)]
)
def test_a_token_is_twenty_milliseconds_when_counted(samples, tokens):
    assert count_tokens(samples) == tokens


def test_pooling_gives_mean_and_deviation_when_frames_differ():
    frames = np.stack([np.zeros(EMBEDDING_SIZE), np.full(EMBEDDING_SIZE, 2.0)]).astype(np.float32)
    np.testing.assert_allclose(pool(frames), 1.0)
    assert pool(frames[None].repeat(3, axis=0)).shape == (3, 2 * EMBEDDING_SIZE)


def test_a_person_is_the_population_when_nothing_is_known():
    population = Population(np.full(4, 3.0, np.float32), np.full(4, 2.0, np.float32))
    assert estimate_person_mean(population, None, 0.0) is population.mean
    assert estimate_person_mean(population, np.zeros(4, np.float32), 0.0) is population.mean


def test_a_person_moves_from_the_population_to_the_own_mean_when_clips_grow():
    population = Population(np.zeros(1, np.float32), np.ones(1, np.float32))
    own = np.ones(1, np.float32)
    half = estimate_person_mean(population, own, PRIOR_CLIPS)[0]
    assert half == pytest.approx(0.5)
    assert (
        estimate_person_mean(population, own, 1.0)[0]
        < half
        < estimate_person_mean(population, own, 1000.0)[0]
        < 1.0
    )


def test_windows_are_standardised_when_normalised():
    population = Population(np.full(3, 1.0, np.float32), np.full(3, 2.0, np.float32))
    row = normalise_windows(np.full((1, 3), 5.0, np.float32), population, population.mean)
    np.testing.assert_allclose(row, 2.0)
    assert row.dtype == np.float32
