"""Pitch and harmonicity of short frames by autocorrelation (Boersma 1993). Pure.

P. Boersma, "Accurate short-term analysis of the fundamental frequency and the harmonics-to-noise ratio
of a sampled sound", Proc. Institute of Phonetic Sciences Amsterdam 17 (1993), 97-110: the autocorrelation
of a windowed frame is divided by that of the window (eq. 9), the height of its peak is the share of the
energy that is periodic (eq. 4), and the cheapest path through the candidates of consecutive frames
decides between octaves and between voiced and unvoiced (eq. 24-27, with the costs of the paper).

Written on numpy's FFT because no library that may be shipped hears the same pitch, and none gives the
harmonicity (decision 0023 compares five).

Against Praat's own tracker (6.1.38, the same costs, frames at the same places) on 24 RAVDESS and 20 EMO-DB
clips: where both hear a pitch, the median difference is 0.0005 semitones and 0.24 % of the frames differ by
an octave; 1.3 % of all frames are voiced for one and not for the other. Harmonics in noise at 0 to 40 dB are
read within 1 dB. Bare pulses below about 120 Hz read 20 dB even where they are perfect, because three
periods are few (section 6 of the paper).
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.audio.features import SAMPLE_RATE_HZ, FloatArray

FLOOR_HZ, CEILING_HZ = 75.0, 500.0
HOP_SAMPLES = SAMPLE_RATE_HZ // 100
WINDOW_SAMPLES = int(3 * SAMPLE_RATE_HZ / FLOOR_HZ)
"""Three periods of the lowest pitch: 40 ms."""
MARGIN_SAMPLES = WINDOW_SAMPLES // 2
"""Samples that a frame needs on either side of its centre."""
_CENTRAL_PERIOD = slice(WINDOW_SAMPLES // 3, WINDOW_SAMPLES - WINDOW_SAMPLES // 3)
_N_FFT = 864
"""Longer than a window and the longest lag together, so that the correlation does not wrap round."""
_BATCH = 100
_SHORTEST_LAG = int(SAMPLE_RATE_HZ / CEILING_HZ) - 1
_LONGEST_LAG = int(SAMPLE_RATE_HZ / FLOOR_HZ) + 1
_CANDIDATES = 5
_VOICING_THRESHOLD = 0.45
_SILENCE_THRESHOLD = 0.03
_OCTAVE_COST = 0.01
_OCTAVE_JUMP_COST = 0.35
_VOICING_CHANGE_COST = 0.14
_NO_CANDIDATE = -1e3
_LANE_FRAMES, _LANE_MARGIN = 40, 20
_REFINE_STEP = 0.25
_MAX_CORRELATION = 1.0 - 1e-6
"""At 60 dB; single precision cannot tell higher ratios apart."""


@dataclass(frozen=True, slots=True)
class PitchTrack:
    """Pitch at given places.

    Attributes:
        centres: shape `(n,)`, sample numbers, ascending.
        pitch_hz: shape `(n,)`, 0 where unvoiced.
        correlation: shape `(n,)`, share 0..1 of the frame's energy that is periodic, 0 where unvoiced.
        loudest: peak 0..1 of all frames.
    """

    centres: NDArray[np.int64]
    pitch_hz: NDArray[np.float64]
    correlation: NDArray[np.float64]
    loudest: float

    @property
    def voiced(self) -> NDArray[np.bool_]:
        """Whether each frame has a pitch, shape `(n,)`."""
        return self.pitch_hz > 0.0

    def compute_harmonicity_db(self) -> NDArray[np.float64]:
        """Return the harmonics-to-noise ratio (eq. 4) of the voiced frames, at most 60 dB."""
        periodic = np.clip(self.correlation[self.voiced], 1e-3, _MAX_CORRELATION)
        return np.asarray(10.0 * np.log10(periodic / (1.0 - periodic)))


def clip_samples(samples: FloatArray) -> FloatArray:
    """Return the samples as float32 within -1..1; NaN becomes silence."""
    clean = np.nan_to_num(np.asarray(samples, np.float32), nan=0.0, posinf=1.0, neginf=-1.0)
    return np.clip(clean, -1.0, 1.0)


def track_pitch(samples: FloatArray, centres: NDArray[np.int64], *, loudest: float = 0.0) -> PitchTrack:
    """Track the pitch of the frames around `centres`.

    Args:
        samples: shape `(m,)`, -1..1, 16 kHz.
        centres: shape `(n,)`, ascending; each at least `MARGIN_SAMPLES` from either end. Places further
            apart than `HOP_SAMPLES` are not joined by a path.
        loudest: a peak 0..1 that this voice has reached before; frames far below it are unvoiced.
    """
    if not len(centres):
        return PitchTrack(centres, np.zeros(0), np.zeros(0), 0.0)
    parts = [_analyse_frames(samples, part) for part in _split_for_cache(centres)]
    power, lags, heights, peaks = (np.concatenate(column) for column in zip(*parts, strict=True))
    here = float(peaks.max())
    unvoiced = _compute_unvoiced_strength(peaks, max(loudest, here))
    chosen = _find_cheapest_path(lags, heights, unvoiced, joined=np.diff(centres) <= HOP_SAMPLES)
    pitch, height = np.zeros(len(centres)), np.zeros(len(centres))
    for part in _split_for_cache(np.flatnonzero(chosen)):
        lag, height[part] = _refine_peaks(power[part], lags[part, chosen[part] - 1])
        pitch[part] = SAMPLE_RATE_HZ / lag
    return PitchTrack(centres, pitch, height, here)


def _split_for_cache(places: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Split places into parts whose spectra stay in the cache, which makes numpy's FFT twice as fast."""
    return [places[start : start + _BATCH] for start in range(0, len(places), _BATCH)]


