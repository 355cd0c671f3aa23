"""Features of the voice: log-mel of speech, windows of the embedding, and the input of the classifier.

Pure, and the same for training and serving. A chunk of speech of up to 3 s becomes 80 mel bands × 300
frames, as in the training of Whisper's encoder (Radford et al. 2022, section 2.2): 25 ms frames
every 10 ms, Hann window, no pre-emphasis, logarithm to base 10, at most 8 decades below the loudest
value. Every chunk is first brought to one level, because the gain of a candidate's microphone tells nothing
about the candidate. The encoder returns one frame of 768 values per 20 ms; a window is the mean and the
standard deviation of its frames.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import librosa
import numpy as np
import scipy
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

SAMPLE_RATE_HZ = 16_000
N_FFT = 400
HOP_LENGTH = 160
N_MELS = 80
FMIN_HZ = 0.0
FMAX_HZ = 8_000.0
CHUNK_S = 3.0
CHUNK_SAMPLES = int(CHUNK_S * SAMPLE_RATE_HZ)
FRAMES = CHUNK_SAMPLES // HOP_LENGTH
TOKENS = FRAMES // 2
TOKEN_SAMPLES = 2 * HOP_LENGTH
EMBEDDING_SIZE = 768
"""Values of one frame of the encoder: two blocks of 384."""
WINDOW_TOKENS = TOKENS
WINDOW_HOP_TOKENS = TOKENS // 2
WINDOW_SIZE = 2 * EMBEDDING_SIZE
"""Values of a window: means, then standard deviations."""
LEVEL_RMS = 0.05
"""Root mean square that every chunk is scaled to (-26 dB of full scale)."""
LOG_FLOOR = 1e-10
DECADES = 8.0
PRIOR_CLIPS = 3.0
"""Number of windows of a person's own speech that weigh as much as the mean of all people."""


def describe_preprocessing() -> dict[str, Any]:
    """Return the parameters above, as the manifests of the models record them."""
    return {
        "feature": "log_mel",
        "sample_rate_hz": SAMPLE_RATE_HZ,
        "n_fft": N_FFT,
        "hop_length": HOP_LENGTH,
        "window": "hann",
        "pre_emphasis": 0.0,
        "n_mels": N_MELS,
        "fmin_hz": FMIN_HZ,
        "fmax_hz": FMAX_HZ,
        "mel_scale": "slaney",
        "level_rms": LEVEL_RMS,
        "chunk_samples": CHUNK_SAMPLES,
        "window_tokens": WINDOW_TOKENS,
        "window_hop_tokens": WINDOW_HOP_TOKENS,
        "prior_clips": PRIOR_CLIPS,
    }


def warm_up() -> None:
    """Load librosa and scipy: a second of a processor and 64 MB, once in a process."""
    compute_log_mel([np.zeros(1, np.float32)])


def normalise_level(samples: FloatArray) -> FloatArray:
    """Scale samples to `LEVEL_RMS`; digital silence stays silent.

    Args:
        samples: shape `(n,)`, -1..1.
    """
    power = float(np.dot(samples, samples)) / max(1, samples.size)
    return samples if power <= 0.0 else (samples * np.float32(LEVEL_RMS / np.sqrt(power)))


def compute_log_mel(chunks: list[FloatArray]) -> FloatArray:
    """Compute log-mel spectrograms of chunks of speech, each brought to one level and padded with silence.

    Args:
        chunks: each of shape `(k,)`, 1 ≤ k ≤ `CHUNK_SAMPLES`, float32, 16 kHz mono.

    Returns:
        Shape `(n, N_MELS, FRAMES)`, float32, about -1..1.5. Low bands first.

    Raises:
        ValueError: a chunk is empty or too long.
    """
    if any(not 0 < chunk.size <= CHUNK_SAMPLES for chunk in chunks):
        raise ValueError(f"a chunk must have 1 to {CHUNK_SAMPLES} samples")
    return np.stack([_compute_log_mel(normalise_level(chunk)) for chunk in chunks])


