"""What a pass over a video gathers: a few numbers per frame and face, and the scores of the faces cut out."""

from array import array
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from services.common.contracts.labels import EMOTIONS
from services.common.serving.predictor import Predictor
from services.common.serving.registry import FACE_EMOTION
from services.video.decode import Frame
from services.video.features import (
    FloatArray,
    Image,
    Pose,
    crop_region,
    cut_square,
    eye_openness,
    head_pose,
    mouth_openness,
    network_input,
)
from services.video.gaze import GazeAngles
from services.video.landmarks import FaceMesh
from services.video.quality import Fault, absence_fault, face_fault
from services.video.salience import MomentKeeper
from services.video.settings import VideoSettings
from services.video.tracking import FollowedFace, Sighting

EYES_VISIBLE_YAW_DEG = 40.0
EYES_VISIBLE_PITCH_DEG = 30.0
"""Beyond these the lids are seen from the side, or hidden, and the aspect ratio says nothing."""


def _floats() -> "array[float]":
    return array("f")


@dataclass
class FaceRecord:
    """One followed face: a row per frame in which it was found, and a row per scored crop.

    Attributes:
        number: of the track.
        frames: index into the analysed frames.
        faults: `Fault` of each.
        side_px: of the crop, in the analysed picture.
        openness: eye aspect ratio; NaN where the eyes were not seen well enough.
        yaw_deg, pitch_deg, roll_deg: of the head; NaN where no pose could be solved.
        mouth: openness of the mouth.
        sample_times_s, sample_luma: of the crops that were scored.
        flat_scores: probabilities of those crops, seven by seven; see `scores`.
        gaze_yaw_deg, gaze_pitch_deg: of the same frames; see `GazeAngles`. None of those with closed eyes.
    """

    number: int
    frames: "array[int]" = field(default_factory=lambda: array("l"))
    faults: "array[int]" = field(default_factory=lambda: array("B"))
    side_px: "array[float]" = field(default_factory=_floats)
    openness: "array[float]" = field(default_factory=_floats)
    yaw_deg: "array[float]" = field(default_factory=_floats)
    pitch_deg: "array[float]" = field(default_factory=_floats)
    roll_deg: "array[float]" = field(default_factory=_floats)
    mouth: "array[float]" = field(default_factory=_floats)
    sample_times_s: "array[float]" = field(default_factory=lambda: array("d"))
    sample_luma: "array[float]" = field(default_factory=_floats)
    flat_scores: "array[float]" = field(default_factory=_floats)
    gaze_yaw_deg: "array[float]" = field(default_factory=_floats)
    gaze_pitch_deg: "array[float]" = field(default_factory=_floats)

    @property
    def scores(self) -> FloatArray:
        """Probabilities of the scored crops, shape `(samples, 7)`, in the order of `EMOTIONS`."""
        return np.array(self.flat_scores, dtype=np.float32).reshape(-1, len(EMOTIONS))

    @property
    def dominance(self) -> float:
        """How long times how large: pixels, summed over the frames."""
        return float(np.sum(self.side_px)) if self.side_px else 0.0

    @property
    def pose(self) -> Pose:
        """Of the head in the latest frame; NaN where none could be solved."""
        return Pose(self.yaw_deg[-1], self.pitch_deg[-1], self.roll_deg[-1])

    def add_gaze(self, gaze: GazeAngles | None) -> None:
        """Note where the face looked in the latest frame, if that could be seen."""
        if gaze is not None:
            self.gaze_yaw_deg.append(gaze.yaw_deg)
            self.gaze_pitch_deg.append(gaze.pitch_deg)

    def add(self, frame: int, fault: Fault, *, side_px: float, mesh: FaceMesh, pose: Pose | None) -> None:
        """Note one frame in which the face was found."""
        self.frames.append(frame)
        self.faults.append(fault)
        self.side_px.append(side_px)
        self.mouth.append(mouth_openness(mesh.points))
        nan = float("nan")
        self.yaw_deg.append(pose.yaw_deg if pose else nan)
        self.pitch_deg.append(pose.pitch_deg if pose else nan)
        self.roll_deg.append(pose.roll_deg if pose else nan)
        visible = pose is not None and (
            abs(pose.yaw_deg) <= EYES_VISIBLE_YAW_DEG and abs(pose.pitch_deg) <= EYES_VISIBLE_PITCH_DEG
        )
        self.openness.append(eye_openness(mesh.points, yaw_deg=pose.yaw_deg) if pose and visible else nan)