def _analyse_frames(
    samples: FloatArray, centres: NDArray[np.int64]
) -> tuple[FloatArray, Any, Any, FloatArray]:
    """Return the power spectra, the lags and heights of the candidates, and the peak of each frame."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, WINDOW_SAMPLES)[centres - MARGIN_SAMPLES]
    frames = frames - frames.mean(axis=1, keepdims=True)
    peaks = np.abs(frames[:, _CENTRAL_PERIOD]).max(axis=1)
    spectrum = np.fft.rfft(frames * _make_window(), _N_FFT)
    power: FloatArray = (spectrum.real**2 + spectrum.imag**2).astype(np.float32, copy=False)
    correlation: FloatArray = np.fft.irfft(power, _N_FFT)[:, : _LONGEST_LAG + 2].astype(
        np.float32, copy=False
    )
    return power, *_find_candidates(_normalise_correlation(correlation)), peaks


def _normalise_correlation(correlation: FloatArray) -> FloatArray:
    """Return the autocorrelation of the sound, from that of its windowed frames (eq. 9); 0 for silence."""
    energy = np.maximum(correlation[:, :1], np.finfo(np.float32).tiny)
    return np.asarray(correlation / (energy * _correlate_window_lags()[: correlation.shape[1]]), np.float32)


def _find_candidates(correlation: FloatArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Find the highest peaks of each frame.

    Returns:
        Lags in samples and heights less the cost of a low octave, shape `(n, _CANDIDATES)` each; the
        height is `_NO_CANDIDATE` where a frame has fewer peaks.
    """
    lags = np.arange(_SHORTEST_LAG, _LONGEST_LAG + 1)
    here, before = correlation[:, _SHORTEST_LAG:-1], correlation[:, _SHORTEST_LAG - 1 : -2]
    after = correlation[:, _SHORTEST_LAG + 1 :]
    is_peak = (here > before) & (here >= after) & (here > 0.5 * _VOICING_THRESHOLD)
    ranked = np.where(is_peak, here - _compute_lag_cost(lags).astype(np.float32), np.float32(_NO_CANDIDATE))
    best = _find_highest(ranked)
    rows = np.arange(len(best))[:, None]
    left, middle, right = (part[rows, best].astype(float) for part in (before, here, after))
    shift, height = _fit_parabola(left, middle, right)
    lag = lags[best] + shift
    inside = is_peak[rows, best] & (lag >= SAMPLE_RATE_HZ / CEILING_HZ) & (lag <= SAMPLE_RATE_HZ / FLOOR_HZ)
    # a peak above 1 is an artefact of short windows: reflect it, as the paper's program does
    height = np.where(height > 1.0, 1.0 / np.maximum(height, 1.0), height)
    return lag, np.where(inside, height - _compute_lag_cost(lag), _NO_CANDIDATE)


