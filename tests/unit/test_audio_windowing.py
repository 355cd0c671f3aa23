from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.audio.features import SAMPLE_RATE_HZ, WINDOW_SAMPLES
from services.audio.vad import CHUNK_SAMPLES, Hysteresis, SpeechProbability, chunks
from services.audio.windowing import PAD_CHUNKS, SpeechWindows, speech_windows


def windows_of(speech: list[tuple[float, float]], *, length_s: float, rule: Hysteresis | None = None):
    """Windows of a stream that counts its samples and has speech in the given spans of seconds."""
    stream = np.arange(int(length_s * SAMPLE_RATE_HZ), dtype=np.float32)

    def probability(chunk: np.ndarray) -> float:
        at_s = chunk[0] / SAMPLE_RATE_HZ
        return 0.9 if any(start <= at_s < end for start, end in speech) else 0.05

    return list(speech_windows([stream], hysteresis=rule or Hysteresis(), probability=probability))


def test_chunks_hold_every_sample_when_blocks_have_any_length():
    stream = np.arange(5000, dtype=np.float32)
    blocks = [stream[:3], stream[3:3], stream[3:1700], stream[1700:]]
    joined = np.concatenate(list(chunks(blocks)))
    assert len(joined) % CHUNK_SAMPLES == 0
    np.testing.assert_array_equal(joined[:5000], stream)
    assert not joined[5000:].any()


def test_there_is_no_window_when_nobody_speaks():
    assert windows_of([], length_s=5.0) == []


def test_there_is_no_window_when_speech_is_shorter_than_the_least():
    assert windows_of([(1.0, 1.15)], length_s=5.0) == []


def test_one_wrapped_window_covers_the_speech_when_it_is_short():
    (window,) = windows_of([(1.0, 2.0)], length_s=5.0)
    pad = PAD_CHUNKS * CHUNK_SAMPLES
    assert abs(window.start - (16_000 - pad)) <= CHUNK_SAMPLES
    assert abs(window.end - (32_000 + pad)) <= CHUNK_SAMPLES
    length = window.end - window.start
    np.testing.assert_array_equal(window.samples[:length], np.arange(window.start, window.end))
    np.testing.assert_array_equal(window.samples[length : 2 * length], window.samples[:length])


def test_a_pause_parts_two_stretches_when_it_is_long_enough():
    parted = windows_of([(1.0, 2.0), (3.0, 4.0)], length_s=6.0)
    joined = windows_of([(1.0, 2.0), (2.3, 3.3)], length_s=6.0)
    assert [window.stretch for window in parted] == [0, 1]
    assert [window.stretch for window in joined] == [0]


def test_speech_up_to_the_end_is_kept_when_the_stream_stops():
    window = windows_of([(0.0, 20.0)], length_s=10.0)[-1]
    assert 0 <= window.end - 10 * SAMPLE_RATE_HZ < CHUNK_SAMPLES


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0.0, 3.0), st.floats(0.0, 12.0)), min_size=1, max_size=5),
    st.sampled_from([0.2, 0.5, 1.0]),
)
def test_spans_tile_each_stretch_when_speech_has_any_form(gaps_and_lengths, pause_s):
    spans, at = [], 0.0
    for gap, length in gaps_and_lengths:
        spans.append((at + gap, at + gap + length))
        at += gap + length
    rule = Hysteresis(min_pause_samples=int(pause_s * SAMPLE_RATE_HZ))
    found = windows_of(spans, length_s=at + 1.0, rule=rule)
    assert all(len(window.samples) == WINDOW_SAMPLES and window.end > window.start for window in found)
    for one, other in pairwise(found):
        if one.stretch == other.stretch:
            assert other.start == one.end
        else:
            assert other.stretch == one.stretch + 1
            assert other.start >= one.end
    for window in found:
        held_until = window.samples.max()
        assert window.start >= window.samples.min()
        assert window.end - held_until <= PAD_CHUNKS * CHUNK_SAMPLES + 1


def test_memory_stays_flat_when_speech_never_pauses():
    collector = SpeechWindows(Hysteresis())
    chunk = np.zeros(CHUNK_SAMPLES, np.float32)
    most = 0
    for _ in range(10_000):
        collector.push(chunk, 0.9)
        most = max(most, sum(part.size for part in collector._held))
    assert most <= WINDOW_SAMPLES + CHUNK_SAMPLES


@pytest.mark.parametrize("sound", ["silence", "noise", "tone"])
def test_voice_activity_stays_low_when_nobody_speaks(sound):
    time_s = np.arange(3 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    stream = {
        "silence": np.zeros(time_s.size),
        "noise": 0.05 * np.random.default_rng(0).standard_normal(time_s.size),
        "tone": 0.5 * np.sin(2 * np.pi * 1000 * time_s),
    }[sound].astype(np.float32)
    probability = SpeechProbability()
    assert np.mean([probability(chunk) >= 0.5 for chunk in chunks([stream])]) < 0.1


def test_voice_activity_of_a_stream_is_its_own_when_two_run_together():
    stream = (0.1 * np.random.default_rng(0).standard_normal(SAMPLE_RATE_HZ)).astype(np.float32)
    alone = SpeechProbability()
    expected = [alone(chunk) for chunk in chunks([stream])]
    one, other = SpeechProbability(), SpeechProbability()
    together = []
    for chunk in chunks([stream]):
        together.append(one(chunk))
        other(chunk[::-1].copy())
    assert together == expected
