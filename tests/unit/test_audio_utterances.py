from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.audio.features import SAMPLE_RATE_HZ
from services.audio.utterances import LONG_PAUSE_S, MAX_UTTERANCE_S, PAD_PIECES, Utterance, find_utterances
from services.audio.vad import PIECE_SAMPLES, Hysteresis

PAD = PAD_PIECES * PIECE_SAMPLES


def utterances_of(speech: list[tuple[float, float]], *, length_s: float) -> list[Utterance]:
    """Utterances of a stream that counts its samples and has speech in the given spans of seconds."""
    stream = np.arange(int(length_s * SAMPLE_RATE_HZ), dtype=np.float32)

    def probability(piece: np.ndarray) -> float:
        at_s = piece[0] / SAMPLE_RATE_HZ
        return 0.9 if any(start <= at_s < end for start, end in speech) else 0.05

    return list(find_utterances([stream], rule=Hysteresis(), probability=probability))


def test_there_is_no_utterance_when_nobody_speaks():
    assert utterances_of([], length_s=40.0) == []


def test_there_is_no_utterance_when_speech_is_shorter_than_the_least():
    assert utterances_of([(2.0, 2.1)], length_s=10.0) == []


def test_an_utterance_is_the_speech_with_a_margin_when_it_is_short():
    (found,) = utterances_of([(2.0, 4.0)], length_s=12.0)
    assert abs(found.start - (2 * SAMPLE_RATE_HZ - PAD)) <= PIECE_SAMPLES
    assert abs(found.start + found.samples.size - (4 * SAMPLE_RATE_HZ + PAD)) <= PIECE_SAMPLES
    assert abs(found.voiced - 2 * SAMPLE_RATE_HZ) <= PIECE_SAMPLES
    np.testing.assert_array_equal(found.samples, np.arange(found.start, found.start + found.samples.size))


def test_short_pauses_stay_in_an_utterance_when_long_ones_end_it():
    short = utterances_of([(1.0, 3.0), (3.0 + LONG_PAUSE_S - 0.5, 7.0)], length_s=12.0)
    long = utterances_of([(1.0, 3.0), (3.0 + LONG_PAUSE_S + 0.5, 9.0)], length_s=15.0)
    assert (len(short), len(long)) == (1, 2)


def test_speech_is_cut_in_its_last_pause_when_it_is_longer_than_one_utterance():
    first, second = utterances_of([(0.0, 16.0), (16.5, 21.0), (21.5, 40.0)], length_s=40.0)
    assert (first.start + first.samples.size) / SAMPLE_RATE_HZ == pytest.approx(21.25, abs=0.3)
    assert second.start == first.start + first.samples.size


def test_the_last_speech_is_given_out_when_the_stream_ends_in_it():
    (found,) = utterances_of([(1.0, 2.0)], length_s=2.0)
    assert found.start + found.samples.size >= 2 * SAMPLE_RATE_HZ


@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.floats(0.0, 6.0), st.floats(0.3, 45.0)), min_size=1, max_size=4),
    st.floats(0.0, 5.0),
)
def test_all_speech_is_in_exactly_one_utterance_when_pauses_are_of_any_length(spans, tail_s):
    speech, at_s = [], 0.0
    for pause_s, speech_s in spans:
        speech.append((at_s + pause_s, at_s + pause_s + speech_s))
        at_s += pause_s + speech_s
    found = utterances_of(speech, length_s=at_s + tail_s)
    covered = np.zeros(int((at_s + tail_s) * SAMPLE_RATE_HZ) + PIECE_SAMPLES, np.int64)
    for utterance in found:
        assert utterance.samples.size <= MAX_UTTERANCE_S * SAMPLE_RATE_HZ
        covered[utterance.start : utterance.start + utterance.samples.size] += 1
    assert all(a.start + a.samples.size <= b.start for a, b in pairwise(found))
    for start_s, end_s in speech:
        inside = covered[int(start_s * SAMPLE_RATE_HZ) + PIECE_SAMPLES : int(end_s * SAMPLE_RATE_HZ)]
        assert (inside == 0).mean() < 0.05
    assert covered.max() <= 1
