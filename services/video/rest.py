"""A face at rest is not sad: perceived emotions after taking away what a person shows in every frame. Pure.

Experimental: no recordings of known expressions over a known resting face were at hand to validate it on.
"""

import numpy as np

from services.common.contracts.labels import EMOTIONS, Emotion
from services.video.features import FloatArray

LEAST_SAMPLES = 30
"""Ten seconds at five samples a second; in less a person may not have rested once."""
RESTING_SHARE = 1 / 3
"""The samples in which the network sees most of a neutral face; who smiles for half of the time keeps it."""
NEUTRAL_LOG_ODDS: dict[Emotion, float] = {
    Emotion.ANGRY: -2.25,
    Emotion.DISGUST: -4.65,
    Emotion.FEAR: -2.29,
    Emotion.SAD: -1.50,
    Emotion.SURPRISE: -3.74,
}
"""What neutral faces show: median of log p(emotion) - log p(neutral), by version 1 of the network, over
the 609 images of FER2013's `public` that are labelled neutral. A resting face may show that much of each.
Happy is left out, so that nobody loses a smile by smiling throughout."""
LEAST_PROBABILITY = 1e-6


def emotions_from_rest(scores: FloatArray) -> FloatArray | None:
    """Return the mean emotions without what the quietest samples show beyond a neutral face.

    The median log-odds over neutral of those samples are compared with `NEUTRAL_LOG_ODDS`; what exceeds
    them is divided out of every sample, as one exchanges the prior of a classifier (Saerens, Latinne &
    Decaestecker 2002). Nothing is ever added to an emotion but by what others lose.

    Args:
        scores: probabilities of the samples, shape `(n, 7)`, in the order of `EMOTIONS`.

    Returns:
        Shape `(7,)`, sums to 1; None if there are fewer than `LEAST_SAMPLES` samples.

    Example:
        >>> always_sad = np.full((60, 7), 0.02, np.float32)
        >>> always_sad[:, EMOTIONS.index(Emotion.SAD)] = 0.7
        >>> always_sad[:, EMOTIONS.index(Emotion.NEUTRAL)] = 0.2
        >>> EMOTIONS[int(emotions_from_rest(always_sad).argmax())].value
        'neutral'
    """
    if len(scores) < LEAST_SAMPLES:
        return None
    log_p = np.log(np.maximum(scores.astype(np.float64), LEAST_PROBABILITY))
    odds = log_p - log_p[:, [EMOTIONS.index(Emotion.NEUTRAL)]]
    quietest = np.argsort(-scores[:, EMOTIONS.index(Emotion.NEUTRAL)], kind="stable")
    rest = np.median(odds[quietest[: round(RESTING_SHARE * len(scores))]], axis=0)
    neutral = np.array([NEUTRAL_LOG_ODDS.get(emotion, np.inf) for emotion in EMOTIONS])
    left = np.exp(log_p - np.maximum(rest - neutral, 0.0))
    return np.asarray((left / left.sum(axis=1, keepdims=True)).mean(axis=0), dtype=np.float32)
