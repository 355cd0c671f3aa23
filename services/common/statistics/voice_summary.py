"""Encoding and merging of `VoiceSummary`, the part of a voice that is kept. Standard library only.

The gateway merges summaries and has no numpy; the audio service and the database use the same encoding.
"""

import base64
import binascii
import math
import struct
from collections.abc import Sequence

from services.common.contracts.model_ref import ModelRef
from services.common.contracts.voice import VoiceSummary

MAX_SUMMARIES = 20
"""The most earlier answers in a merged summary; the most recent ones are taken."""

MAX_CLIPS_PER_ANSWER = 200.0
"""The most that one answer counts in the mean, so that one very long answer does not dominate it."""

VALUE_BYTES = 2


def encode_mean(values: Sequence[float]) -> bytes:
    """Encode a mean embedding as little-endian float16 (IEEE 754-2008 binary16).

    Args:
        values: shape `(dimensions,)`, one or more; an array may be given. Eleven significant bits
            remain, a relative error of at most 2^-11.

    Raises:
        ValueError: empty, or a value is not finite or too large for float16 (65,504).
    """
    if len(values) == 0:
        raise ValueError("a mean embedding needs at least one value")
    if not all(math.isfinite(value) for value in values):
        raise ValueError("a mean embedding must be finite")
    try:
        return struct.pack(f"<{len(values)}e", *values)
    except OverflowError as fault:
        raise ValueError("a value is too large for float16") from fault


def decode_mean(raw: bytes) -> list[float]:
    """Return the values that `encode_mean` was given, rounded to float16.

    Raises:
        ValueError: empty, half a value, or a value that is not finite.
    """
    count, rest = divmod(len(raw), VALUE_BYTES)
    if rest or not count:
        raise ValueError(f"{len(raw)} bytes are not a row of float16 values")
    values = list(struct.unpack(f"<{count}e", raw))
    if not all(math.isfinite(value) for value in values):
        raise ValueError("a mean embedding must be finite")
    return values


def create_summary(values: Sequence[float], *, clips: float, model: ModelRef) -> VoiceSummary:
    """Create the summary of one answer.

    Args:
        values: mean embedding, shape `(dimensions,)`.
        clips: length of the speech behind it, in windows of the model; more than 0.
        model: the encoder.

    Raises:
        ValueError: see `encode_mean`, or `clips` is not a positive number.
    """
    return load_summary(encode_mean(values), clips=clips, model=model)


def load_summary(mean: bytes, *, clips: float, model: ModelRef) -> VoiceSummary:
    """Create a summary from the stored bytes of its mean."""
    return VoiceSummary(model=model, clips=clips, mean=base64.b64encode(mean).decode("ascii"))


def read_mean_bytes(summary: VoiceSummary) -> bytes:
    """Return the mean of a summary as the bytes that are stored.

    Raises:
        ValueError: it is not base64 of float16 values, or `clips` is not finite.
    """
    if not math.isfinite(summary.clips):
        raise ValueError("clips must be finite")
    try:
        raw = base64.b64decode(summary.mean, validate=True)
    except binascii.Error as fault:
        raise ValueError("the mean is not base64") from fault
    decode_mean(raw)
    return raw


def read_mean_values(summary: VoiceSummary) -> list[float]:
    """Return the mean embedding of a summary, shape `(dimensions,)`.

    Raises:
        ValueError: see `read_mean_bytes`.
    """
    return decode_mean(read_mean_bytes(summary))


def merge_summaries(summaries: Sequence[VoiceSummary]) -> VoiceSummary | None:
    """Merge the summaries of several answers of one person: the mean of their means, weighted by their clips.

    The first summary decides the model; summaries of another name, version or size are left out,
    and of the rest at most `MAX_SUMMARIES` are taken. `clips` of the merged summary is the sum of those
    that counted, each at most `MAX_CLIPS_PER_ANSWER`.

    Args:
        summaries: most recent first.

    Returns:
        None if `summaries` is empty.

    Raises:
        ValueError: a mean cannot be read.
    """
    if not summaries:
        return None
    model = summaries[0].model
    of_model = [summary for summary in summaries if summary.model == model]
    size = len(read_mean_values(of_model[0]))
    rows = [(min(summary.clips, MAX_CLIPS_PER_ANSWER), read_mean_values(summary)) for summary in of_model]
    rows = [(weight, values) for weight, values in rows if len(values) == size][:MAX_SUMMARIES]
    clips = math.fsum(weight for weight, _ in rows)
    mean = [math.fsum(weight * values[i] for weight, values in rows) / clips for i in range(size)]
    return create_summary(mean, clips=clips, model=model)
