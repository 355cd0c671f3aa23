import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.audio.decode import SoundSource
from services.audio.histogram import RunningHistogram
from services.audio.prosody import PauseClock, ProsodyMeter
from services.common.contracts.voice import Prosody

RATE_HZ = 16_000
CHUNK = 512
NOTHING = Prosody()


def chunks(sound: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(sound), CHUNK):
        yield sound[start : start + CHUNK].astype(np.float32)


def measured(sound: np.ndarray, *, speech: list[bool] | None = None) -> Prosody:
    meter = ProsodyMeter()
    for number, chunk in enumerate(chunks(sound)):
        meter.add(chunk, speech=speech[number] if speech else True)
    return meter.finish()


def times(seconds: float) -> np.ndarray:
    return np.arange(int(seconds * RATE_HZ)) / RATE_HZ


def harmonics(pitch_hz: np.ndarray | float, *, seconds: float, count: int = 12) -> np.ndarray:
    phase = 2.0 * np.pi * np.cumsum(np.broadcast_to(pitch_hz, int(seconds * RATE_HZ))) / RATE_HZ
    sound = sum(np.cos(number * phase + number**2) / number for number in range(1, count + 1))
    return 0.1 * sound / sound.std()


def pulses(
    pitch_hz: float, *, jitter: float, shimmer: float, seconds: float = 3.0
) -> tuple[np.ndarray, float, float]:
    """Pulses at perturbed distances with perturbed heights, and their true jitter and shimmer."""
    random = np.random.default_rng(4)
    count = int(seconds * pitch_hz)
    at = np.cumsum(RATE_HZ / pitch_hz * (1.0 + jitter * random.standard_normal(count)))
    heights = 1.0 + shimmer * random.standard_normal(count)
    sound = np.zeros(int(at[-1]) + RATE_HZ // 10)
    around = np.arange(-30, 31)
    for place, height in zip(at, heights, strict=True):
        nearest = round(place)
        if nearest >= 30:
            pulse = np.exp(-0.5 * ((around - (place - nearest)) / 4.0) ** 2)
            sound[nearest - 30 : nearest + 31] += 0.3 * height * pulse
    return sound, local(np.diff(at)), local(heights)


def local(values: np.ndarray) -> float:
    return float(np.abs(np.diff(values)).mean() / values.mean())


def syllables(rate_hz: float, *, seconds: float) -> np.ndarray:
    swell = 0.5 - 0.5 * np.cos(2.0 * np.pi * rate_hz * times(seconds))
    return harmonics(160.0, seconds=seconds) * (0.02 + swell)


@pytest.mark.parametrize("pitch_hz", [80.0, 120.0, 210.0, 333.3, 480.0])
def test_pitch_is_exact_when_the_voice_is_steady(pitch_hz):
    found = measured(harmonics(pitch_hz, seconds=2.0))

    assert found.pitch_median_hz == pytest.approx(pitch_hz, rel=0.003)
    assert found.pitch_range_semitones < 0.2
    assert found.voiced_share > 0.98


def test_pitch_keeps_its_octave_when_the_fundamental_is_missing():
    phase = 2.0 * np.pi * 140.0 * times(2.0)
    sound = 0.1 * sum(np.cos(number * phase) for number in range(3, 9))

    assert measured(sound).pitch_median_hz == pytest.approx(140.0, rel=0.005)


def test_range_and_deviation_are_those_of_the_sweep_when_the_pitch_glides():
    glide = 100.0 * 2.0 ** (2.0 * times(6.0) / 6.0)

    found = measured(harmonics(glide, seconds=6.0, count=5))

    assert found.pitch_median_hz == pytest.approx(200.0, rel=0.01)
    assert found.pitch_range_semitones == pytest.approx(0.9 * 24.0, abs=0.2)
    assert found.pitch_sd_semitones == pytest.approx(24.0 / math.sqrt(12.0), abs=0.1)


@pytest.mark.parametrize("ratio_db", [0.0, 5.0, 10.0, 20.0, 30.0])
def test_harmonicity_is_the_ratio_mixed_when_noise_is_added(ratio_db):
    noise = np.random.default_rng(1).standard_normal(4 * RATE_HZ)
    sound = harmonics(150.0, seconds=4.0) + 0.1 * 10.0 ** (-ratio_db / 20.0) * noise

    assert measured(sound).harmonics_to_noise_db == pytest.approx(ratio_db, abs=0.7)


@pytest.mark.parametrize("pitch_hz", [90.0, 210.0, 350.0])
@pytest.mark.parametrize(("jitter", "shimmer"), [(0.0, 0.0), (0.005, 0.02), (0.02, 0.1)])
def test_jitter_and_shimmer_are_those_of_the_pulses_when_they_are_known(pitch_hz, jitter, shimmer):
    sound, true_jitter, true_shimmer = pulses(pitch_hz, jitter=jitter, shimmer=shimmer)

    found = measured(sound)

    assert found.jitter == pytest.approx(true_jitter, abs=0.0007)
    assert found.shimmer == pytest.approx(true_shimmer, abs=0.004)


@pytest.mark.parametrize("rate_hz", [2.0, 4.0, 6.0])
def test_rates_count_the_swells_when_a_voice_swells_and_fades(rate_hz):
    found = measured(syllables(rate_hz, seconds=12.0))

    assert found.speaking_rate_hz == pytest.approx(rate_hz, rel=0.05)
    assert found.articulation_rate_hz == found.speaking_rate_hz


def test_no_syllables_are_counted_when_the_swells_have_no_pitch():
    hiss = np.random.default_rng(2).standard_normal(6 * RATE_HZ)
    swell = 0.5 - 0.5 * np.cos(2.0 * np.pi * 4.0 * times(6.0))

    assert measured(0.1 * hiss * swell).speaking_rate_hz == 0.0


def test_pauses_slow_speech_but_not_articulation_when_there_are_some():
    spoken, quiet = syllables(4.0, seconds=4.096), np.zeros(2 * 32 * CHUNK)
    sound = np.concatenate([quiet, spoken, quiet, spoken, quiet])
    speech = [False] * 64 + [True] * 128 + [False] * 64 + [True] * 128 + [False] * 64

    found = measured(sound, speech=speech)

    assert found.longest_pause_s == 2.048
    assert found.pause_share == pytest.approx(0.2)
    assert found.articulation_rate_hz == pytest.approx(4.0, rel=0.05)
    assert found.speaking_rate_hz == pytest.approx(0.8 * found.articulation_rate_hz, rel=0.01)


def test_gap_is_no_pause_when_it_is_shorter_than_three_tenths_of_a_second():
    clock = PauseClock()
    for samples, speech in ((8_000, True), (4_700, False), (8_000, True), (4_800, False), (8_000, True)):
        clock.add(samples, speech=speech)

    assert (clock.pauses_s, clock.longest_s, clock.span_s) == (0.3, 0.3, 33_500 / RATE_HZ)


def test_intensity_is_relative_to_full_scale_when_a_sine_is_half_of_it():
    sound = 0.5 * np.sin(2.0 * np.pi * 200.0 * times(2.0)) + 0.3

    found = measured(sound, speech=[4 <= number < 58 for number in range(63)])

    assert found.intensity_mean_db == pytest.approx(-9.03, abs=0.25)


def test_figures_do_not_depend_on_the_cut_when_chunks_have_other_lengths():
    sound = syllables(4.0, seconds=20.0)
    whole, odd = ProsodyMeter(), ProsodyMeter()
    whole.add(sound.astype(np.float32), speech=True)
    for start in range(0, len(sound), 333):
        odd.add(sound[start : start + 333].astype(np.float32), speech=True)

    one, other = whole.finish(), odd.finish()

    assert one.pitch_median_hz == pytest.approx(other.pitch_median_hz, rel=0.001)
    assert one.speaking_rate_hz == pytest.approx(other.speaking_rate_hz, abs=0.11)
    assert one.shimmer == pytest.approx(other.shimmer, rel=0.05)


def test_nothing_is_held_back_when_the_stream_is_long():
    meter, piece = ProsodyMeter(), syllables(4.0, seconds=1.024).astype(np.float32)
    held = []
    for _ in range(60):
        for chunk in chunks(piece):
            meter.add(chunk, speech=True)
        held.append(sum(map(len, meter._chunks)))

    assert max(held) <= 17 * RATE_HZ
    assert meter.finish().pitch_median_hz == pytest.approx(160.0, rel=0.01)


@pytest.mark.parametrize(
    "sound",
    [np.zeros(0), np.ones(1), np.zeros(80_000), 0.5 * np.ones(80_000)],
    ids=["none", "one sample", "digital silence", "direct current"],
)
def test_pitch_and_its_kin_are_null_when_there_is_no_voice(sound):
    found = measured(sound)

    assert found.pitch_median_hz is None
    assert found.jitter is None
    assert found.shimmer is None
    assert found.harmonics_to_noise_db is None


def test_everything_is_null_when_there_is_a_tenth_of_a_second():
    assert measured(harmonics(150.0, seconds=0.1)) == NOTHING


def test_everything_is_null_when_nothing_is_speech():
    assert measured(harmonics(150.0, seconds=2.0), speech=[False] * 63) == NOTHING


def test_noise_is_unvoiced_when_it_is_white():
    found = measured(0.1 * np.random.default_rng(3).standard_normal(3 * RATE_HZ))

    assert found.voiced_share < 0.01
    assert found.pitch_median_hz is None


def test_pitch_survives_when_the_recording_is_clipped():
    found = measured(np.clip(30.0 * harmonics(180.0, seconds=2.0), -1.0, 1.0))

    assert found.pitch_median_hz == pytest.approx(180.0, rel=0.005)


WILD = st.sampled_from(["noise", "tone", "zero", "clip", "nan", "inf", "huge", "impulse", "tiny"])


def wild(kind: str, samples: int) -> np.ndarray:
    random, at = np.random.default_rng(samples), np.arange(samples)
    sounds = {
        "noise": 0.3 * random.standard_normal(samples),
        "tone": 0.4 * np.sin(at * (0.03 + samples % 7 * 0.02)),
        "zero": np.zeros(samples),
        "clip": np.sign(np.sin(at * 0.07)),
        "nan": np.full(samples, np.nan),
        "inf": np.full(samples, -np.inf),
        "huge": np.full(samples, 1e38) * np.cos(at),
        "impulse": (at % 160 == 0).astype(float),
        "tiny": 1e-30 * np.sin(at * 0.1),
    }
    return sounds[kind].astype(np.float32)


@settings(max_examples=40)
@given(st.lists(st.tuples(WILD, st.integers(0, 12_000), st.booleans()), max_size=12))
def test_figures_are_finite_or_null_when_the_sound_is_anything(parts):
    meter = ProsodyMeter()
    with np.errstate(all="raise", under="ignore"):
        for kind, samples, speech in parts:
            meter.add(wild(kind, samples), speech=speech)
        figures = meter.finish().model_dump()

    assert all(value is None or math.isfinite(value) for value in figures.values())


@dataclass(frozen=True)
class ByPraat:
    """What Praat 6.1.38 says of a clip with its default settings, 75 to 500 Hz."""

    clip: str
    pitch_median_hz: float
    pitch_range_semitones: float
    jitter: float
    shimmer: float
    harmonicity_ac_db: float
    harmonicity_cc_db: float


@pytest.mark.corpora
@pytest.mark.parametrize(
    "praat",
    [
        ByPraat("ravdess/03-01-01-01-01-01-20.flac", 215.4, 7.10, 0.0200, 0.1002, 9.21, 11.11),
        ByPraat("ravdess/03-01-05-01-02-01-03.flac", 131.2, 10.80, 0.0279, 0.1208, 4.87, 6.80),
        ByPraat("emodb/08a01Wc.flac", 393.4, 9.84, 0.0156, 0.1165, 6.98, 9.78),
        ByPraat("emodb/11b10Nc.flac", 112.6, 7.17, 0.0275, 0.1126, 10.25, 13.12),
        ByPraat("emodb/13b10Wa.flac", 318.2, 10.23, 0.0188, 0.0918, 11.43, 15.51),
    ],
    ids=lambda praat: praat.clip,
)
def test_figures_are_near_those_of_praat_when_the_clip_is_real(praat, corpora):
    sound = decoded(corpora / praat.clip)

    found = measured(sound, speech=[bool(np.abs(part).max() > 0.002) for part in chunks(sound)])

    assert found.pitch_median_hz == pytest.approx(praat.pitch_median_hz, rel=0.03)
    assert found.pitch_range_semitones == pytest.approx(praat.pitch_range_semitones, abs=1.5)
    assert found.jitter == pytest.approx(praat.jitter, abs=0.006)
    assert found.shimmer == pytest.approx(praat.shimmer, abs=0.02)
    assert praat.harmonicity_ac_db - 1.0 < found.harmonics_to_noise_db < praat.harmonicity_cc_db + 1.0


@pytest.mark.corpora
def test_syllables_are_about_seven_when_the_sentence_has_seven(corpora):
    clips = sorted((corpora / "ravdess").glob("03-01-0[13]-01-*.flac"))[::8]
    sounds = [decoded(clip) for clip in clips]
    found = [
        measured(sound, speech=[bool(np.abs(c).max() > 0.002) for c in chunks(sound)]) for sound in sounds
    ]
    spans = [np.flatnonzero([np.abs(c).max() > 0.002 for c in chunks(sound)]) for sound in sounds]
    seconds = [(span[-1] - span[0] + 1) * CHUNK / RATE_HZ for span in spans]
    counts = [figures.speaking_rate_hz * span for figures, span in zip(found, seconds, strict=True)]

    assert len(counts) >= 10
    assert np.mean(counts) == pytest.approx(7.0, abs=0.8)
    assert np.mean(np.abs(np.array(counts) - 7.0)) < 1.2


def decoded(path: Path) -> np.ndarray:
    with SoundSource(path, max_duration_s=60.0) as source:
        return np.concatenate(list(source.blocks()))


def test_histogram_finds_percentiles_when_values_fill_it_evenly():
    histogram = RunningHistogram(low=0.0, high=10.0, step=0.1)
    for part in np.array_split(np.linspace(0.0, 10.0, 10_001), 7):
        histogram.add(part)

    assert histogram.percentile(5.0) == pytest.approx(0.5, abs=0.01)
    assert histogram.percentile(50.0) == pytest.approx(5.0, abs=0.01)
    assert histogram.deviation() == pytest.approx(10.0 / math.sqrt(12.0), abs=0.01)


def test_histogram_counts_values_at_its_ends_when_they_lie_outside():
    histogram = RunningHistogram(low=0.0, high=10.0, step=0.1)
    histogram.add([-5.0, 50.0])

    assert histogram.total == 2
    assert 0.0 <= histogram.percentile(0.0) < 0.1
    assert 9.9 < histogram.percentile(100.0) <= 10.0


def test_histogram_refuses_percentiles_when_it_is_empty():
    with pytest.raises(ValueError, match="empty"):
        RunningHistogram(low=0.0, high=1.0, step=0.1).percentile(50.0)
