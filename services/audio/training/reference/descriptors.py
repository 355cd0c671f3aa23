"""The front ends of the rebuilt systems: 360 statistics, summaries of MFCC, and log-mel frames.

All of them hear the same stretch of a clip, `DURATION_S` seconds from `OFFSET_S` on (RAVDESS clips
start with about a second of silence), at 16 kHz after pre-emphasis, in frames of 25 ms every 10 ms
under a Hamming window. Nothing here is fitted; scaling belongs to the fold.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import librosa
import numpy as np
from numpy.typing import NDArray
from scipy.stats import kurtosis, skew

FloatArray = NDArray[np.float32]
Samples = NDArray[np.float64]

SAMPLE_RATE_HZ = 16_000
OFFSET_S = 0.5
PRE_EMPHASIS = 0.97
FRAME_LENGTH = 400
HOP_LENGTH = 160
N_FFT = 512
N_FRAMES = 320
DURATION_S = (FRAME_LENGTH + (N_FRAMES - 1) * HOP_LENGTH) / SAMPLE_RATE_HZ
N_MELS = 64
N_MELS_OF_MFCC = 40
N_MFCC = 13
N_BLOCKS = 10
"""Blocks of a frame, and bands of a spectrum, over which the two entropies are taken."""
ROLL_OFF = 0.90
TINY = 1e-10
VERSION = 1
"""Part of the key of cached features: to be raised with every change here."""


def read_stretch(path: Path) -> Samples:
    """Read the part of a clip that every system hears, shape `(n,)`, pre-emphasised, n ≥ one frame.

    A clip that ends before `OFFSET_S` is taken from its start; one shorter than a frame is padded
    with silence.
    """
    sound, _ = librosa.load(path, sr=SAMPLE_RATE_HZ, mono=True)
    start = round(OFFSET_S * SAMPLE_RATE_HZ)
    heard = sound[start:] if len(sound) >= start + FRAME_LENGTH else sound
    heard = heard[: round(DURATION_S * SAMPLE_RATE_HZ)].astype(np.float64)
    heard = np.pad(heard, (0, max(0, FRAME_LENGTH - len(heard))))
    return np.append(heard[0], heard[1:] - PRE_EMPHASIS * heard[:-1])


def frames_of(samples: Samples) -> Samples:
    """Return overlapping frames, shape `(t, FRAME_LENGTH)`, not windowed."""
    return np.lib.stride_tricks.sliding_window_view(samples, FRAME_LENGTH)[::HOP_LENGTH]


def power_of(frames: Samples) -> Samples:
    """Compute power spectra under a Hamming window, shape `(t, N_FFT // 2 + 1)`."""
    spectrum = np.fft.rfft(frames * np.hamming(FRAME_LENGTH), n=N_FFT, axis=1)
    power: Samples = spectrum.real**2 + spectrum.imag**2
    return power


def mfcc_of(power: Samples) -> Samples:
    """Compute mel-frequency cepstral coefficients 0 to 12, shape `(N_MFCC, t)`."""
    bands = librosa.power_to_db(_mel_filters(N_MELS_OF_MFCC) @ power.T, amin=TINY, top_db=None)
    coefficients: Samples = librosa.feature.mfcc(S=bands, n_mfcc=N_MFCC)
    return coefficients


@cache
def _mel_filters(n_mels: int) -> Samples:
    filters: Samples = librosa.filters.mel(sr=SAMPLE_RATE_HZ, n_fft=N_FFT, n_mels=n_mels)
    return filters


def _entropy(parts: Samples) -> Samples:
    """Compute the Shannon entropy in bits of each row, taken as shares of the row's sum."""
    shares = parts / (parts.sum(axis=1, keepdims=True) + TINY)
    bits: Samples = -(shares * np.log2(shares + TINY)).sum(axis=1)
    return bits


