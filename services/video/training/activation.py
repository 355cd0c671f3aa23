"""`face_activation`: the class activation maps of a version of `face_emotion`, and their averages."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from services.common.contracts.labels import EMOTIONS, Emotion
from services.common.contracts.model_ref import ModelRef
from services.common.serving.registry import FACE_ACTIVATION, Manifest, Metric
from services.training.artifacts import export_model
from services.video.drawing import overlaid, write_line
from services.video.face_regions import REGIONS, region_map
from services.video.features import CROP_SIZE_PX, Image, network_input
from services.video.salience import EXPLAINS, label_shares, region_shares
from services.video.settings import VideoSettings
from services.video.training.batches import LabelledFaces
from services.video.training.card import LICENCE, write_activation_card
from services.video.training.dataset import FloatArray
from services.video.training.geometry import BORDER_PX, ENLARGED_PX, mesher_of_images

BATCH = 128
MAPS_OUTPUT = "maps"
RESULTS_FILE = "by_emotion.json"
IMAGE_FILE = "face_activation.png"
PROTOCOL = (
    "FER2013 public, images that the model names as they are labelled; shares of what spoke for the label "
    "more than for the labels on average, rows from the top; regions over the images with landmarks"
)
LOGITS_PROTOCOL = "mean of a map plus the bias, against the logit before the temperature; images of public"
LARGEST_DIFFERENCE = 1e-3
LEAST_FACES = 10
"""A mean of fewer faces would show one of them; such a label is measured, but not drawn."""
TILE_PX, GAP_PX, CAPTION_PX = 200, 8, 62


class NotExactError(AssertionError):
    """The means of the maps are not the logits of the model that they should explain."""


@dataclass(frozen=True, slots=True)
class Release:
    """What a version of `face_emotion` and its maps have in common.

    Attributes:
        explains: that version.
        preprocessing: for the manifests.
        training_data: corpus to SHA-256.
        seed: of the training run.
        models_dir: where versions are written.
        check_batch: real input, shape `(n, 48, 48, 1)`, n ≥ 2.
    """

    explains: ModelRef
    preprocessing: dict[str, Any]
    training_data: dict[str, str]
    seed: int
    models_dir: Path
    check_batch: FloatArray


def export_activation(maps: Any, network: Any, release: Release, *, bias: FloatArray) -> Manifest:
    """Write the maps as a model of the same version as the network that they explain.

    Args:
        maps: of `residual.activation_maps`.
        network: whose first output are the logits that the served model rests on.
        release: the version.
        bias: of the FER2013 head, shape `(7,)`.

    Raises:
        NotExactError: maps and network do not belong together. Nothing was written.
    """
    difference = logit_difference(maps, network, release.check_batch, bias=bias)
    if not difference < LARGEST_DIFFERENCE:
        raise NotExactError(f"means of the maps differ from the logits by {difference:.1e}")
    images = len(release.check_batch)
    return export_model(
        maps,
        name=FACE_ACTIVATION,
        labels=[],
        preprocessing=release.preprocessing
        | {
            EXPLAINS: release.explains.model_dump(),
            "maps": [str(emotion) for emotion in EMOTIONS],
            "bias": [round(float(value), 6) for value in bias],
        },
        training_data=release.training_data,
        metrics=[Metric(name="logit_difference", value=difference, n=images, protocol=LOGITS_PROTOCOL)],
        seed=release.seed,
        licence=LICENCE,
        card=write_activation_card(release.explains, cells=maps.output_shape[2:]),
        models_dir=release.models_dir,
        check_batch=release.check_batch,
        version=release.explains.version,
        output_name=MAPS_OUTPUT,
    )


def logit_difference(maps: Any, network: Any, batch: FloatArray, *, bias: FloatArray) -> float:
    """Return by how much the means of the maps and the bias differ from the logits, at most."""
    means = np.asarray(maps(batch, training=False)).mean(axis=(2, 3)) + bias
    return float(np.abs(means - np.asarray(network(batch, training=False)[0])).max())


@dataclass(frozen=True, slots=True)
class AverageMap:
    """What carried one label on average.

    Attributes:
        label: that the images have, and that the model named.
        images: how many.
        shares: mean over them, shape `(h, w)`.
        face: their mean, shape `(48, 48)`, uint8 grey.
        with_landmarks: how many of them gave landmarks.
        regions: mean shares over those, shape `(8,)`; NaN where there are none.
    """

    label: Emotion
    images: int
    shares: FloatArray
    face: Image
    with_landmarks: int
    regions: FloatArray


def average_maps(
    maps: Any, bias: FloatArray, public: LabelledFaces, settings: VideoSettings
) -> list[AverageMap]:
    """Return the average map of each label that the model names at least once as it is labelled."""
    answers = [
        np.asarray(maps(network_input(public.images[start : start + BATCH]), training=False))
        for start in range(0, len(public), BATCH)
    ]
    of_images = np.concatenate(answers)
    hits = (of_images.mean(axis=(2, 3)) + bias).argmax(axis=1) == public.labels
    found = []
    for number, label in enumerate(EMOTIONS):
        rows = np.flatnonzero(hits & (public.labels == number))
        if len(rows):
            found.append(_average(label, public.take(rows), of_images[rows], settings))
    return found


def _average(label: Emotion, faces: LabelledFaces, maps: FloatArray, settings: VideoSettings) -> AverageMap:
    shares = np.stack([label_shares(one, label) for one in maps])
    regions = [
        region_shares(one, region_map(points))
        for one, points in zip(shares, _landmarks(faces, settings), strict=True)
        if points is not None
    ]
    return AverageMap(
        label=label,
        images=len(faces),
        shares=shares.mean(axis=0),
        face=faces.images.mean(axis=0).round().astype(np.uint8),
        with_landmarks=len(regions),
        regions=np.mean(regions, axis=0) if regions else np.full(len(REGIONS), np.nan, np.float32),
    )


def _landmarks(faces: LabelledFaces, settings: VideoSettings) -> Iterator[FloatArray | None]:
    """Yield landmarks in pixels of each image, None where there are none."""
    find, zoom = mesher_of_images(settings), CROP_SIZE_PX / ENLARGED_PX
    for mesh in map(find, faces.images):
        yield None if mesh is None else (mesh.points[:, :2] - BORDER_PX + 0.5) * zoom - 0.5


def write_averages(averages: list[AverageMap], *, explains: ModelRef, folder: Path) -> None:
    """Write `RESULTS_FILE` and `IMAGE_FILE` into a folder of results."""
    document = {
        "model": explains.model_dump(),
        "protocol": PROTOCOL,
        "labels": {str(average.label): _figures(average) for average in averages},
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RESULTS_FILE).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    cv2.imwrite(str(folder / IMAGE_FILE), picture(averages))


def _figures(average: AverageMap) -> dict[str, Any]:
    measured = average.with_landmarks > 0
    return {
        "images": average.images,
        "with_landmarks": average.with_landmarks,
        "grid": [[round(float(value), 4) for value in row] for row in average.shares],
        "regions": {
            str(name): round(float(share), 4) for name, share in zip(REGIONS, average.regions, strict=True)
        }
        if measured
        else None,
    }


def picture(averages: list[AverageMap]) -> Image:
    """Average faces in a row, and below each the same with its average map, uint8 BGR.

    A label with fewer than `LEAST_FACES` images is drawn upon a blank.
    """
    columns = [_column(average) for average in averages]
    gap = np.full((columns[0].shape[0], GAP_PX, 3), 255, np.uint8)
    parts = [part for column in columns for part in (gap, column)]
    return np.concatenate([*parts, gap], axis=1)


def _column(average: AverageMap) -> Image:
    shown = average.face if average.images >= LEAST_FACES else np.full_like(average.face, 128)
    enlarged = cv2.resize(shown, (TILE_PX, TILE_PX), interpolation=cv2.INTER_CUBIC)
    face = np.asarray(cv2.cvtColor(enlarged, cv2.COLOR_GRAY2BGR), dtype=np.uint8)
    caption = np.full((CAPTION_PX, TILE_PX, 3), 255, np.uint8)
    grey = (90, 90, 90)
    write_line(
        caption, f"{average.label} (n = {average.images})", left=2, base=18, colour=(0, 0, 0), size=0.5
    )
    strongest = [row for row in np.argsort(-average.regions) if np.isfinite(average.regions[row])][:3]
    for line, row in enumerate(strongest[:2]):
        words = f"{REGIONS[row]} {average.regions[row]:.0%}"
        write_line(caption, words, left=2, base=37 + 18 * line, colour=grey, size=0.42)
    gap = np.full((GAP_PX, TILE_PX, 3), 255, np.uint8)
    return np.concatenate([gap, face, gap, overlaid(face, average.shares), caption])
