"""Shares by place as colours upon a picture. Pure."""

import cv2
import numpy as np

from services.video.features import FloatArray, Image

STRONGEST_OPACITY = 0.6


def overlaid(picture: Image, shares: FloatArray) -> Image:
    """Lay what carried a label over a square picture: warm where the share is high.

    Args:
        picture: shape `(s, s, 3)`, uint8 BGR.
        shares: shape `(h, w)`, of the same square; at least one is above zero.

    Returns:
        Shape `(s, s, 3)`, uint8 BGR. Colour and opacity both follow the share over the largest one.
    """
    size = picture.shape[1], picture.shape[0]
    strength = np.clip(cv2.resize(shares / shares.max(), size, interpolation=cv2.INTER_CUBIC), 0.0, 1.0)
    colours = cv2.applyColorMap((255 * strength).astype(np.uint8), cv2.COLORMAP_INFERNO)
    opacity = STRONGEST_OPACITY * strength[..., np.newaxis]
    mixed = opacity * colours.astype(np.float32) + (1.0 - opacity) * picture.astype(np.float32)
    return np.asarray(mixed.round(), dtype=np.uint8)


def write_line(
    picture: Image, text: str, *, left: int, base: int, colour: tuple[int, int, int], size: float = 0.45
) -> None:
    """Write one line upon a picture, smoothed; ASCII only, as OpenCV's fonts have nothing else.

    Args:
        picture: shape `(h, w, 3)`, uint8; is changed.
        text: to write.
        left: of the first letter, in pixels.
        base: line that the letters stand on.
        colour: in the picture's channel order.
        size: of the letters, relative to the font's own.
    """
    cv2.putText(
        picture, text, (left, base), cv2.FONT_HERSHEY_SIMPLEX, size, colour, thickness=1, lineType=cv2.LINE_AA
    )
