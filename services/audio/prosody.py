"""How something was said: pitch, intensity, rates, pauses and voice quality of a stream. Pure.

Compared with Praat 6.1.38 (its defaults, 75-500 Hz, whole clip) on 24 RAVDESS and 20 EMO-DB clips, with
voice activity deciding here what speech is:

| figure | r | median absolute error | bias | Praat's median |
|---|---|---|---|---|
| pitch, median | 0.999 | 0.6 Hz | -0.5 Hz | 210 Hz |
| pitch, range | 0.976 | 0.21 semitones | 0.04 | 10.1 |
| pitch, deviation | 0.945 | 0.07 semitones | 0.10 | 3.3 |
| jitter (local) | 0.958 | 0.0021 | 0.0005 | 0.024 |
| shimmer (local) | 0.932 | 0.0072 | -0.0048 | 0.110 |
| harmonics-to-noise, by its "cc" | 0.911 | 1.0 dB | -1.0 dB | 11.1 dB |
| harmonics-to-noise, by its "ac" | 0.939 | 1.4 dB | 1.4 dB | 8.5 dB |
| syllable nuclei, script of 2009 | 0.808 | 1 | -0.4 | 8 |

Praat's two ways of measuring harmonicity differ by 2.6 dB on these clips, and this one lies between
them. Both RAVDESS sentences have 7 syllables: here 7.2 are found on average and exactly 7 in 67 % of the
clips, by the script as reimplemented for the comparison 8.0 and 38 %.

Costs 1.7 ms per second of sound (2.0 where all of it is speech) on one core, 9 MB, nothing extra on the
first call.
"""

import math

import numpy as np
from numpy.typing import NDArray

from services.audio import pitch, syllables, voice_quality
from services.audio.features import SAMPLE_RATE_HZ, FloatArray
from services.audio.histogram import RunningHistogram
from services.audio.pitch import HOP_SAMPLES, PitchTrack
from services.common.contracts.voice import Prosody