def short_time_descriptors(samples: Samples) -> Samples:
    """Compute 20 descriptors per frame (Giannakopoulos & Pikrakis 2014, ch. 4), shape `(20, t)`.

    Energy, entropy of energy, zero-crossing rate; spectral centroid and spread in Hz, spectral
    entropy in bits, flux, roll-off in Hz; MFCC 1 to 12 (the energy stands for coefficient 0).
    """
    frames = frames_of(samples)
    power = power_of(frames)
    hz = np.fft.rfftfreq(N_FFT, 1.0 / SAMPLE_RATE_HZ)
    shares = power / (power.sum(axis=1, keepdims=True) + TINY)
    centroid = shares @ hz
    spread = np.sqrt((shares * (hz - centroid[:, None]) ** 2).sum(axis=1))
    flux = np.append(0.0, (np.diff(shares, axis=0) ** 2).sum(axis=1))
    reached = np.cumsum(shares, axis=1) >= ROLL_OFF * shares.sum(axis=1, keepdims=True)
    bands = np.stack([band.sum(axis=1) for band in np.array_split(power, N_BLOCKS, axis=1)], axis=1)
    blocks = (frames**2).reshape(len(frames), N_BLOCKS, -1).sum(axis=2)
    signs = np.signbit(frames)
    rows = [
        (frames**2).mean(axis=1),
        _entropy(blocks),
        (signs[:, 1:] != signs[:, :-1]).mean(axis=1),
        centroid,
        spread,
        _entropy(bands),
        flux,
        hz[reached.argmax(axis=1)],
        *mfcc_of(power)[1:],
    ]
    return np.stack(rows)


def statistics_360(samples: Samples) -> FloatArray:
    """Compute global statistics of a clip, `(360,)`: (8 + 12) descriptors × (value, difference) × 9.

    The nine are mean, median, standard deviation, kurtosis, skewness, 1st and 99th percentile,
    minimum and maximum. Range, the tenth of the original list, is left out: it is maximum minus
    minimum, and with it the count would be 400. Kurtosis and skewness of a constant count as 0.
    """
    values = short_time_descriptors(samples)
    differences = np.diff(values, axis=1, prepend=values[:, :1])
    tracks = np.concatenate([values, differences])
    shape = np.nan_to_num(np.stack([_moment(kurtosis, tracks), _moment(skew, tracks)]))
    rows = np.stack(
        [
            tracks.mean(axis=1),
            np.median(tracks, axis=1),
            tracks.std(axis=1),
            *shape,
            *np.percentile(tracks, [1.0, 99.0], axis=1),
            tracks.min(axis=1),
            tracks.max(axis=1),
        ]
    )
    return rows.ravel().astype(np.float32)


def _moment(of: Callable[..., Samples], tracks: Samples) -> Samples:
    """Compute a higher moment of each row; 0 where a row is constant up to rounding."""
    varies = np.ptp(tracks, axis=1) > TINY
    found = np.zeros(len(tracks))
    found[varies] = of(tracks[varies], axis=1)
    return found


def mfcc_summary(samples: Samples) -> FloatArray:
    """Return mean, max, min, SD of MFCC, Δ, ΔΔ and RMS, shape `(160,)`: (3 × 13 + 1) × 4."""
    frames = frames_of(samples)
    mfcc = mfcc_of(power_of(frames))
    # "nearest" and not the default, which refuses clips of fewer frames than the filter has taps
    first, second = (librosa.feature.delta(mfcc, order=order, mode="nearest") for order in (1, 2))
    rms = np.sqrt((frames**2).mean(axis=1))[None]
    tracks = np.concatenate([mfcc, first, second, rms])
    rows = [tracks.mean(axis=1), tracks.max(axis=1), tracks.min(axis=1), tracks.std(axis=1)]
    return np.concatenate(rows).astype(np.float32)


def log_mel_frames(samples: Samples) -> FloatArray:
    """Compute log-mel power, `(N_FRAMES, N_MELS)`, natural logarithm; short clips end in silence."""
    power = power_of(frames_of(samples))
    mel = np.log(power @ _mel_filters(N_MELS).T + TINY)
    silence = np.full((N_FRAMES - len(mel), N_MELS), np.log(TINY))
    return np.concatenate([mel, silence]).astype(np.float32)


FRONT_ENDS: dict[str, Callable[[Samples], FloatArray]] = {
    "statistics_360": statistics_360,
    "mfcc_summary": mfcc_summary,
    "log_mel_frames": log_mel_frames,
}
"""By the name that a system asks for and that the cached file bears."""
