"""Measure `CROP` and `CANONICAL_FACE` again: `python -m services.video.training.geometry --data DIR`.

Both tables of `services/video/features.py` come from here, so that they can be checked and, with other
landmarks or other data, replaced.
"""

import argparse
import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from services.common.serving.registry import FACE_DETECTOR, FACE_LANDMARKS
from services.common.settings import REPOSITORY
from services.video.decode import VideoSource
from services.video.face_detection import FaceDetector, Image
from services.video.features import CANONICAL_FACE, CropGeometry
from services.video.landmarks import FaceMesh, FaceMesher, region_of_detection, region_of_mesh
from services.video.settings import VideoSettings
from services.video.tracking import FaceTracker, load_model
from services.video.training.dataset import FaceImages, load_partition

Floats = NDArray[np.float64]

ENLARGED_PX = 192
BORDER_PX = 96
"""A FER image fills its frame; the detector wants air around a face."""
PUPIL_DISTANCE_MM = 63.0
EYE_CORNERS = (33, 133, 362, 263)
MIRRORED = {33: 263, 133: 362, 127: 356, 234: 454, 98: 327}
log = logging.getLogger(__name__)


def enlarged(image: Image) -> Image:
    """Enlarge a FER image `(48, 48)` to a frame `(384, 384, 3)` in which detector and mesh work."""
    big = cv2.resize(image, (ENLARGED_PX, ENLARGED_PX), interpolation=cv2.INTER_CUBIC)
    border = BORDER_PX
    framed = cv2.copyMakeBorder(big, border, border, border, border, cv2.BORDER_REPLICATE)
    return np.asarray(np.repeat(framed[..., np.newaxis], 3, axis=2), dtype=np.uint8)


def mesher_of_images(settings: VideoSettings) -> Callable[[Image], FaceMesh | None]:
    """Return what finds the landmarks of a FER image, in coordinates of `enlarged`; None: no face there."""
    detector = FaceDetector(
        load_model(settings.models_dir, FACE_DETECTOR), least_score=settings.detection_score
    )
    mesher = FaceMesher(load_model(settings.models_dir, FACE_LANDMARKS), least_score=settings.landmark_score)

    def find(image: Image) -> FaceMesh | None:
        frame = enlarged(image)
        found = detector.detect(frame)
        mesh = mesher.locate(frame, region_of_detection(found[0])) if found else None
        return mesh and (mesher.locate(frame, region_of_mesh(mesh)) or mesh)

    return find


def meshes_of_images(faces: FaceImages, settings: VideoSettings) -> Iterator[FaceMesh]:
    """Yield landmarks of every image that gives any, in coordinates of `enlarged`."""
    find = mesher_of_images(settings)
    yield from (mesh for image in faces.images if (mesh := find(image)) is not None)


def measure_crop(faces: FaceImages, settings: VideoSettings) -> CropGeometry:
    """Measure the median size and place of the mesh's box in FER images, turned into a rule for video."""
    boxes = np.array([(mesh.box - BORDER_PX) / ENLARGED_PX for mesh in meshes_of_images(faces, settings)])
    longer = np.maximum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1])
    middle = (boxes[:, 1] + boxes[:, 3]) / 2
    return CropGeometry(scale=float(1 / np.median(longer)), lift=float(np.median(middle) - 0.5))


def canonical_face(videos: Sequence[Path], settings: VideoSettings) -> dict[int, tuple[float, float, float]]:
    """Return the mean rigid landmarks over the first speaker of each video, mirrored and averaged.

    Returns:
        Millimetres about the eyes' centre, x to the viewer's right, y down, z away from the camera.
    """
    indices = list(CANONICAL_FACE)
    speakers = [_mean_shape(_shapes(video, indices, settings)) for video in videos]
    mean = _mean_shape(speakers)
    partner = MIRRORED | {right: left for left, right in MIRRORED.items()}
    mirror = [indices.index(partner.get(index, index)) for index in indices]
    mean = (mean + mean[mirror] * np.array([-1.0, 1.0, 1.0])) / 2
    corners = mean[[indices.index(index) for index in EYE_CORNERS]]
    pupils = corners[2:].mean(axis=0) - corners[:2].mean(axis=0)
    mean = (mean - corners.mean(axis=0)) * PUPIL_DISTANCE_MM / float(np.linalg.norm(pupils))
    return {index: (float(x), float(y), float(z)) for index, (x, y, z) in zip(indices, mean, strict=True)}


def _shapes(video: Path, indices: list[int], settings: VideoSettings) -> list[Floats]:
    """Return rigid landmarks of every frame with a face, centred and scaled."""
    tracker = FaceTracker.from_settings(settings)
    shapes = []
    with VideoSource(
        video, max_duration_s=settings.max_duration_s, max_pixels=settings.max_source_pixels
    ) as source:
        for frame in source.frames(
            long_side_px=settings.analysed_long_side_px,
            rate_hz=settings.analysed_rate_hz,
            max_decoded_rate_hz=settings.max_decoded_rate_hz,
        ):
            mesh = tracker.follow(frame.image, frame.time_s).mesh
            if mesh is not None:
                shapes.append(_normalised(mesh.points[indices].astype(np.float64)))
    return shapes


def _normalised(shape: Floats) -> Floats:
    centred = shape - shape.mean(axis=0)
    return np.asarray(centred / np.sqrt((centred**2).sum(axis=1).mean()))


def _mean_shape(shapes: Sequence[Floats]) -> Floats:
    """Compute the generalised Procrustes mean (Gower 1975), turned as the shapes are turned on average."""
    upright = mean = _normalised(np.mean(shapes, axis=0))
    for _ in range(10):
        mean = _normalised(np.mean([_turned(shape, mean) for shape in shapes], axis=0))
    return _turned(mean, upright)


def _turned(shape: Floats, target: Floats) -> Floats:
    """Rotate `shape` by the rotation that brings it closest to `target` (Kabsch 1976)."""
    left, _, right = np.linalg.svd(shape.T @ target)
    handed = np.diag([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
    return np.asarray(shape @ left @ handed @ right)


def main() -> None:
    """Run the measurement from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=REPOSITORY.parent / "shared" / "data")
    parser.add_argument("--images", type=int, default=400)
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    settings = VideoSettings()
    faces = load_partition(chosen.data, "public")
    rows = np.random.default_rng(0).permutation(len(faces))[: chosen.images]
    log.info("%s", measure_crop(faces.take(rows), settings))
    for index, point in canonical_face(sorted((chosen.data / "clips").glob("grid_*")), settings).items():
        log.info("%d: (%.1f, %.1f, %.1f)", index, *point)


if __name__ == "__main__":
    main()