@dataclass
class Observations:
    """What was measured so far: about 40 bytes per frame and face, whatever the size of the pictures.

    Attributes:
        times_s: of the analysed frames.
        absences: per analysed frame, why no face was found in it; `NONE` where one was.
        counted: frames in which the faces were counted.
        several: frames of those with more than one.
        max_faces: in one frame.
        faces: what is known of each followed face, by its number.
    """

    times_s: "array[float]" = field(default_factory=lambda: array("d"))
    absences: "array[int]" = field(default_factory=lambda: array("B"))
    counted: int = 0
    several: int = 0
    max_faces: int = 0
    faces: dict[int, FaceRecord] = field(default_factory=dict)

    @property
    def analysed(self) -> int:
        return len(self.times_s)

    def add(self, frame: Frame, sighting: Sighting) -> list[tuple[FaceRecord, FollowedFace, Image]]:
        """Note a frame.

        Returns:
            The faces in it that are good enough to be scored, each with its record and crop.
        """
        self.times_s.append(frame.time_s)
        if sighting.counted is not None:
            self.counted += 1
            self.several += sighting.counted > 1
            self.max_faces = max(self.max_faces, sighting.counted)
        absence = Fault.NONE
        if not sighting.followed:
            sides = [float((face.box[2:] - face.box[:2]).max()) for face in sighting.unclear]
            absence = absence_fault(frame.image, detected_px=max(sides, default=None))
        self.absences.append(absence)
        return [
            (record, face, crop)
            for face in sighting.followed
            for record, crop, fault in [self._measure(frame, face)]
            if fault is Fault.NONE
        ]

    def faults_of(self, face: FaceRecord | None) -> NDArray[np.uint8]:
        """Return a `Fault` per analysed frame with regard to one face, shape `(analysed,)`."""
        faults = np.array(self.absences, dtype=np.uint8)
        faults[faults == Fault.NONE] = Fault.NO_FACE  # another face was there, this one was not
        if face is not None:
            faults[np.array(face.frames, dtype=np.int64)] = np.array(face.faults, dtype=np.uint8)
        return faults

    def _measure(self, frame: Frame, face: FollowedFace) -> tuple[FaceRecord, Image, Fault]:
        height, width = frame.image.shape[:2]
        pose = head_pose(face.mesh.points, frame_size_px=(width, height))
        region = crop_region(face.mesh)
        crop = cut_square(frame.image, region)
        fault = face_fault(crop, side_px=region.side_px, pose=pose)
        record = self.faces.setdefault(face.number, FaceRecord(face.number))
        record.add(self.analysed - 1, fault, side_px=region.side_px, mesh=face.mesh, pose=pose)
        return record, crop, fault


class ExpressionSampler:
    """Has the crops of each face scored at a fixed rate, in batches."""

    def __init__(self, predictor: Predictor, settings: VideoSettings, moments: MomentKeeper) -> None:
        self._predictor = predictor
        self._moments = moments
        self._interval_s = 1.0 / settings.expression_rate_hz
        self._batch_size = settings.expression_batch
        self._waiting: list[tuple[FaceRecord, Image, FaceMesh, float]] = []
        self._due_s: dict[int, float] = {}

    def offer(self, face: FaceRecord, crop: Image, time_s: float, *, mesh: FaceMesh) -> bool:
        """Take the crop if a sample of this face is due.

        Returns:
            Whether it was taken.

        Raises:
            TemporaryError: `model_unavailable`.
        """
        due_s = self._due_s.get(face.number, float("-inf"))
        if time_s < due_s:
            return False
        # keep to the grid while a face is there, so that the rate holds whatever the frame rate is
        on_grid = due_s + self._interval_s
        self._due_s[face.number] = on_grid if on_grid > time_s else time_s + self._interval_s
        face.sample_times_s.append(time_s)
        face.sample_luma.append(float(crop.mean()))
        self._waiting.append((face, crop, mesh, time_s))
        if len(self._waiting) >= self._batch_size:
            self.flush()
        return True

    def flush(self) -> None:
        """Score what has been cut out so far."""
        if not self._waiting:
            return
        scores = self._predictor.predict(FACE_EMOTION, network_input(np.stack([w[1] for w in self._waiting])))
        for (face, crop, mesh, time_s), row in zip(self._waiting, scores, strict=True):
            face.flat_scores.extend(row.tolist())
            weight = len(face.frames) * face.side_px[-1]
            self._moments.offer(face.number, weight=weight, time_s=time_s, scores=row, crop=crop, mesh=mesh)
        self._waiting.clear()
