"""Augmentation: slow kinds on samples, once per clip; quick kinds on log-mel, in every batch."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft

from services.audio.features import N_MELS, WINDOW_FRAMES, FloatArray, log_mel, wrap

SPEED_RANGE = (0.88, 1.12)
SNR_RANGE_DB = (8.0, 30.0)
NOISE_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class BatchAugmentation:
    """Strengths of the augmentation of a batch.

    Attributes:
        time_masks, time_mask_frames: SpecAugment (Park et al. 2019), number and largest width.
        band_masks, band_mask_bands: likewise over mel bands.
        band_shift: largest shift along the mel axis, a crude change of pitch and vocal tract.
        tilt: standard deviation of a smooth gain over bands, for microphones and rooms.
        mixup: parameter of the Beta distribution of the mixing share (Zhang et al. 2018).
    """

    time_masks: int = 2
    time_mask_frames: int = 24
    band_masks: int = 2
    band_mask_bands: int = 8
    band_shift: int = 2
    tilt: float = 0.25
    mixup: float = 0.3


def clip_variants(speech: FloatArray, *, variants: int, generator: np.random.Generator) -> FloatArray:
    """Log-mel of a stretch of speech: as it is, then with other speed and noise.

    Args:
        speech: shape `(n,)`, 16 kHz.
        variants: number of augmented copies.
        generator: source of chance.

    Returns:
        Shape `(1 + variants, N_MELS, WINDOW_FRAMES)`.
    """
    copies = [speech] + [_perturbed(speech, generator) for _ in range(variants)]
    return log_mel(np.stack([wrap(copy) for copy in copies]))


def _perturbed(speech: FloatArray, generator: np.random.Generator) -> FloatArray:
    speed = generator.uniform(*SPEED_RANGE)
    at = np.arange(0.0, len(speech) - 1, speed)
    copy: NDArray[np.float64] = np.interp(at, np.arange(len(speech)), speech)
    if generator.random() < NOISE_SHARE:
        snr_db = generator.uniform(*SNR_RANGE_DB)
        noise = _coloured_noise(len(copy), slope=generator.uniform(0.0, 1.0), generator=generator)
        copy = copy + noise * np.sqrt(np.mean(copy**2)) * 10.0 ** (-snr_db / 20.0)
    return copy.astype(np.float32)


def _coloured_noise(length: int, *, slope: float, generator: np.random.Generator) -> NDArray[np.float64]:
    """Unit-power noise with amplitude falling as frequency to the power `-slope` (0 white, 1 brown)."""
    size = next_fast_len(length, real=True)
    spectrum = rfft(generator.standard_normal(size))
    spectrum /= np.maximum(np.arange(len(spectrum)), 1.0) ** slope
    noise: NDArray[np.float64] = irfft(spectrum, size)[:length]
    return noise / max(float(np.sqrt(np.mean(noise**2))), 1e-12)


def augment_batch(
    features: FloatArray, targets: FloatArray, rule: BatchAugmentation, generator: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """A new batch: rolled, shifted, tilted, standardised again, mixed and masked.

    Args:
        features: shape `(n, N_MELS, WINDOW_FRAMES)`; not changed.
        targets: class weights per row, shape `(n, classes)`.
        rule: strengths.
        generator: source of chance.
    """
    batch = np.stack([_moved(row, rule, generator) for row in features])
    batch -= batch.mean(axis=(1, 2), keepdims=True)
    batch /= np.maximum(batch.std(axis=(1, 2), keepdims=True), 1e-6)
    if rule.mixup > 0.0:
        batch, targets = _mixed(batch, targets, rule.mixup, generator)
    for row in batch:
        _mask(row, rule, generator)
    return batch.astype(np.float32, copy=False), targets


def _moved(row: FloatArray, rule: BatchAugmentation, generator: np.random.Generator) -> FloatArray:
    """Roll along time (speech is wrapped, so nothing is lost), shift along the bands, tilt."""
    row = np.roll(row, generator.integers(WINDOW_FRAMES), axis=1)
    shift = int(generator.integers(-rule.band_shift, rule.band_shift + 1))
    bands = np.clip(np.arange(N_MELS) + shift, 0, N_MELS - 1)
    knots = generator.normal(0.0, rule.tilt, size=5)
    gain = np.interp(np.linspace(0.0, 4.0, N_MELS), np.arange(5), knots)
    moved: FloatArray = (row[bands] + gain[:, None]).astype(np.float32)
    return moved


def _mixed(
    batch: FloatArray, targets: FloatArray, alpha: float, generator: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    share = generator.beta(alpha, alpha, size=len(batch)).astype(np.float32)
    share = np.maximum(share, 1.0 - share)
    other = generator.permutation(len(batch))
    mixed = share[:, None, None] * batch + (1.0 - share[:, None, None]) * batch[other]
    return mixed, share[:, None] * targets + (1.0 - share[:, None]) * targets[other]


def _mask(row: FloatArray, rule: BatchAugmentation, generator: np.random.Generator) -> None:
    for _ in range(rule.time_masks):
        width = int(generator.integers(rule.time_mask_frames + 1))
        start = int(generator.integers(WINDOW_FRAMES - width + 1))
        row[:, start : start + width] = 0.0
    for _ in range(rule.band_masks):
        width = int(generator.integers(rule.band_mask_bands + 1))
        start = int(generator.integers(N_MELS - width + 1))
        row[start : start + width] = 0.0