PAUSE_S = 0.3
"""Shorter gaps are stops within a word, not pauses (de Jong and Wempe 2009)."""
MIN_VOICED_FRAMES = 20
MIN_SPEECH_FRAMES = 20
MIN_SPAN_S = 1.0
"""Between first and last word, for a rate or a share of pauses."""
_BLOCK_SAMPLES = 8 * SAMPLE_RATE_HZ
_QUIET_SAMPLES = int(0.16 * SAMPLE_RATE_HZ)
_REFERENCE_HZ = pitch.FLOOR_HZ
_MARGIN = -(-max(pitch.MARGIN_SAMPLES, syllables.MARGIN_SAMPLES, voice_quality.MARGIN_SAMPLES) // HOP_SAMPLES)
_MARGIN_SAMPLES = _MARGIN * HOP_SAMPLES
_PEAK_DECAY = 0.7
"""Factor by which the loudest peak fades from block to block, so that one bang does not make all that follows
unvoiced."""


class ProsodyMeter:
    """Measures one stream of sound. Call `add` for each piece, then `finish` once.

    Holds a block of 8 s of sound, 16 s if there are no pauses, and histograms; nothing grows with the
    stream. Blocks end in pauses where they can, because no pitch, syllable or period is followed from
    one block to the next.
    """

    def __init__(self) -> None:
        self._pauses = PauseClock()
        self._quality = voice_quality.VoiceQuality()
        self._semitones = RunningHistogram(low=0.0, high=33.0, step=0.05)
        self._intensity = RunningHistogram(low=syllables.FLOOR_DB, high=1.0, step=0.1)
        self._power = self._harmonicity = self._loudest = 0.0
        self._speech_frames = self._nuclei = 0
        self._chunks = [np.zeros(_MARGIN_SAMPLES, np.float32)]
        self._speech = [np.zeros(_MARGIN_SAMPLES, np.bool_)]
        self._held = self._quiet = 0

    def add(self, chunk: FloatArray, *, speech: bool) -> None:
        """Add the next samples.

        Args:
            chunk: shape `(n,)` for any n, float32, -1..1, 16 kHz mono. Values outside are clipped, NaN
                is silence.
            speech: whether they belong to speech.
        """
        self._hold(chunk, speech=speech)
        self._pauses.add(len(chunk), speech=speech)
        self._quiet = 0 if speech else self._quiet + len(chunk)
        at_pause = self._held >= _BLOCK_SAMPLES and self._quiet >= _QUIET_SAMPLES
        if at_pause or self._held >= 2 * _BLOCK_SAMPLES:
            self._measure()

    def finish(self) -> Prosody:
        """Return the measures. Each is None if there was too little to measure it on."""
        self._hold(np.zeros(_MARGIN_SAMPLES + HOP_SAMPLES, np.float32), speech=False)
        self._measure()
        return Prosody(
            **self._summarise_pitch(),
            **self._summarise_intensity(),
            **self._summarise_times(),
            jitter=_round(self._quality.jitter, 5),
            shimmer=_round(self._quality.shimmer, 5),
        )

    def _hold(self, chunk: FloatArray, *, speech: bool) -> None:
        self._chunks.append(chunk)
        self._speech.append(np.full(len(chunk), speech))
        self._held += len(chunk)

    def _measure(self) -> None:
        """Measure all frames that have their margin on both sides; keep the sound from there on."""
        samples = pitch.clip_samples(np.concatenate(self._chunks))
        speech = np.concatenate(self._speech)
        frames = max(0, (len(samples) - 2 * _MARGIN_SAMPLES) // HOP_SAMPLES)
        end = frames * HOP_SAMPLES
        self._chunks, self._speech = [samples[end:].copy()], [speech[end:].copy()]
        self._held = 0
        centres = _MARGIN_SAMPLES + HOP_SAMPLES // 2 + HOP_SAMPLES * np.arange(frames)
        spoken = speech[centres]
        if spoken.any():
            self._measure_speech(samples[: end + 2 * _MARGIN_SAMPLES], centres, spoken)

    def _measure_speech(
        self, samples: FloatArray, centres: NDArray[np.int64], spoken: NDArray[np.bool_]
    ) -> None:
        track = pitch.track_pitch(samples, centres[spoken], loudest=self._loudest)
        self._loudest = max(_PEAK_DECAY * self._loudest, track.loudest)
        self._semitones.add(12.0 * np.log2(track.pitch_hz[track.voiced] / _REFERENCE_HZ))
        self._harmonicity += float(track.compute_harmonicity_db().sum())
        self._quality.add(samples, track)
        self._measure_intensity(samples, spoken, track)

    def _measure_intensity(self, samples: FloatArray, spoken: NDArray[np.bool_], track: PitchTrack) -> None:
        spare = _MARGIN_SAMPLES - syllables.MARGIN_SAMPLES
        intensity = syllables.compute_intensity_db(samples[spare : len(samples) - spare])
        self._speech_frames += int(spoken.sum())
        self._intensity.add(intensity[spoken])
        self._power += float((10.0 ** (intensity[spoken] / 10.0)).sum())
        voiced = spoken.copy()
        voiced[spoken] = track.voiced
        loudest_db = self._intensity.percentile(99.0)
        self._nuclei += len(syllables.find_syllable_nuclei(intensity, voiced, loudest_db=loudest_db))

    def _summarise_pitch(self) -> dict[str, float | None]:
        voiced = self._semitones.total
        share = voiced / self._speech_frames if self._speech_frames >= MIN_SPEECH_FRAMES else None
        if voiced < MIN_VOICED_FRAMES:
            return {"voiced_share": _round(share, 4)}
        low, median, high = (self._semitones.percentile(percent) for percent in (5.0, 50.0, 95.0))
        return {
            "voiced_share": _round(share, 4),
            "pitch_median_hz": round(_REFERENCE_HZ * 2.0 ** (median / 12.0), 2),
            "pitch_range_semitones": round(high - low, 3),
            "pitch_sd_semitones": round(self._semitones.deviation(), 3),
            "harmonics_to_noise_db": round(self._harmonicity / voiced, 2),
        }

    def _summarise_intensity(self) -> dict[str, float | None]:
        if self._speech_frames < MIN_SPEECH_FRAMES:
            return {}
        low, high = (self._intensity.percentile(percent) for percent in (5.0, 95.0))
        return {
            "intensity_mean_db": round(10.0 * math.log10(self._power / self._speech_frames), 2),
            "intensity_range_db": round(high - low, 2),
        }

    def _summarise_times(self) -> dict[str, float | None]:
        clock = self._pauses
        if clock.span_s < MIN_SPAN_S:
            return {}
        return {
            "speaking_rate_hz": round(self._nuclei / clock.span_s, 3),
            "articulation_rate_hz": round(self._nuclei / (clock.span_s - clock.pauses_s), 3),
            "pause_share": round(clock.pauses_s / clock.span_s, 4),
            "longest_pause_s": round(clock.longest_s, 3),
        }


class PauseClock:
    """Adds up the pauses of at least `PAUSE_S` between the first and the last speech of a stream."""

    def __init__(self) -> None:
        self._started = False
        self._span = self._gap = self._pauses = self._longest = 0

    def add(self, samples: int, *, speech: bool) -> None:
        """Add the next `samples` samples, which are all speech or all not."""
        if not speech:
            self._gap += samples
            return
        if self._started:
            self._span += self._gap
            if self._gap >= PAUSE_S * SAMPLE_RATE_HZ:
                self._pauses += self._gap
                self._longest = max(self._longest, self._gap)
        self._started = True
        self._span += samples
        self._gap = 0

    @property
    def span_s(self) -> float:
        """Seconds from the first speech to the last."""
        return self._span / SAMPLE_RATE_HZ

    @property
    def pauses_s(self) -> float:
        """Seconds of all pauses within the span."""
        return self._pauses / SAMPLE_RATE_HZ

    @property
    def longest_s(self) -> float:
        """Seconds of the longest pause, 0 if there is none."""
        return self._longest / SAMPLE_RATE_HZ


def _round(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
