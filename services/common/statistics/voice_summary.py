"""What is kept of a voice: coding and merging of `VoiceSummary`. Standard library only.

The gateway merges summaries and has no numpy; the audio service and the database use the same coding.
"""

import base64
import binascii
import math
import struct
from collections.abc import Sequence

from services.common.contracts.model_ref import ModelRef
from services.common.contracts.voice import VoiceSummary

MAX_SUMMARIES = 20
"""Earlier answers that a merged summary rests on, at most: the most recent ones."""

MAX_CLIPS_PER_ANSWER = 200.0
"""Most that one answer counts for in the mean, so that one very long one does not speak for all."""

VALUE_BYTES = 2


def to_bytes(values: Sequence[float]) -> bytes:
    """Code a mean embedding as little-endian float16 (IEEE 754-2008 binary16).

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


def from_bytes(raw: bytes) -> list[float]:
    """The values behind `to_bytes`.

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


def summarise(values: Sequence[float], *, clips: float, model: ModelRef) -> VoiceSummary:
    """The summary of one answer.

    Args:
        values: mean embedding, shape `(dimensions,)`.
        clips: speech behind it, in windows of the model; more than 0.
        model: the encoder.

    Raises:
        ValueError: see `to_bytes`, or `clips` is not a positive number.
    """
    return from_stored(to_bytes(values), clips=clips, model=model)


def from_stored(mean: bytes, *, clips: float, model: ModelRef) -> VoiceSummary:
    """The summary whose mean was stored as bytes."""
    return VoiceSummary(model=model, clips=clips, mean=base64.b64encode(mean).decode("ascii"))


def mean_bytes(summary: VoiceSummary) -> bytes:
    """The mean as it is stored.

    Raises:
        ValueError: it is not base64 of float16 values, or `clips` is not finite.
    """
    if not math.isfinite(summary.clips):
        raise ValueError("clips must be finite")
    try:
        raw = base64.b64decode(summary.mean, validate=True)
    except binascii.Error as fault:
        raise ValueError("the mean is not base64") from fault
    from_bytes(raw)
    return raw


def mean_values(summary: VoiceSummary) -> list[float]:
    """The mean embedding, shape `(dimensions,)`.

    Raises:
        ValueError: see `mean_bytes`.
    """
    return from_bytes(mean_bytes(summary))


def merge(summaries: Sequence[VoiceSummary]) -> VoiceSummary | None:
    """One summary of several answers of one person: the mean of their means, weighted by their clips.

    The first one decides which model counts; those of another name, version or size are left out,
    and of the rest at most `MAX_SUMMARIES` are taken. `clips` of the outcome is the sum of those
    that counted, each at most `MAX_CLIPS_PER_ANSWER`.

    Args:
        summaries: most recent first.

    Returns:
        Null where there is none.

    Raises:
        ValueError: a mean cannot be read.
    """
    if not summaries:
        return None
    model = summaries[0].model
    of_model = [summary for summary in summaries if summary.model == model]
    size = len(mean_values(of_model[0]))
    rows = [(min(summary.clips, MAX_CLIPS_PER_ANSWER), mean_values(summary)) for summary in of_model]
    rows = [(weight, values) for weight, values in rows if len(values) == size][:MAX_SUMMARIES]
    clips = math.fsum(weight for weight, _ in rows)
    mean = [math.fsum(weight * values[i] for weight, values in rows) / clips for i in range(size)]
    return summarise(mean, clips=clips, model=model)
