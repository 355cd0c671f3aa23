"""Following one face through a video: detector when needed, landmarks on every frame."""

from dataclasses import dataclass
from pathlib import Path

from services.common.serving.litert import LiteRtModel
from services.common.serving.registry import FACE_DETECTOR, FACE_LANDMARKS, latest_version_dir
from services.video.face_detection import Detection, FaceDetector, Image, overlaps
from services.video.landmarks import FaceMesh, FaceMesher, region_of_detection, region_of_mesh
from services.video.settings import VideoSettings

MAX_CANDIDATES = 8
"""Detections that are looked at in one frame, the largest first."""
SAME_FACE_OVERLAP = 0.2
UNCONFIRMED_S = 2.0
"""How long landmarks are believed while the detector sees no face (turned far away, say)."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one frame shows.

    Attributes:
        mesh: landmarks of the followed face, None if there is none.
        faces: number of faces, None in frames in which they were not counted.
    """

    mesh: FaceMesh | None
    faces: int | None


def load_model(models_dir: Path, name: str) -> LiteRtModel:
    """A preprocessing model; these run in process whichever runtime serves the others.

    Raises:
        TemporaryError: `model_unavailable`.
    """
    return LiteRtModel(latest_version_dir(models_dir, name) / "model.tflite")


class FaceTracker:
    """Follows the face that was the largest when it was found, until it is lost.

    The landmarks of one frame say where to look in the next; the detector runs while no face is known,
    and otherwise `detection_rate_hz` times a second, to count the faces and to notice when the landmarks
    have drifted off the face.
    """

    def __init__(self, detector: FaceDetector, mesher: FaceMesher, *, detection_rate_hz: float) -> None:
        self._detector = detector
        self._mesher = mesher
        self._detection_interval_s = 1.0 / detection_rate_hz
        self._mesh: FaceMesh | None = None
        self._detected_s = float("-inf")
        self._confirmed_s = float("-inf")

    @classmethod
    def from_settings(cls, settings: VideoSettings) -> "FaceTracker":
        """A tracker on the models that the settings name.

        Raises:
            TemporaryError: `model_unavailable`.
        """
        return cls(
            FaceDetector(
                load_model(settings.models_dir, FACE_DETECTOR), least_score=settings.detection_score
            ),
            FaceMesher(load_model(settings.models_dir, FACE_LANDMARKS), least_score=settings.landmark_score),
            detection_rate_hz=settings.detection_rate_hz,
        )

    def follow(self, image: Image, time_s: float) -> Sighting:
        """Look at the next frame.

        Args:
            image: shape `(height, width, 3)`, uint8 RGB.
            time_s: when it is shown; increases from call to call.
        """
        if self._mesh is not None:
            self._mesh = self._mesher.locate(image, region_of_mesh(self._mesh))
        if self._mesh is not None and time_s - self._detected_s < self._detection_interval_s:
            return Sighting(self._mesh, None)
        return self._detect(image, time_s)

    def _detect(self, image: Image, time_s: float) -> Sighting:
        self._detected_s = time_s
        candidates = self._detector.detect(image)[:MAX_CANDIDATES]
        others = [face for face in candidates if not self._is_followed(face)]
        if len(others) < len(candidates):
            self._confirmed_s = time_s
        elif others or time_s - self._confirmed_s > UNCONFIRMED_S:
            self._mesh = None
        meshes = [mesh for mesh in (self._locate(image, face) for face in others) if mesh is not None]
        if self._mesh is None and meshes:
            self._mesh = meshes.pop(0)
            self._confirmed_s = time_s
        return Sighting(self._mesh, len(meshes) + (self._mesh is not None))

    def _is_followed(self, face: Detection) -> bool:
        if self._mesh is None:
            return False
        return bool(overlaps(self._mesh.box, face.box[None, :])[0] > SAME_FACE_OVERLAP)

    def _locate(self, image: Image, face: Detection) -> FaceMesh | None:
        """Landmarks of a detection; a second look from the first landmarks sharpens them."""
        mesh = self._mesher.locate(image, region_of_detection(face))
        return None if mesh is None else self._mesher.locate(image, region_of_mesh(mesh)) or mesh
