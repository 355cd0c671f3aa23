"""Jitter and shimmer: how much neighbouring periods of the voice differ. Pure.

The places of the periods follow from integrating the pitch of a voiced run, beginning at the largest
amplitude in its middle. Each period is then measured by itself: as the delay at which the sound one period
long around its place fits best what follows (cross-correlation as in Praat's manual, "Sound: To
PointProcess (cc)"), between samples by a parabola. Local jitter and shimmer are as defined there: the
mean absolute difference of neighbouring periods, or of their amplitudes, by the mean.

On pulse trains from 90 to 350 Hz with 0 to 2.2 % jitter and 0 to 11 % shimmer jitter comes out within
0.0001 and shimmer within 0.001 of the truth. For the agreement with Praat on real speech see `prosody.py`.
"""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.audio.features import SAMPLE_RATE_HZ, FloatArray
from services.audio.pitch import FLOOR_HZ, HOP_SAMPLES, PitchTrack

_MIN_FRAMES = 3
_SEARCH_SHARE = 0.16
"""Largest difference of a period from the pitch of its frame, as a share of the period."""
_MAX_PERIOD_FACTOR = 1.3
_MAX_AMPLITUDE_FACTOR = 1.6
"""Neighbours that differ more are an octave error or the end of a voice, not jitter (Praat's limits)."""
_MIN_PAIRS = 30
_AMPLITUDE_SHARE = 0.2
_BATCH = 64
MARGIN_SAMPLES = int(2 * SAMPLE_RATE_HZ / FLOOR_HZ) + HOP_SAMPLES
"""Samples that a track needs around its first and last frame."""

_Places = NDArray[np.float64]


@dataclass(slots=True)
class _Differences:
    """Sums over pairs of neighbouring periods."""

    pairs: int = 0
    difference: float = 0.0
    level: float = 0.0

    def add(self, values: _Places, *, joined: NDArray[np.bool_], max_factor: float) -> None:
        before, after = values[:-1], values[1:]
        low, high = np.minimum(before, after), np.maximum(before, after)
        alike = joined & (low > 0.0) & (high <= max_factor * low)
        self.pairs += int(alike.sum())
        self.difference += float((high - low)[alike].sum())
        self.level += float((0.5 * (high + low))[alike].sum())

    @property
    def share(self) -> float | None:
        """Mean difference by mean value, None if there are too few pairs."""
        return self.difference / self.level if self.pairs >= _MIN_PAIRS else None


class VoiceQuality:
    """Collects jitter and shimmer over any number of tracks."""

    def __init__(self) -> None:
        self._periods, self._amplitudes = _Differences(), _Differences()

    @property
    def jitter(self) -> float | None:
        """Local jitter as a share; None for fewer than 30 pairs of periods."""
        return self._periods.share

    @property
    def shimmer(self) -> float | None:
        """Local shimmer as a share; None for fewer than 30 pairs of periods."""
        return self._amplitudes.share

    def add(self, samples: FloatArray, track: PitchTrack) -> None:
        """Add the voiced frames of a track.

        Args:
            samples: shape `(n,)`, the sound that the track's centres count in, with `MARGIN_SAMPLES`
                around the first and the last.
            track: pitch every `HOP_SAMPLES` where there is speech.
        """
        runs = [_predict_periods(samples, track, run) for run in _find_voiced_runs(track)]
        if not runs:
            return
        places, periods = (np.concatenate(column) for column in zip(*runs, strict=True))
        run = np.repeat(np.arange(len(runs)), [len(found) for found, _ in runs])
        lags = _measure_lags(samples, places, periods)
        joined = run[1:] == run[:-1]
        self._periods.add(lags, joined=joined, max_factor=_MAX_PERIOD_FACTOR)
        amplitudes = _measure_amplitudes(samples, _correct_places(places, lags, run), periods)
        measured = joined & (lags[:-1] > 0.0)
        self._amplitudes.add(amplitudes, joined=measured, max_factor=_MAX_AMPLITUDE_FACTOR)


def _find_voiced_runs(track: PitchTrack) -> list[slice]:
    """Find the runs of consecutive voiced frames."""
    voiced = track.voiced
    broken = np.diff(track.centres) > HOP_SAMPLES
    change = np.flatnonzero((voiced[1:] != voiced[:-1]) | broken) + 1
    borders = [0, *change.tolist(), len(voiced)] if len(voiced) else [0]
    runs = [slice(*pair) for pair in itertools.pairwise(borders)]
    return [run for run in runs if voiced[run.start] and run.stop - run.start >= _MIN_FRAMES]


