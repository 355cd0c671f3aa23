"""What the world does to a face before it reaches the network, done to FER2013's images. Pure.

The last three are what the rebuilt systems did on purpose; here they show whether it would help.
"""

from collections.abc import Callable, Mapping
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from services.video.training.dataset import IMAGE_SIZE_PX

Images = NDArray[np.uint8]
"""Shape `(n, 48, 48)`, grey."""
Disturb = Callable[[Images], Images]

SEED = 0
HALF = IMAGE_SIZE_PX // 2


def noisy(images: Images, *, sd: float) -> Images:
    """Add white noise of that standard deviation, of 255."""
    noise = np.random.default_rng(SEED).normal(0.0, sd, images.shape)
    return np.asarray(np.clip(images + noise, 0, 255), dtype=np.uint8)


def blurred(images: Images, *, sigma_px: float) -> Images:
    """Blur by a Gaussian."""
    return _each(images, lambda image: cv2.GaussianBlur(image, (0, 0), sigma_px))


def shrunk(images: Images, *, side_px: int) -> Images:
    """Shrink and enlarge again, as from a face of that side."""
    size = (IMAGE_SIZE_PX, IMAGE_SIZE_PX)
    return _each(
        images,
        lambda image: cv2.resize(
            cv2.resize(image, (side_px, side_px), interpolation=cv2.INTER_AREA),
            size,
            interpolation=cv2.INTER_LINEAR,
        ),
    )


def darkened(images: Images, *, factor: float) -> Images:
    """Multiply every value by `factor`, rounded as a camera in the dark would."""
    return np.asarray(images * factor, dtype=np.uint8)


def compressed(images: Images, *, quality: int) -> Images:
    """Compress as JPEG and decode again."""
    flags = [cv2.IMWRITE_JPEG_QUALITY, quality]

    def there_and_back(image: Images) -> NDArray[np.generic]:
        return np.asarray(cv2.imdecode(cv2.imencode(".jpg", image, flags)[1], cv2.IMREAD_GRAYSCALE))

    return _each(images, there_and_back)


def moved(
    images: Images, *, degrees: float = 0.0, scale: float = 1.0, right_px: float = 0.0, down_px: float = 0.0
) -> Images:
    """Turn, zoom and shift: what another crop would have cut out."""
    centre = (IMAGE_SIZE_PX - 1) / 2
    matrix = cv2.getRotationMatrix2D((centre, centre), degrees, scale)
    matrix[:, 2] += right_px, down_px
    size = (IMAGE_SIZE_PX, IMAGE_SIZE_PX)
    return _each(images, lambda image: cv2.warpAffine(image, matrix, size, borderMode=cv2.BORDER_REPLICATE))


def covered(images: Images, *, rows: slice) -> Images:
    """Cover rows by the mean of the image, as a mask or dark glasses would."""
    out = images.copy()
    out[:, rows] = images.mean(axis=(1, 2), dtype=np.float64).astype(np.uint8)[:, None, None]
    return out


def equalised(images: Images) -> Images:
    """Equalise the histogram."""
    return _each(images, cv2.equalizeHist)


def _each(images: Images, change: Callable[[Images], NDArray[np.generic]]) -> Images:
    return np.stack([np.asarray(change(image), dtype=np.uint8) for image in images])


CONDITIONS: Mapping[str, Disturb] = {
    "white noise, sd 10 of 255": partial(noisy, sd=10.0),
    "white noise, sd 25 of 255": partial(noisy, sd=25.0),
    "blur, sigma 1 px": partial(blurred, sigma_px=1.0),
    "blur, sigma 2 px": partial(blurred, sigma_px=2.0),
    "face of 24 px": partial(shrunk, side_px=24),
    "face of 16 px": partial(shrunk, side_px=16),
    "a fifth of the light": partial(darkened, factor=0.2),
    "JPEG, quality 20": partial(compressed, quality=20),
    "turned by 15°": partial(moved, degrees=15.0),
    "turned by 30°": partial(moved, degrees=30.0),
    "cut 15 % wider": partial(moved, scale=0.85),
    "cut 15 % closer": partial(moved, scale=1.15),
    "shifted by 4 px": partial(moved, right_px=4.0, down_px=4.0),
    "lower half covered": partial(covered, rows=slice(HALF, None)),
    "upper half covered": partial(covered, rows=slice(0, HALF)),
    "histogram equalised": equalised,
    "smoothed, sigma 0.6 px": partial(blurred, sigma_px=0.6),
    "equalised and smoothed": lambda images: blurred(equalised(images), sigma_px=0.6),
}
