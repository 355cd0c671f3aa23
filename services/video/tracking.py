"""Following the faces of a video: detectors when needed, landmarks on every frame."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

from services.common.serving.litert import LiteRtModel
from services.common.serving.registry import FACE_DETECTOR, FACE_DETECTOR_FULL, FACE_LANDMARKS
from services.common.serving.versions import find_served_dir
from services.video.face_detection import (
    FULL_RANGE,
    Detection,
    FaceDetector,
    Image,
    merge_detections,
    overlaps,
)
from services.video.landmarks import FaceMesh, FaceMesher, Region, region_of_detection, region_of_mesh
from services.video.settings import VideoSettings

MAX_CANDIDATES = 8
"""Detections that are looked at in one frame, the largest first."""
MAX_FOLLOWED = 3
"""Faces that are followed at the same time; further ones are counted only."""
SAME_FACE_OVERLAP = 0.2
SAME_MESH_OVERLAP = 0.5
"""Two meshes that share more than this have slid onto one face."""
UNCONFIRMED_S = 2.0
"""How long landmarks are believed while the detector sees no face (turned far away, say)."""
WEAK_SCORE = 0.9
"""Landmarks below this are checked by the detector; on the clips a face scores 0.996 and more."""
WEAK_INTERVAL_S = 0.1
FULL_RANGE_INTERVAL_S = 0.25
"""The slower detector, which also sees small faces, joins a detection at most this often."""
RETURN_S = 10.0
"""A face that turns up where one of its size was lost at most this long ago is taken for the same one."""
RETURN_DISTANCE = 1.0
"""Sides of the face that it may have moved meanwhile."""
RETURN_SCALE = 1.6
REMEMBERED = 16
"""Faces that were lost and may return; the latest ones."""


class Detector(Protocol):
    def detect(self, image: Image) -> list[Detection]: ...


class Mesher(Protocol):
    def locate(self, image: Image, region: Region) -> FaceMesh | None: ...


@dataclass(frozen=True, slots=True)
class FollowedFace:
    """One face in one frame; `number` stays the same from frame to frame."""

    number: int
    mesh: FaceMesh


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one frame shows.

    Attributes:
        followed: faces with landmarks, at most `MAX_FOLLOWED`, the one followed longest first.
        counted: number of faces, None in frames in which they were not counted.
        unclear: detections on which no landmarks could be laid.
    """

    followed: list[FollowedFace]
    counted: int | None = None
    unclear: list[Detection] = field(default_factory=list)

    @property
    def mesh(self) -> FaceMesh | None:
        """Landmarks of the face that was followed longest."""
        return self.followed[0].mesh if self.followed else None


@dataclass(slots=True)
class _Track:
    number: int
    mesh: FaceMesh
    seen_s: float
    confirmed_s: float


def load_model(models_dir: Path, name: str) -> LiteRtModel:
    """Load a preprocessing model; these run in process whichever runtime serves the others.

    Raises:
        TemporaryError: `model_unavailable`.
    """
    return LiteRtModel(find_served_dir(models_dir, name) / "model.tflite")


