"""What is kept of a voice: coded without loss beyond float16, merged by weight."""

import base64
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common.contracts.model_ref import ModelRef
from services.common.contracts.voice import VoiceSummary
from services.common.statistics.voice_summary import (
    MAX_CLIPS_PER_ANSWER,
    MAX_SUMMARIES,
    create_summary,
    decode_mean,
    encode_mean,
    merge_summaries,
    read_mean_bytes,
    read_mean_values,
)

ENCODER = ModelRef(name="voice_encoder", version=1)
HALF = st.floats(width=16, allow_nan=False, allow_infinity=False)


def summary(
    *values: float, clips: float = 1.0, version: int = 1, name: str = "voice_encoder"
) -> VoiceSummary:
    return create_summary(values, clips=clips, model=ModelRef(name=name, version=version))


def raw(mean: bytes) -> VoiceSummary:
    return VoiceSummary(model=ENCODER, clips=1.0, mean=base64.b64encode(mean).decode())


@given(st.lists(HALF, min_size=1, max_size=64))
def test_values_return_exactly_when_they_are_float16(values: list[float]) -> None:
    assert read_mean_values(summary(*values)) == values


@given(st.lists(st.floats(-1000, 1000), min_size=1, max_size=64))
def test_values_return_to_eleven_bits_when_they_are_any(values: list[float]) -> None:
    returned = decode_mean(encode_mean(values))
    for value, back in zip(values, returned, strict=True):
        assert math.isclose(value, back, rel_tol=2**-11, abs_tol=2**-25)


def test_bytes_are_numpys_little_endian_float16() -> None:
    values = np.linspace(-3, 3, 37, dtype=np.float32)
    assert encode_mean(values) == values.astype("<f2").tobytes()


@pytest.mark.parametrize("values", [[], [math.nan], [1.0, math.inf], [70_000.0]])
def test_mean_is_refused_when_float16_cannot_hold_it(values: list[float]) -> None:
    with pytest.raises(ValueError, match=r"at least one|finite|too large"):
        encode_mean(values)


@pytest.mark.parametrize(
    "mean",
    [b"abc", b"abcde", np.array([np.nan], "<f2").tobytes() * 2, np.array([np.inf], "<f2").tobytes() * 2],
    ids=["odd", "odd, longer", "nan", "infinite"],
)
def test_summary_is_refused_when_its_mean_is_no_row_of_numbers(mean: bytes) -> None:
    with pytest.raises(ValueError, match=r"float16|finite"):
        read_mean_values(raw(mean))


@pytest.mark.parametrize("mean", ["AAAAA", "AAA=AAAA"])
def test_summary_is_refused_when_its_mean_is_no_base64(mean: str) -> None:
    broken = VoiceSummary.model_construct(schema_version=1, model=ENCODER, clips=1.0, mean=mean)
    with pytest.raises(ValueError, match="base64"):
        read_mean_bytes(broken)


def test_summary_is_refused_when_its_clips_are_infinite() -> None:
    endless = summary(1.0).model_copy(update={"clips": math.inf})
    with pytest.raises(ValueError, match="clips"):
        read_mean_bytes(endless)


def test_merge_is_nothing_when_there_is_nothing() -> None:
    assert merge_summaries([]) is None


def test_merge_weighs_by_clips() -> None:
    merged = merge_summaries([summary(1.0, 0.0, clips=3.0), summary(5.0, 8.0, clips=1.0)])
    assert merged is not None
    assert read_mean_values(merged) == [2.0, 2.0]
    assert merged.clips == 4.0
    assert merged.model == ENCODER


def test_merge_leaves_out_what_cannot_be_compared() -> None:
    merged = merge_summaries(
        [summary(1.0), summary(9.0, version=2), summary(9.0, name="other"), summary(9.0, 9.0)]
    )
    assert merged == summary(1.0)


def test_merge_takes_the_most_recent_only_when_there_are_many() -> None:
    merged = merge_summaries([summary(1.0)] * MAX_SUMMARIES + [summary(100.0)] * 5)
    assert merged == summary(1.0, clips=float(MAX_SUMMARIES))


def test_long_answer_counts_no_more_than_the_cap() -> None:
    merged = merge_summaries([summary(0.0, clips=MAX_CLIPS_PER_ANSWER), summary(1.0, clips=1e9)])
    assert merged == summary(0.5, clips=2 * MAX_CLIPS_PER_ANSWER)


@given(st.lists(st.tuples(st.floats(-100, 100), st.floats(0.01, 1e6)), min_size=1, max_size=30))
def test_merged_mean_lies_among_the_means(answers: list[tuple[float, float]]) -> None:
    kept = [summary(value, clips=clips) for value, clips in answers]
    merged = merge_summaries(kept)
    assert merged is not None
    values = [read_mean_values(one)[0] for one in kept]
    tolerance = 2**-11 * max(map(abs, values)) + 2**-25
    assert min(values) - tolerance <= read_mean_values(merged)[0] <= max(values) + tolerance
