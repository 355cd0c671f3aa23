"""What carried an emotion in a face: class activation maps (Zhou et al. 2016) at a few moments.

Kept of a video are, per followed face and label, the crop that was named most surely and its landmarks,
until the maps are computed. What a report gets of them are shares by place; a picture cannot be had back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from services.common.contracts.face import FaceActivation
from services.common.contracts.labels import EMOTIONS, Emotion
from services.common.contracts.results import TimelineSegment
from services.common.errors import TemporaryError
from services.common.serving.predictor import Predictor
from services.common.serving.registry import FACE_ACTIVATION, FACE_EMOTION
from services.common.statistics.perceived_time import seconds_by_label
from services.video.face_regions import REGIONS, crop_points, region_map
from services.video.face_words import activation_words
from services.video.features import CROP_SIZE_PX, FloatArray, Image, network_input
from services.video.landmarks import FaceMesh

MOST_MOMENTS = 4
MOST_FACES = 8
"""Faces whose moments are kept at the same time; about 40 kB each."""
EXPLAINS = "explains"
"""Key of the manifest under which `face_activation` says which version of `face_emotion` it belongs to."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One scored crop.

    Attributes:
        time_s: of its frame.
        probability: of the label that it was given, 0..1.
        crop: shape `(48, 48)`, uint8 grey.
        points: landmarks in the crop's pixels, shape `(468, 2)`.
    """

    time_s: float
    probability: float
    crop: Image
    points: FloatArray


class MomentKeeper:
    """The surest crop of each label, for each of the faces that matter most so far."""

    def __init__(self) -> None:
        self._kept: dict[int, dict[Emotion, Moment]] = {}
        self._weights: dict[int, float] = {}

    def offer(
        self, face: int, *, weight: float, time_s: float, scores: FloatArray, crop: Image, mesh: FaceMesh
    ) -> None:
        """Keep the crop if it is the surest of its label.

        Args:
            face: number of the track.
            weight: of that face; the lightest are forgotten beyond `MOST_FACES`.
            time_s: of the frame.
            scores: probabilities, shape `(7,)`.
            crop: shape `(48, 48)`, uint8 grey.
            mesh: landmarks in the frame.
        """
        label, probability = EMOTIONS[int(scores.argmax())], float(scores.max())
        self._weights[face] = weight
        moments = self._kept.setdefault(face, {})
        if label not in moments or probability > moments[label].probability:
            moments[label] = Moment(time_s, probability, crop, crop_points(mesh))
        if len(self._kept) > MOST_FACES:
            self._forget(min(self._kept, key=lambda number: self._weights[number]))

    def of(self, face: int) -> dict[Emotion, Moment]:
        """Return what was kept of a face, by label."""
        return self._kept.get(face, {})

    def _forget(self, face: int) -> None:
        del self._kept[face], self._weights[face]


def can_explain(predictor: Predictor) -> bool:
    """Return whether there are activation maps of the very version of `face_emotion` that is served."""
    try:
        explained = predictor.manifest(FACE_ACTIVATION).preprocessing.get(EXPLAINS)
    except TemporaryError:
        return False
    return bool(explained == predictor.manifest(FACE_EMOTION).ref.model_dump())


def explain(
    moments: Mapping[Emotion, Moment], timeline: Sequence[TimelineSegment], predictor: Predictor
) -> list[FaceActivation]:
    """Compute activation maps of the emotions perceived longest, at the most confident moment of each.

    Args:
        moments: of the candidate's face.
        timeline: of the candidate.
        predictor: answers for `face_activation`.

    Returns:
        At most `MOST_MOMENTS`, longest perceived first.

    Raises:
        TemporaryError: `model_unavailable`.
    """
    labels = [label for label in seconds_by_label(timeline) if label in moments][:MOST_MOMENTS]
    if not labels:
        return []
    chosen = [moments[label] for label in labels]
    maps = predictor.predict(FACE_ACTIVATION, network_input(np.stack([moment.crop for moment in chosen])))
    return [_activation(*row) for row in zip(chosen, labels, maps, strict=True)]


def label_shares(maps: FloatArray, label: Emotion) -> FloatArray:
    """Return what spoke for a label, by place, as shares.

    The softmax does not see what all labels have in common, so the mean over the labels is taken away
    first; what remains above zero spoke for this label more than for the labels on average.

    Args:
        maps: class activation maps, shape `(7, h, w)`.
        label: whose.

    Returns:
        Shape `(h, w)`, float32, sums up to 1; all the same where nothing spoke for the label.
    """
    for_label = np.maximum(maps[EMOTIONS.index(label)] - maps.mean(axis=0), 0.0).astype(np.float64)
    total = for_label.sum()
    shares = for_label / total if total > 0.0 else np.full(for_label.shape, 1.0 / for_label.size)
    return np.asarray(shares, dtype=np.float32)


def region_shares(shares: FloatArray, regions: NDArray[np.uint8]) -> FloatArray:
    """Sum the shares by place up to shares by region.

    Args:
        shares: shape `(h, w)`; interpolated to the crop's pixels.
        regions: of `face_regions.region_map`, shape `(48, 48)`.

    Returns:
        Shape `(8,)`, in the order of `REGIONS`, sums up to 1.
    """
    fine = cv2.resize(shares, (CROP_SIZE_PX, CROP_SIZE_PX), interpolation=cv2.INTER_LINEAR)
    by_region = np.bincount(regions.ravel(), weights=fine.ravel(), minlength=len(REGIONS))
    return np.asarray(by_region / by_region.sum(), dtype=np.float32)


def _activation(moment: Moment, label: Emotion, maps: FloatArray) -> FaceActivation:
    shares = label_shares(maps, label)
    by_region = region_shares(shares, region_map(moment.points))
    activation = FaceActivation(
        time_s=round(moment.time_s, 3),
        label=label,
        probability=round(moment.probability, 4),
        grid=[[round(value, 4) for value in row] for row in shares.tolist()],
        regions={name: round(share, 4) for name, share in zip(REGIONS, by_region.tolist(), strict=True)},
    )
    return activation.model_copy(update={"summary": activation_words(activation)})