class FaceTracker:
    """Follows up to `MAX_FOLLOWED` faces and gives each a number.

    The landmarks of one frame say where to look in the next. The detector runs while no face is known,
    while landmarks are weak, and `detection_rate_hz` times a second to count the faces and to notice
    landmarks that drifted off. Faces have numbers, not identities: one that leaves and returns keeps its
    number if it turns up where it was lost and looks as large, or if it is the only one there ever was.
    """

    def __init__(
        self,
        detector: Detector,
        mesher: Mesher,
        *,
        detection_rate_hz: float,
        full_range: Detector | None = None,
    ) -> None:
        self._detector = detector
        self._full_range = full_range
        self._mesher = mesher
        self._detection_interval_s = 1.0 / detection_rate_hz
        self._tracks: list[_Track] = []
        self._lost: list[_Track] = []
        self._given = 0
        self._detected_s = float("-inf")
        self._full_range_s = float("-inf")

    @classmethod
    def from_settings(cls, settings: VideoSettings) -> "FaceTracker":
        """Create a tracker on the models that the settings name.

        Raises:
            TemporaryError: `model_unavailable`.
        """
        detector = FaceDetector(
            load_model(settings.models_dir, FACE_DETECTOR), least_score=settings.detection_score
        )
        mesher = FaceMesher(
            load_model(settings.models_dir, FACE_LANDMARKS), least_score=settings.landmark_score
        )
        full_range = FaceDetector(
            load_model(settings.models_dir, FACE_DETECTOR_FULL),
            least_score=settings.full_range_score,
            plan=FULL_RANGE,
        )
        return cls(detector, mesher, detection_rate_hz=settings.detection_rate_hz, full_range=full_range)

    def follow(self, image: Image, time_s: float) -> Sighting:
        """Look at the next frame.

        Args:
            image: shape `(height, width, 3)`, uint8 RGB.
            time_s: when it is shown; increases from call to call.
        """
        for track in list(self._tracks):
            self._advance(track, image, time_s)
        self._drop_doubles()
        since_s = time_s - self._detected_s
        weak = any(self._is_weak(track) for track in self._tracks)
        due = since_s >= self._detection_interval_s or (weak and since_s >= WEAK_INTERVAL_S)
        if self._tracks and not due:
            return Sighting(self._followed())
        return self._detect(image, time_s)

    def _is_weak(self, track: _Track) -> bool:
        """Return whether the landmarks doubt the face, or the detector did at its last run."""
        return track.mesh.score < WEAK_SCORE or track.confirmed_s < self._detected_s

    def _advance(self, track: _Track, image: Image, time_s: float) -> None:
        mesh = self._mesher.locate(image, region_of_mesh(track.mesh))
        if mesh is None:
            self._lose(track)
        else:
            track.mesh, track.seen_s = mesh, time_s

    def _detect(self, image: Image, time_s: float) -> Sighting:
        self._detected_s = time_s
        unclear: list[Detection] = []
        counted_only = 0
        for face in self._find(image, time_s)[:MAX_CANDIDATES]:
            if self._confirm(face, time_s):
                continue
            mesh = self._locate(image, face)
            if mesh is None:
                unclear.append(face)
            elif len(self._tracks) < MAX_FOLLOWED:
                self._begin(mesh, time_s)
            else:
                counted_only += 1
        self._drop_doubles()
        for track in [t for t in self._tracks if time_s - t.confirmed_s > UNCONFIRMED_S]:
            self._lose(track)
        return Sighting(self._followed(), len(self._tracks) + counted_only, unclear)

    def _find(self, image: Image, time_s: float) -> list[Detection]:
        faces = self._detector.detect(image)
        if self._full_range is None or time_s - self._full_range_s < FULL_RANGE_INTERVAL_S:
            return faces
        self._full_range_s = time_s
        return merge_detections(faces, self._full_range.detect(image))

    def _confirm(self, face: Detection, time_s: float) -> bool:
        """Return whether the detection belongs to a face that is followed."""
        near = [t for t in self._tracks if _overlap(t.mesh, face.box) > SAME_FACE_OVERLAP]
        for track in near:
            track.confirmed_s = time_s
        return bool(near)

    def _begin(self, mesh: FaceMesh, time_s: float) -> None:
        known = self._returning(mesh, time_s)
        if known is None:
            self._given += 1
            number = self._given
        else:
            self._lost.remove(known)
            number = known.number
        self._tracks.append(_Track(number, mesh, time_s, time_s))
        self._tracks.sort(key=lambda track: track.number)

    def _returning(self, mesh: FaceMesh, time_s: float) -> _Track | None:
        if not self._tracks and self._given == 1:
            return self._lost[0]
        fitting = [t for t in self._lost if time_s - t.seen_s <= RETURN_S and _alike(t.mesh, mesh)]
        return max(fitting, key=lambda track: track.seen_s, default=None)

    def _drop_doubles(self) -> None:
        kept: list[_Track] = []
        for track in self._tracks:
            if any(_overlap(track.mesh, other.mesh.box) > SAME_MESH_OVERLAP for other in kept):
                continue
            kept.append(track)
        self._tracks = kept

    def _lose(self, track: _Track) -> None:
        self._tracks.remove(track)
        self._lost = [*self._lost, track][-REMEMBERED:]

    def _followed(self) -> list[FollowedFace]:
        return [FollowedFace(track.number, track.mesh) for track in self._tracks]

    def _locate(self, image: Image, face: Detection) -> FaceMesh | None:
        """Locate the landmarks of a detection; a second pass from the first landmarks sharpens them."""
        mesh = self._mesher.locate(image, region_of_detection(face))
        return None if mesh is None else self._mesher.locate(image, region_of_mesh(mesh)) or mesh


def _overlap(mesh: FaceMesh, box: np.ndarray) -> float:
    return float(overlaps(mesh.box, box[None, :])[0])


def _alike(lost: FaceMesh, found: FaceMesh) -> bool:
    """Return whether a face could be the one that was lost, by place and size."""
    sides = [float((mesh.box[2:] - mesh.box[:2]).max()) for mesh in (lost, found)]
    if max(sides) > RETURN_SCALE * min(sides):
        return False
    centres = [(mesh.box[:2] + mesh.box[2:]) / 2 for mesh in (lost, found)]
    return float(np.abs(centres[0] - centres[1]).max()) <= RETURN_DISTANCE * max(sides)