def _find_highest(ranked: FloatArray) -> NDArray[np.int64]:
    """Return the columns of the highest values of each row, shape `(n, _CANDIDATES)`. Overwrites `ranked`.

    Taking the maximum five times is four times as fast as numpy's partition.
    """
    rows = np.arange(len(ranked))
    best = np.empty((len(ranked), _CANDIDATES), np.int64)
    for place in range(_CANDIDATES):
        best[:, place] = ranked.argmax(axis=1)
        ranked[rows, best[:, place]] = -np.inf
    return best


def _compute_lag_cost(lag: NDArray[Any]) -> NDArray[np.float64]:
    """Compute the cost that favours the higher of two octaves (eq. 24)."""
    return _OCTAVE_COST * np.log2(FLOOR_HZ / SAMPLE_RATE_HZ * lag)


def _compute_unvoiced_strength(peaks: FloatArray, loudest: float) -> NDArray[np.float64]:
    """Compute the strength of the candidate "unvoiced" (eq. 23): certain if a frame is nearly silent."""
    relative = peaks.astype(float) / max(loudest, 1e-6)
    return _VOICING_THRESHOLD + np.maximum(
        0.0, 2.0 - relative * (1.0 + _VOICING_THRESHOLD) / _SILENCE_THRESHOLD
    )


