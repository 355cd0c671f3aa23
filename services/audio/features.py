"""Samples to log-mel windows. Pure, and the same for training and serving.

The network sees windows of 3.088 s of speech as 64 mel bands × 192 frames. A stretch of speech that
is shorter is repeated until the window is full ("wrapped"), so that the statistics over time that the
network pools never mix with padding. Each window is standardised to mean 0 and deviation 1 over all
its values: the gain of a candidate's microphone says nothing about the candidate.
"""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

SAMPLE_RATE_HZ = 16_000
N_FFT = 512
HOP_LENGTH = 256
N_MELS = 64
FMIN_HZ = 50.0
FMAX_HZ = 8_000.0
WINDOW_FRAMES = 192
WINDOW_SAMPLES = N_FFT + (WINDOW_FRAMES - 1) * HOP_LENGTH
WINDOW_HOP_SAMPLES = WINDOW_FRAMES // 2 * HOP_LENGTH
POWER_FLOOR = 1e-8
"""Added to the power before the logarithm, relative to the window's mean power (-80 dB)."""


def preprocessing() -> dict[str, Any]:
    """The parameters above, as the manifest of the model records them."""
    return {
        "feature": "log_mel",
        "sample_rate_hz": SAMPLE_RATE_HZ,
        "n_fft": N_FFT,
        "hop_length": HOP_LENGTH,
        "window": "hann",
        "n_mels": N_MELS,
        "fmin_hz": FMIN_HZ,
        "fmax_hz": FMAX_HZ,
        "mel_scale": "slaney",
        "window_samples": WINDOW_SAMPLES,
        "window_hop_samples": WINDOW_HOP_SAMPLES,
        "short_speech": "wrap",
        "normalisation": "mean 0, standard deviation 1 per window",
    }


def wrap(samples: FloatArray, length: int = WINDOW_SAMPLES) -> FloatArray:
    """Repeat samples until there are exactly `length`; longer input is cut.

    Args:
        samples: shape `(n,)`, n ≥ 1.
        length: number of samples wanted.

    Raises:
        ValueError: there are no samples.
    """
    if samples.size == 0:
        raise ValueError("cannot fill a window from no samples")
    return np.resize(samples, length).astype(np.float32, copy=False)


def log_mel(windows: FloatArray) -> FloatArray:
    """Standardised log-mel spectrograms of whole windows.

    Args:
        windows: shape `(n, WINDOW_SAMPLES)`, float32, 16 kHz mono.

    Returns:
        Shape `(n, N_MELS, WINDOW_FRAMES)`, float32, mean 0 and standard deviation 1 per window
        (all zero for a window of digital silence). Low bands first.

    Raises:
        ValueError: the windows do not have `WINDOW_SAMPLES` samples.
    """
    if windows.ndim != 2 or windows.shape[1] != WINDOW_SAMPLES:
        raise ValueError(f"windows must have shape (n, {WINDOW_SAMPLES}), got {windows.shape}")
    return np.stack([_log_mel(window) for window in windows])


def _log_mel(window: FloatArray) -> FloatArray:
    frames = np.lib.stride_tricks.sliding_window_view(window, N_FFT)[::HOP_LENGTH]
    spectrum = np.fft.rfft(frames * _hann())
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
    # einsum and not a matrix product: BLAS threads cost ten times more than they save at this size
    mel = np.einsum("mf,tf->mt", mel_filters(), power)
    level = float(mel.mean())
    if level <= 0.0:
        return np.zeros((N_MELS, WINDOW_FRAMES), np.float32)
    bands = np.log(mel / level + POWER_FLOOR)
    standardised: FloatArray = (bands - bands.mean()) / max(float(bands.std()), 1e-6)
    return standardised.astype(np.float32, copy=False)


@cache
def _hann() -> FloatArray:
    """Periodic Hann window, shape `(N_FFT,)`."""
    return (0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(N_FFT) / N_FFT)).astype(np.float32)


@cache
def mel_filters() -> FloatArray:
    """Triangular mel filters, each of unit area, shape `(N_MELS, N_FFT // 2 + 1)`.

    Equal to `librosa.filters.mel` (Slaney's Auditory Toolbox, 1998), which a test compares; written
    out because importing librosa costs a worker seconds and a compiler.
    """
    edges = _mel_to_hz(np.linspace(_hz_to_mel(FMIN_HZ), _hz_to_mel(FMAX_HZ), N_MELS + 2))
    bins = np.fft.rfftfreq(N_FFT, 1.0 / SAMPLE_RATE_HZ)
    width = np.diff(edges)
    ramps = edges[:, None] - bins[None, :]
    rising, falling = -ramps[:-2] / width[:-1, None], ramps[2:] / width[1:, None]
    unit_area = 2.0 / (edges[2:] - edges[:-2])
    return (np.maximum(0.0, np.minimum(rising, falling)) * unit_area[:, None]).astype(np.float32)


_LINEAR_HZ_PER_MEL = 200.0 / 3.0
_LOG_FROM_HZ = 1_000.0
_LOG_STEP = np.log(6.4) / 27.0


def _hz_to_mel(hz: float) -> float:
    """Slaney's scale: linear below 1 kHz, logarithmic above."""
    if hz < _LOG_FROM_HZ:
        return hz / _LINEAR_HZ_PER_MEL
    return float(_LOG_FROM_HZ / _LINEAR_HZ_PER_MEL + np.log(hz / _LOG_FROM_HZ) / _LOG_STEP)


def _mel_to_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    knee = _LOG_FROM_HZ / _LINEAR_HZ_PER_MEL
    logarithmic = _LOG_FROM_HZ * np.exp(_LOG_STEP * (np.maximum(mel, knee) - knee))
    return np.where(mel < knee, mel * _LINEAR_HZ_PER_MEL, logarithmic)
