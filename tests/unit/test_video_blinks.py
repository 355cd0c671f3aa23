import numpy as np
import pytest

from services.video.blinks import count_blinks, noise_sd

BLINKS_S = (1.5, 4.0, 4.9, 8.2)


def trace(
    rate_hz: float,
    blinks_s: tuple[float, ...] = BLINKS_S,
    *,
    seconds: float = 10.0,
    open_level: float = 0.30,
    noise: float = 0.003,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Eyes that fall to 60 % within 60 ms and come back over 250 ms, plus measurement noise."""
    t = np.arange(0, seconds, 1 / rate_hz)
    e = np.full(len(t), open_level)
    for blink in blinks_s:
        closing = np.clip(1 - (blink - t) / 0.06, 0, 1) * (t <= blink)
        opening = np.clip(1 - (t - blink - 0.05) / 0.20, 0, 1) * (t > blink)
        e -= 0.4 * open_level * np.maximum(closing, opening)
    return t, e + np.random.default_rng(seed).normal(0, noise, len(t))


@pytest.mark.parametrize("rate_hz", [12.5, 15, 23.976, 25, 30, 60, 120])
def test_every_blink_is_counted_once_when_the_frame_rate_varies(rate_hz: float):
    found = count_blinks(*trace(rate_hz))
    assert len(found.intervals) == len(BLINKS_S)
    for (start, end), blink in zip(found.intervals, BLINKS_S, strict=True):
        assert start < blink + 0.05
        assert end > blink - 0.05
        assert end - start < 0.4


def test_times_are_close_to_the_truth_when_the_trace_is_clean():
    [(start, end)] = count_blinks(*trace(50, (3.0,), noise=0)).intervals
    assert start == pytest.approx(2.97, abs=0.01)  # half closed
    assert end == pytest.approx(3.15, abs=0.01)  # half open


def test_nothing_is_counted_when_there_is_only_noise():
    for seed in range(20):
        assert count_blinks(*trace(30, (), noise=0.01, seed=seed)).intervals == []


def test_nothing_is_counted_when_the_eyes_close_for_long():
    t, e = trace(25, ())
    e[(t > 3) & (t < 5)] *= 0.5
    assert count_blinks(t, e).intervals == []


@pytest.mark.parametrize(("closed_s", "counted"), [(0.36, 1), (0.44, 1), (0.48, 0), (0.6, 0)])
def test_a_dip_is_a_blink_when_it_is_no_longer_than_the_longest(closed_s: float, counted: int):
    t = np.arange(0, 6, 0.01)
    e = np.where(abs(t - 3) < closed_s / 2, 0.15, 0.30)
    assert len(count_blinks(t, e).intervals) == counted


def test_nothing_is_counted_when_the_gaze_drops_and_stays():
    t, e = trace(25, ())
    e[t > 4] *= 0.6
    assert count_blinks(t, e).intervals == []


def test_nothing_is_counted_when_the_eyes_close_and_the_mesh_follows_the_sinking_head():
    t, e = trace(25, ())
    closing = np.clip((t - 4) / 0.1, 0, 1) * (1 - 0.5 * np.clip((t - 4.2) / 0.3, 0, 1))
    assert count_blinks(t, e * (1 - 0.5 * closing)).intervals == []


def test_a_blink_is_counted_when_the_lids_come_back_a_little_lower():
    t, e = trace(25, (4.0,))
    assert len(count_blinks(t, np.where(t > 4.0, e * 0.92, e)).intervals) == 1


def test_blinks_are_counted_when_the_head_slowly_tilts():
    t, e = trace(30)
    tilted = e * (1 - 0.04 * t)
    assert len(count_blinks(t, tilted).intervals) == len(BLINKS_S)


def test_blinks_are_counted_when_the_frames_are_unevenly_spaced():
    t, e = trace(60)
    kept = np.random.default_rng(1).random(len(t)) < 0.5
    assert len(count_blinks(t[kept], e[kept]).intervals) == len(BLINKS_S)


def test_narrow_eyes_count_the_same():
    assert len(count_blinks(*trace(30, open_level=0.18)).intervals) == len(BLINKS_S)


def test_a_gap_is_no_blink_when_the_eyes_were_hidden():
    t, e = trace(25, ())
    e[(t > 3) & (t < 3.6)] = np.nan
    found = count_blinks(t, e)
    assert found.intervals == []
    assert found.observed_s == pytest.approx(t[-1] - 0.6, abs=0.1)


def test_there_is_no_rate_when_the_frames_are_too_far_apart():
    found = count_blinks(*trace(5))
    assert found.intervals == []
    assert found.observed_s == 0
    assert found.rate_per_min() is None


def test_rate_is_per_minute_of_seen_eyes():
    found = count_blinks(*trace(25, seconds=20))
    assert found.rate_per_min() == pytest.approx(60 * 4 / 20, rel=0.01)
    assert count_blinks(*trace(25, seconds=6.0)).rate_per_min() is None


@pytest.mark.parametrize("count", [0, 1, 2])
def test_nothing_is_counted_when_there_are_hardly_any_samples(count: int):
    assert count_blinks(np.arange(count) / 25, np.full(count, 0.3)).intervals == []


def test_noise_is_measured_despite_blinks():
    assert noise_sd(trace(50, noise=0.004)[1]) == pytest.approx(0.004, rel=0.25)