def _find_cheapest_path(
    lags: NDArray[np.float64],
    heights: NDArray[np.float64],
    unvoiced: NDArray[np.float64],
    *,
    joined: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """Return the candidate that each frame takes: 0 for unvoiced, else 1 + its column.

    The search runs over lanes of 40 frames in step, each with 20 frames more on either side, because
    numpy is slow one frame at a time. A path does not look further back than that.
    """
    strength = np.concatenate([unvoiced[:, None], heights], axis=1)
    octave = np.where(heights > _NO_CANDIDATE, np.log2(np.maximum(lags, 1.0)), 0.0)
    octave = np.concatenate([np.full((len(lags), 1), np.nan), octave], axis=1)
    change = _OCTAVE_JUMP_COST * np.abs(octave[:-1, :, None] - octave[1:, None, :])
    change = np.nan_to_num(change, nan=_VOICING_CHANGE_COST)
    change[:, 0, 0] = 0.0
    change[~joined] = 0.0
    count = len(lags)
    lanes = -(-count // _LANE_FRAMES)
    # repeating the last frame costs nothing: its candidates have no distance from themselves
    places = np.arange(lanes)[:, None] * _LANE_FRAMES + np.arange(-_LANE_MARGIN, _LANE_FRAMES + _LANE_MARGIN)
    outside = (places < 0) | (places >= count)
    places = np.clip(places, 0, count - 1)
    change = np.concatenate([np.zeros((1, *change.shape[1:])), change])[places]
    lane_strength = np.where(outside[:, :, None], 0.0, strength[places])
    change[outside] = 0.0
    path = _viterbi(lane_strength, change)
    return path[:, _LANE_MARGIN : _LANE_MARGIN + _LANE_FRAMES].reshape(-1)[:count]


def _viterbi(strength: NDArray[np.float64], change: NDArray[np.float64]) -> NDArray[np.int64]:
    """Find the strongest paths through lanes of frames (Viterbi 1967).

    Args:
        strength: shape `(lanes, frames, states)`.
        change: shape `(lanes, frames, states, states)`, cost from a state of the frame before.

    Returns:
        States, shape `(lanes, frames)`.
    """
    lanes, frames, states = strength.shape
    back = np.zeros((frames, lanes, states), np.int64)
    score = strength[:, 0]
    for frame in range(1, frames):
        reached = score[:, :, None] - change[:, frame]
        back[frame] = reached.argmax(axis=1)
        score = reached.max(axis=1) + strength[:, frame]
    path = np.zeros((lanes, frames), np.int64)
    path[:, -1] = score.argmax(axis=1)
    every = np.arange(lanes)
    for frame in range(frames - 1, 0, -1):
        path[:, frame - 1] = back[frame, every, path[:, frame]]
    return path


def _refine_peaks(
    power: FloatArray, lag: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the place and height of peaks between samples.

    The autocorrelation between samples is the cosine sum of the power spectrum. A parabola through whole
    samples would distort the peak, which at 16 kHz would cost high voices several dB.
    """
    weighted = np.concatenate([power[:, :1], 2.0 * power[:, 1:-1], power[:, -1:]], axis=1)
    bins = (2.0 * np.pi / _N_FFT * np.arange(power.shape[1])).astype(np.float32)
    angle = lag[:, None].astype(np.float32) * bins
    even, odd = weighted * np.cos(angle), weighted * np.sin(angle)
    near, far = np.cos(_REFINE_STEP * bins), np.sin(_REFINE_STEP * bins)
    energy = np.maximum(weighted.sum(axis=1), np.finfo(np.float32).tiny)
    symmetric, skew = np.einsum("nf,f->n", even, near), np.einsum("nf,f->n", odd, far)
    rows = (symmetric + skew, even.sum(axis=1), symmetric - skew)
    offsets = (-_REFINE_STEP, 0.0, _REFINE_STEP)
    left, middle, right = (
        row.astype(float) / energy / _correlate_window(lag + offset)
        for row, offset in zip(rows, offsets, strict=True)
    )
    shift, height = _fit_parabola(left, middle, right)
    height = np.where(height > 1.0, 1.0 / np.maximum(height, 1.0), height)
    refined = np.clip(lag + _REFINE_STEP * shift, SAMPLE_RATE_HZ / CEILING_HZ, SAMPLE_RATE_HZ / FLOOR_HZ)
    return refined, np.clip(height, 0.0, 1.0)


def _fit_parabola(
    left: NDArray[np.float64], middle: NDArray[np.float64], right: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the vertex of the parabola through three neighbours: shift (at most two steps) and height."""
    bend = np.minimum(left - 2.0 * middle + right, -1e-9)
    shift = np.clip(0.5 * (left - right) / bend, -2.0, 2.0)
    return shift, middle - 0.25 * (left - right) * shift


@cache
def _make_window() -> FloatArray:
    """Return the Hann window, shape `(WINDOW_SAMPLES,)`."""
    phase = 2.0 * np.pi * (np.arange(WINDOW_SAMPLES) + 0.5) / WINDOW_SAMPLES
    return (0.5 - 0.5 * np.cos(phase)).astype(np.float32)


@cache
def _correlate_window_lags() -> FloatArray:
    """Return the autocorrelation of the window at whole lags, shape `(WINDOW_SAMPLES,)`."""
    return _correlate_window(np.arange(WINDOW_SAMPLES)).astype(np.float32)


def _correlate_window(lag: NDArray[Any]) -> NDArray[np.float64]:
    """Return the normalised autocorrelation of the Hann window at any lags (eq. 8)."""
    share = np.asarray(lag, np.float64) / WINDOW_SAMPLES
    turn = 2.0 * np.pi * share
    return (1.0 - share) * (2.0 / 3.0 + np.cos(turn) / 3.0) + np.sin(turn) / (2.0 * np.pi)
