"""What a pass over a video gathers: a few numbers per frame, and the scores of the faces cut out."""

from dataclasses import dataclass, field

import numpy as np

from services.common.serving.client import Predictor
from services.common.serving.registry import FACE_EMOTION
from services.video.decode import Frame
from services.video.features import (
    FloatArray,
    Image,
    Pose,
    crop_region,
    eye_openness,
    face_crop,
    head_pose,
    network_input,
)
from services.video.landmarks import FaceMesh
from services.video.settings import VideoSettings
from services.video.tracking import Sighting

EYES_VISIBLE_YAW_DEG = 40.0
EYES_VISIBLE_PITCH_DEG = 30.0
"""Beyond these the lids are seen from the side, or hidden, and the aspect ratio says nothing."""


@dataclass
class Observations:
    """What was measured so far: a few numbers per frame, whatever the size of the pictures."""

    analysed: int = 0
    counted: int = 0
    several: int = 0
    max_faces: int = 0
    times_s: list[float] = field(default_factory=list)
    openness: list[float] = field(default_factory=list)
    poses: list[Pose] = field(default_factory=list)
    sample_times_s: list[float] = field(default_factory=list)
    sample_luma: list[float] = field(default_factory=list)
    sample_side_px: list[float] = field(default_factory=list)
    probabilities: list[FloatArray] = field(default_factory=list)

    def count(self, sighting: Sighting) -> None:
        """Note how many faces a frame shows, where they were counted."""
        self.analysed += 1
        if sighting.faces is not None:
            self.counted += 1
            self.several += sighting.faces > 1
            self.max_faces = max(self.max_faces, sighting.faces)

    def measure(self, frame: Frame, mesh: FaceMesh) -> None:
        """Note pose and eyes of a frame with a face."""
        height, width = frame.image.shape[:2]
        pose = head_pose(mesh.points, frame_size_px=(width, height))
        self.times_s.append(frame.time_s)
        self.openness.append(float("nan"))
        if pose is None:
            return
        self.poses.append(pose)
        if abs(pose.yaw_deg) <= EYES_VISIBLE_YAW_DEG and abs(pose.pitch_deg) <= EYES_VISIBLE_PITCH_DEG:
            self.openness[-1] = eye_openness(mesh.points, yaw_deg=pose.yaw_deg)


class ExpressionSampler:
    """Cuts out faces at a fixed rate and has them scored in batches."""

    def __init__(self, predictor: Predictor, settings: VideoSettings, seen: Observations) -> None:
        self._predictor = predictor
        self._seen = seen
        self._interval_s = 1.0 / settings.expression_rate_hz
        self._batch_size = settings.expression_batch
        self._crops: list[Image] = []
        self._due_s = float("-inf")

    def offer(self, frame: Frame, mesh: FaceMesh) -> None:
        """Take the frame if a sample is due.

        Raises:
            TemporaryError: `model_unavailable`.
        """
        if frame.time_s < self._due_s:
            return
        # keep to the grid while a face is there, so that the rate holds whatever the frame rate is
        on_grid = self._due_s + self._interval_s
        self._due_s = on_grid if on_grid > frame.time_s else frame.time_s + self._interval_s
        crop = face_crop(frame.image, mesh)
        self._crops.append(crop)
        self._seen.sample_times_s.append(frame.time_s)
        self._seen.sample_luma.append(float(crop.mean()))
        self._seen.sample_side_px.append(crop_region(mesh).side_px)
        if len(self._crops) >= self._batch_size:
            self.flush()

    def flush(self) -> None:
        """Score what has been cut out so far."""
        if self._crops:
            batch = network_input(np.stack(self._crops))
            self._seen.probabilities.append(self._predictor.predict(FACE_EMOTION, batch))
            self._crops.clear()
