import numpy as np
import pytest
from scipy.signal import stft

from services.audio.features import (
    FMAX_HZ,
    FMIN_HZ,
    HOP_LENGTH,
    N_FFT,
    N_MELS,
    SAMPLE_RATE_HZ,
    WINDOW_FRAMES,
    WINDOW_SAMPLES,
    log_mel,
    mel_filters,
    wrap,
)
from tests.media_audio import make_audio_tone


def window(seed: int = 0) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).standard_normal(WINDOW_SAMPLES)).astype(np.float32)


def test_filters_equal_the_reference_when_librosa_computes_them():
    librosa_filters = pytest.importorskip("librosa.filters")
    reference = librosa_filters.mel(sr=SAMPLE_RATE_HZ, n_fft=N_FFT, n_mels=N_MELS, fmin=FMIN_HZ, fmax=FMAX_HZ)
    np.testing.assert_allclose(mel_filters(), reference, atol=1e-7)


def test_log_mel_equals_the_reference_when_scipy_computes_the_spectrogram():
    sound = window()
    _, _, spectrum = stft(sound, nperseg=N_FFT, noverlap=N_FFT - HOP_LENGTH, boundary=None, padded=False)
    power = mel_filters() @ np.abs(spectrum) ** 2
    bands = np.log(power / power.mean() + 1e-8)
    np.testing.assert_allclose(log_mel(sound[None])[0], (bands - bands.mean()) / bands.std(), atol=1e-3)


def test_log_mel_has_the_shape_and_scale_of_the_input_when_given_windows():
    features = log_mel(np.stack([window(0), window(1)]))
    assert features.shape == (2, N_MELS, WINDOW_FRAMES)
    assert features.dtype == np.float32
    np.testing.assert_allclose(features.mean(axis=(1, 2)), 0.0, atol=1e-4)
    np.testing.assert_allclose(features.std(axis=(1, 2)), 1.0, atol=1e-4)


def test_log_mel_is_the_same_when_only_the_gain_differs():
    np.testing.assert_allclose(log_mel(window()[None]), log_mel(0.01 * window()[None]), atol=1e-3)


def test_log_mel_is_zero_when_the_window_is_silent():
    assert not log_mel(np.zeros((1, WINDOW_SAMPLES), np.float32)).any()


def test_the_loudest_band_rises_when_the_pitch_rises():
    low, high = (
        int(log_mel(wrap(make_audio_tone(4.0, pitch_hz=hz))[None])[0].mean(axis=1).argmax())
        for hz in (300, 3000)
    )
    assert low < high


@pytest.mark.parametrize("shape", [(WINDOW_SAMPLES,), (1, WINDOW_SAMPLES - 1)])
def test_log_mel_refuses_when_the_window_has_another_length(shape):
    with pytest.raises(ValueError, match="windows must have shape"):
        log_mel(np.zeros(shape, np.float32))


def test_wrap_repeats_speech_when_it_is_short():
    assert wrap(np.array([1, 2, 3], np.float32), 7).tolist() == [1, 2, 3, 1, 2, 3, 1]


def test_wrap_refuses_when_there_are_no_samples():
    with pytest.raises(ValueError, match="no samples"):
        wrap(np.zeros(0, np.float32))
