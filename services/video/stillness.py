"""A face that never moves may be a painting, a poster or a frozen picture. Pure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.video.blinks import BlinkCount

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class StillnessRule:
    """When a face counts as still.

    Photographs of seven people that were filmed with noise, or with a hand that shakes by 3 to 10 px, have an
    eye spread of 0.02 to 0.09 and a mouth spread of 0.004 to 0.053; the twelve people of the clips, who
    speak for two to three seconds, 0.065 and more, and 0.085 and more. A camera that moves about a picture
    makes its landmarks move too: that is not noticed.

    Attributes:
        least_s: time in which a blink would have been seen. People blink about 15 times a minute, and
            some only five times while they read: one of those in five is without a blink for so long.
        eye_spread: 5th to 95th percentile of the eye aspect ratio over its median.
        mouth_spread: 5th to 95th percentile of the openness of the mouth.
    """

    least_s: float = 20.0
    eye_spread: float = 0.1
    mouth_spread: float = 0.06


def is_still(
    openness: Floats, mouth: Floats, *, blinks: BlinkCount, rule: StillnessRule | None = None
) -> bool:
    """Return whether a face neither blinked nor moved eyes or mouth for long.

    Args:
        openness: eye aspect ratio, shape `(n,)`; NaN where it was not seen.
        mouth: openness of the mouth, shape `(n,)`; NaN where unknown.
        blinks: counted on `openness`.
        rule: what counts.
    """
    rule = rule or StillnessRule()
    if blinks.intervals or blinks.observed_s < rule.least_s:
        return False
    eyes = openness[np.isfinite(openness)]
    return _spread(eyes) < rule.eye_spread * float(np.median(eyes)) and _spread(mouth) < rule.mouth_spread


def _spread(values: Floats) -> float:
    low, high = np.nanpercentile(values, [5, 95])
    return float(high - low)