def _predict_periods(samples: FloatArray, track: PitchTrack, run: slice) -> tuple[_Places, _Places]:
    """Predict the places of the periods of a run and their lengths from its pitch; both in samples."""
    pitch = np.pad(track.pitch_hz[run] / SAMPLE_RATE_HZ, 1, mode="edge")
    inner = track.centres[run].astype(float)
    centres = np.concatenate([[inner[0] - 0.5 * HOP_SAMPLES], inner, [inner[-1] + 0.5 * HOP_SAMPLES]])
    steps = 0.5 * (pitch[1:] + pitch[:-1]) * np.diff(centres)
    cycles = np.concatenate([[0.0], np.cumsum(steps)])
    middle = len(centres) // 2
    reach = int(0.5 / pitch[middle]) + 1
    around = samples[int(centres[middle]) - reach : int(centres[middle]) + reach]
    anchor = centres[middle] - reach + int(np.abs(around).argmax())
    phase = float(np.interp(anchor, centres, cycles))
    counts = np.arange(np.ceil(-phase), np.floor(cycles[-1] - phase) + 1)
    places = np.interp(phase + counts, cycles, centres)
    return places, 1.0 / np.interp(places, centres, pitch)


def _measure_lags(samples: FloatArray, places: _Places, periods: _Places) -> _Places:
    """Measure the period in samples at each place; 0 if no delay near the expected one stands out."""
    lags = np.zeros(len(places))
    energy = np.concatenate([[0.0], np.cumsum(samples.astype(float) ** 2)])
    order = np.argsort(periods)  # periods of like length share a batch, whose windows are equally wide
    for start in range(0, len(order), _BATCH):
        batch = order[start : start + _BATCH]
        lags[batch] = _measure_batch(samples, energy, places[batch], periods[batch])
    return lags


def _measure_batch(samples: FloatArray, energy: _Places, places: _Places, periods: _Places) -> _Places:
    half = (0.5 * periods + 0.5).astype(np.int64)[:, None]
    widest, search = int(half.max()), int(np.ceil(_SEARCH_SHARE * periods.max())) + 1
    offsets, shifts = np.arange(-widest, widest), np.arange(-search, search + 1)
    here = np.rint(places).astype(np.int64)[:, None]
    there = here + np.rint(periods).astype(np.int64)[:, None]
    window = samples[here + offsets] * (np.abs(offsets + 0.5) < half)
    ahead = samples[there + np.arange(-widest - search, widest + search)]
    sliding = np.lib.stride_tricks.sliding_window_view(ahead, 2 * widest, axis=1)
    product = np.einsum("nw,nlw->nl", window, sliding)
    energies = energy[there + shifts + half] - energy[there + shifts - half]
    own = energy[here + half] - energy[here - half]
    fit = product / np.sqrt(np.maximum(energies * own, 1e-18))
    best = fit.argmax(axis=1)
    inner = (best > 0) & (best < 2 * search)
    rows, best = np.arange(len(fit)), np.clip(best, 1, 2 * search - 1)
    left, middle, right = fit[rows, best - 1], fit[rows, best], fit[rows, best + 1]
    bend = np.minimum(left - 2.0 * middle + right, -1e-12)
    shift = np.clip(0.5 * (left - right) / bend, -0.5, 0.5)
    lag = (there - here)[:, 0] + shifts[best] + shift
    return np.where(inner & (middle > 0.0), lag, 0.0)


def _correct_places(places: _Places, lags: _Places, run: NDArray[np.int64]) -> _Places:
    """Move the places to where the measured periods put them; the middle of each run stays."""
    steps = np.where(lags[:-1] > 0.0, lags[:-1], np.diff(places))
    along = np.concatenate([[0.0], np.cumsum(steps)])
    starts = np.flatnonzero(np.concatenate([[True], run[1:] != run[:-1]]))
    ends = np.append(starts[1:], len(run))
    middles = (starts + ends) // 2
    moved = along + (places[middles] - along[middles])[run]
    # a difference of more than a third of a period means that the measurement went wrong
    lost = np.abs(moved - places) > lags / 3.0
    return np.where(lost, places, moved)


def _measure_amplitudes(samples: FloatArray, places: _Places, periods: _Places) -> _Places:
    """Measure the root mean square around each place, under a Hann window of 0.4 periods."""
    reach = _AMPLITUDE_SHARE * periods[:, None]
    widest = int(np.ceil(reach.max()))
    nearest = np.rint(places).astype(np.int64)[:, None] + np.arange(-widest, widest + 1)
    away = np.minimum(np.abs(nearest - places[:, None]) / reach, 1.0)
    weight = 0.5 + 0.5 * np.cos(np.pi * away)
    inside = np.clip(nearest, 0, len(samples) - 1)
    power = (weight * samples[inside].astype(float) ** 2).sum(axis=1) / weight.sum(axis=1)
    return np.asarray(np.sqrt(power))
