"""How fast somebody speaks, as inputs of a linear model. Pure."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

FASTEST = 340.0
"""Words per minute above which no clip of First Impressions V2 lies; faster counts as this."""
KNOTS = (80.0, 120.0, 200.0)
"""Words per minute at which the slope may change: slow, unhurried and fast speech."""
COLUMNS = 1 + len(KNOTS)


def pace_inputs(words_per_minute: float) -> Floats:
    """Return a piecewise linear basis of the rate of speech, in hundreds of words per minute.

    Args:
        words_per_minute: ≥ 0, pauses included.

    Returns:
        Shape `(COLUMNS,)`: the rate, and how far it lies above each knot.
    """
    rate = min(words_per_minute, FASTEST)
    return np.array([rate, *(max(0.0, rate - knot) for knot in KNOTS)], dtype=np.float32) / np.float32(100.0)
