import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.audio.decode import SoundSource
from services.audio.loudness import LoudnessMeter, SignalToNoise

RATE_HZ = 16_000
CHUNK = 512


def loudness(sound: np.ndarray, *, chunk: int = CHUNK) -> float | None:
    meter = LoudnessMeter()
    for start in range(0, len(sound), chunk):
        meter.add(sound[start : start + chunk].astype(np.float32))
    return meter.finish()


def signal_to_noise(sound: np.ndarray, speech: Sequence[bool]) -> float | None:
    estimate = SignalToNoise()
    for number, spoken in enumerate(speech):
        estimate.add(sound[number * CHUNK : (number + 1) * CHUNK].astype(np.float32), speech=spoken)
    return estimate.finish()


def sine(level_db: float, *, seconds: float, pitch_hz: float = 997.0) -> np.ndarray:
    at = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    return 10.0 ** (level_db / 20.0) * np.sin(2.0 * np.pi * pitch_hz * at)


def noise(samples: int, *, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(samples)


@pytest.mark.parametrize("level_db", [0.0, -20.0, -33.0])
def test_loudness_is_that_of_the_standard_when_a_sine_is_played(level_db):
    assert loudness(sine(level_db, seconds=5.0)) == pytest.approx(level_db - 3.01, abs=0.1)


def test_quiet_parts_are_gated_out_when_they_lie_ten_units_below():
    # after EBU Tech 3341, case 3: 10 s at -36, 60 s at -23, 10 s at -36 read -23
    quiet, loud = sine(-33.0, seconds=10.0), sine(-20.0, seconds=60.0)

    assert loudness(np.concatenate([quiet, loud, quiet])) == pytest.approx(-23.0, abs=0.1)


def test_loudness_does_not_depend_on_the_cut_when_chunks_have_other_lengths():
    sound = 0.1 * noise(5 * RATE_HZ)

    assert loudness(sound, chunk=37) == pytest.approx(loudness(sound, chunk=4_801), abs=0.001)


@pytest.mark.parametrize(
    "sound",
    [np.zeros(0), np.zeros(5 * RATE_HZ), 0.3 * noise(RATE_HZ // 10), np.full(3 * RATE_HZ, np.nan)],
    ids=["none", "digital silence", "a tenth of a second", "not numbers"],
)
def test_loudness_is_null_when_there_is_nothing_to_measure(sound):
    assert loudness(sound) is None


SPOKEN = ([False] * 20 + [True] * 40) * 5


@pytest.mark.parametrize("ratio_db", [40.0, 20.0, 10.0, 5.0, 0.0, -5.0])
def test_ratio_is_the_one_mixed_when_speech_is_noise_too(ratio_db):
    spoken = np.repeat(SPOKEN, CHUNK)
    sound = 0.1 * noise(len(spoken)) * spoken
    sound += 0.1 * 10.0 ** (-ratio_db / 20.0) * noise(len(spoken), seed=1)

    assert signal_to_noise(sound, SPOKEN) == pytest.approx(ratio_db, abs=0.5)


@pytest.mark.corpora
@pytest.mark.parametrize("ratio_db", [20.0, 10.0, 5.0, 0.0])
def test_ratio_is_the_one_mixed_when_speech_is_real(ratio_db, corpora):
    clean = clip(corpora / "ravdess" / "03-01-03-01-01-01-05.flac")
    speech = np.abs(clean.reshape(-1, CHUNK)).max(axis=1) > 0.05 * np.abs(clean).max()
    speech = np.convolve(speech, np.ones(9), mode="same") > 0
    power = (clean[np.repeat(speech, CHUNK)] ** 2).mean()

    mixed = clean + math.sqrt(power * 10.0 ** (-ratio_db / 10.0)) * noise(len(clean))

    assert signal_to_noise(0.3 * mixed / np.abs(mixed).max(), speech) == pytest.approx(ratio_db, abs=0.3)


def clip(path: Path) -> np.ndarray:
    """A clip with a second of silence on either side."""
    with SoundSource(path, max_duration_s=60.0) as source:
        sound = np.concatenate(list(source.blocks()))
    return np.pad(sound, (RATE_HZ, RATE_HZ + -len(sound) % CHUNK))[
        : (2 * RATE_HZ + len(sound)) // CHUNK * CHUNK
    ]


def test_ratio_does_not_change_when_a_click_falls_into_a_pause():
    spoken = np.repeat(SPOKEN, CHUNK)
    sound = 0.1 * noise(len(spoken)) * spoken + 0.01 * noise(len(spoken), seed=1)
    clicked = sound.copy()
    clicked[10 * CHUNK : 10 * CHUNK + 100] = 0.9

    assert signal_to_noise(clicked, SPOKEN) == pytest.approx(signal_to_noise(sound, SPOKEN), abs=0.1)


@pytest.mark.parametrize(
    "speech",
    [[True] * 50, [False] * 50, ([True] * 10 + [False] * 9) * 5],
    ids=["no pause", "no speech", "pauses of 0.29 s"],
)
def test_ratio_is_null_when_speech_cannot_be_held_against_a_pause(speech):
    assert signal_to_noise(0.1 * noise(len(speech) * CHUNK), speech) is None


def test_ratio_is_at_its_limit_when_pauses_are_digital_silence():
    spoken = np.repeat(SPOKEN, CHUNK)

    assert signal_to_noise(0.1 * noise(len(spoken)) * spoken, SPOKEN) == 60.0


def test_ratio_is_at_its_limit_when_speech_is_below_the_pauses():
    spoken = np.repeat(SPOKEN, CHUNK)

    assert signal_to_noise(0.1 * noise(len(spoken)) * ~spoken, SPOKEN) == -10.0


WILD = st.sampled_from([0.0, 1e-30, 1e-4, 0.5, 1.0, 1e38, math.nan, math.inf, -math.inf])


@settings(max_examples=40)
@given(st.lists(st.tuples(WILD, st.integers(0, 9_000), st.booleans()), max_size=12))
def test_figures_are_finite_or_null_when_the_sound_is_anything(parts):
    meter, estimate = LoudnessMeter(), SignalToNoise()
    for level, samples, speech in parts:
        sound = np.full(samples, level, np.float32) * np.where(np.arange(samples) % 80 < 40, 1, -1)
        for start in range(0, samples, CHUNK):
            chunk = sound[start : start + CHUNK].astype(np.float32)
            meter.add(chunk)
            estimate.add(chunk, speech=speech)

    for figure in (meter.finish(), estimate.finish()):
        assert figure is None or math.isfinite(figure)