def _compute_log_mel(samples: FloatArray) -> FloatArray:
    filled = np.pad(samples, (0, CHUNK_SAMPLES - samples.size))
    centred = np.pad(filled, N_FFT // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(centred, N_FFT)[::HOP_LENGTH][:FRAMES]
    spectrum = np.fft.rfft(frames * _hann())
    power = spectrum.real**2 + spectrum.imag**2
    bands = _make_sparse_filters() @ power.astype(np.float32, copy=False).T
    logarithm = np.log10(np.maximum(bands, LOG_FLOOR))
    limited: FloatArray = np.maximum(logarithm, logarithm.max() - DECADES)
    return ((limited + 4.0) / 4.0).astype(np.float32, copy=False)


@cache
def make_mel_filters() -> FloatArray:
    """Return the triangular mel filters, each of unit area, shape `(N_MELS, N_FFT // 2 + 1)`."""
    filters: FloatArray = librosa.filters.mel(
        sr=SAMPLE_RATE_HZ, n_fft=N_FFT, n_mels=N_MELS, fmin=FMIN_HZ, fmax=FMAX_HZ
    )
    return filters


@cache
def _make_sparse_filters() -> Any:
    """Return `make_mel_filters()` without its zeros, 98 of 100 values.

    The product needs one thread; that of the full matrix keeps a thread of BLAS busy on every core.
    """
    return scipy.sparse.csr_array(make_mel_filters())


@cache
def _hann() -> FloatArray:
    """Return the periodic Hann window, shape `(N_FFT,)`."""
    window: FloatArray = librosa.filters.get_window("hann", N_FFT).astype(np.float32)
    return window


def mel_centres_hz() -> NDArray[np.float64]:
    """Return the centre of every mel band in Hz, ascending, shape `(N_MELS,)`."""
    edges: NDArray[np.float64] = librosa.mel_frequencies(n_mels=N_MELS + 2, fmin=FMIN_HZ, fmax=FMAX_HZ)
    return edges[1:-1]


def count_tokens(samples: int) -> int:
    """Return how many frames of the encoder lie within `samples` samples; at least one, at most `TOKENS`."""
    return min(max(1, samples // TOKEN_SAMPLES), TOKENS)


def pool(frames: FloatArray) -> FloatArray:
    """Pool frames over time to their mean and standard deviation.

    Args:
        frames: shape `(..., t, EMBEDDING_SIZE)`, t ≥ 1.

    Returns:
        Shape `(..., WINDOW_SIZE)`.
    """
    return np.concatenate([frames.mean(axis=-2), frames.std(axis=-2)], axis=-1).astype(np.float32, copy=False)


@dataclass(frozen=True, slots=True)
class Population:
    """Mean and deviation of the windows of many people.

    Attributes:
        mean: shape `(WINDOW_SIZE,)`.
        deviation: standard deviation *within* people, shape `(WINDOW_SIZE,)`, above 0.
    """

    mean: FloatArray
    deviation: FloatArray


def estimate_person_mean(population: Population, own_mean: FloatArray | None, clips: float) -> FloatArray:
    """Estimate the mean window of one person: the own mean, shrunk towards the population's.

    The posterior mean of a normal prior that weighs `PRIOR_CLIPS` observations. Without speech of the
    person it is the population's mean, so that one classifier serves both cases.

    Args:
        population: from training.
        own_mean: mean of windows of the person's speech, shape `(WINDOW_SIZE,)`, or None.
        clips: how many windows that mean rests on, ≥ 0.
    """
    if own_mean is None or clips <= 0.0:
        return population.mean
    total = clips * own_mean + PRIOR_CLIPS * population.mean
    return (total / (clips + PRIOR_CLIPS)).astype(np.float32)


def normalise_windows(windows: FloatArray, population: Population, mean: FloatArray) -> FloatArray:
    """Return the input of the classifier: `(windows - mean) / population.deviation`, same shape, float32."""
    return ((windows - mean) / population.deviation).astype(np.float32, copy=False)
