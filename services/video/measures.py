"""From what was gathered about the faces to the figures of a report. Pure."""

import numpy as np
from numpy.typing import NDArray

from services.common.contracts.face import Blink, FaceMeasures, FaceTrack, FrameCount, Gaze, HeadPose
from services.common.contracts.labels import EMOTIONS, Emotion
from services.video.blinks import BlinkCount, count_blinks
from services.video.decode import VideoSource
from services.video.face_words import frame_words
from services.video.gaze import GazeAngles
from services.video.observations import FaceRecord, Observations
from services.video.quality import Fault, count_lost, explain_absence
from services.video.rest import emotions_from_rest
from services.video.stillness import is_still
from services.video.timeline import emotion_scores

LEAST_TRACK_SHARE = 0.02
"""Faces that were followed in fewer of the frames are not listed; they are counted in `max_faces`."""
MOST_TRACKS = 8
LEAST_RIVAL = 0.2
"""A face this dominant, over the most dominant one, is believed rather than a face that may be a picture."""
LEAST_BLINK_WATCH_S = 10.0
LEAST_LOOKS = 5
"""Samples from which on a share of looks is told: two seconds at the usual rate."""


def choose_candidate(seen: Observations) -> FaceRecord | None:
    """Choose the dominant face, by how long times how large; another if that one may be a picture."""
    ranked = sorted(seen.faces.values(), key=lambda face: -face.dominance)
    if not ranked:
        return None
    near = [face for face in ranked if face.dominance >= LEAST_RIVAL * ranked[0].dominance]
    return next((face for face in near if not may_be_picture(seen, face)), ranked[0])


def may_be_picture(seen: Observations, face: FaceRecord) -> bool:
    """Return whether the face neither blinked nor moved for long."""
    openness, mouth = np.asarray(face.openness, np.float64), np.asarray(face.mouth, np.float64)
    return is_still(openness, mouth, blinks=blinks_of(seen, face))


def count_frames(source: VideoSource, seen: Observations, candidate: FaceRecord | None) -> FrameCount:
    """Count every frame of the video under what became of it, with regard to the candidate's face."""
    faults = candidate_faults(seen, candidate)
    return FrameCount(
        decoded=source.decoded,
        beyond_rate=source.beyond_rate,
        out_of_order=source.out_of_order,
        unreadable=source.unreadable,
        analysed=seen.analysed,
        usable=int((faults == Fault.NONE).sum()),
        lost=count_lost(faults),
    )


def candidate_faults(seen: Observations, candidate: FaceRecord | None) -> NDArray[np.uint8]:
    """Return a `Fault` per analysed frame, `NONE` if the candidate's face is usable. Shape `(analysed,)`."""
    faults = seen.faults_of(candidate)
    if candidate is None:
        return faults
    rows = np.array(candidate.frames, dtype=np.int64)
    found = np.zeros(seen.analysed, dtype=np.bool_)
    turned = np.zeros(seen.analysed, dtype=np.float32)
    found[rows] = True
    turned[rows] = np.nan_to_num(np.maximum(np.abs(candidate.yaw_deg), np.abs(candidate.pitch_deg)), nan=90.0)
    return explain_absence(faults, np.array(seen.times_s), seen=found, turned_deg=turned)


def face_measures(source: VideoSource, seen: Observations, candidate: FaceRecord) -> FaceMeasures:
    """Return the measures of the candidate's face, and the other faces."""
    frames = count_frames(source, seen, candidate)
    blinks = blinks_of(seen, candidate)
    rate = blinks.rate_per_min(least_s=LEAST_BLINK_WATCH_S)
    at_rest = emotions_from_rest(candidate.scores)
    angles = np.stack([candidate.yaw_deg, candidate.pitch_deg, candidate.roll_deg], axis=1).astype(np.float64)
    angles = angles[np.isfinite(angles).all(axis=1)]
    return FaceMeasures(
        frames_decoded=source.decoded,
        frames_analysed=seen.analysed,
        frames_with_face=len(candidate.frames),
        max_faces=seen.max_faces,
        frames=frames.model_copy(update={"summary": frame_words(frames)}),
        blinks=[Blink(start_s=round(start, 3), end_s=round(end, 3)) for start, end in blinks.intervals],
        blink_rate_per_min=None if rate is None else round(rate, 2),
        blink_observed_s=round(blinks.observed_s, 3),
        blink_duration_mean_s=_mean([end - start for start, end in blinks.intervals], digits=3),
        head_pose_mean=_pose(angles.mean(axis=0)) if len(angles) else None,
        head_pose_sd=_pose(angles.std(axis=0)) if len(angles) else None,
        gaze=gaze_of(candidate),
        mouth_openness_mean=_mean(candidate.mouth),
        mouth_openness_sd=_sd(candidate.mouth),
        smile_share=smile_share(candidate),
        emotions_from_rest=None if at_rest is None else emotion_scores(at_rest),
        faces=face_tracks(seen, candidate),
    )


def blinks_of(seen: Observations, face: FaceRecord) -> BlinkCount:
    """Find the blinks of one face."""
    times_s = np.array(seen.times_s)[np.array(face.frames, dtype=np.int64)]
    return count_blinks(times_s, np.array(face.openness, dtype=np.float64))


def gaze_of(face: FaceRecord) -> Gaze:
    """Sum up where the face looked, over the samples in which that could be measured."""
    looks = [GazeAngles(*angles) for angles in zip(face.gaze_yaw_deg, face.gaze_pitch_deg, strict=True)]
    if len(looks) < LEAST_LOOKS:
        return Gaze(samples=len(looks))
    return Gaze(
        samples=len(looks),
        towards_camera_share=_mean([look.towards_camera for look in looks]),
        yaw_mean_deg=_mean(face.gaze_yaw_deg, digits=2),
        yaw_sd_deg=_sd(face.gaze_yaw_deg, digits=2),
        pitch_mean_deg=_mean(face.gaze_pitch_deg, digits=2),
        pitch_sd_deg=_sd(face.gaze_pitch_deg, digits=2),
    )


def smile_share(face: FaceRecord) -> float | None:
    """Return the share of the scored crops in which happy is the most likely label."""
    scores = face.scores
    if not len(scores):
        return None
    return round(float((scores.argmax(axis=1) == EMOTIONS.index(Emotion.HAPPY)).mean()), 4)


def face_tracks(seen: Observations, candidate: FaceRecord) -> list[FaceTrack]:
    """List the faces that were followed for a while, the candidate's first, then the most dominant."""
    least = LEAST_TRACK_SHARE * seen.analysed
    others = [f for f in seen.faces.values() if f is not candidate and len(f.frames) >= least]
    others.sort(key=lambda face: -face.dominance)
    return [_track(seen, face, candidate=face is candidate) for face in [candidate, *others][:MOST_TRACKS]]


def _track(seen: Observations, face: FaceRecord, *, candidate: bool) -> FaceTrack:
    blinks = blinks_of(seen, face)
    return FaceTrack(
        number=face.number,
        candidate=candidate,
        first_s=round(seen.times_s[face.frames[0]], 3),
        last_s=round(seen.times_s[face.frames[-1]], 3),
        share=round(len(face.frames) / seen.analysed, 4),
        side_px=round(float(np.median(face.side_px)), 1),
        blinks=len(blinks.intervals) if blinks.observed_s >= LEAST_BLINK_WATCH_S else None,
    )


def _pose(angles_deg: NDArray[np.float64]) -> HeadPose:
    yaw, pitch, roll = (round(float(angle), 2) for angle in angles_deg)
    return HeadPose(yaw_deg=yaw, pitch_deg=pitch, roll_deg=roll)


def _finite(values: object) -> NDArray[np.float64]:
    numbers = np.asarray(values, dtype=np.float64)
    return numbers[np.isfinite(numbers)]


def _mean(values: object, *, digits: int = 4) -> float | None:
    numbers = _finite(values)
    return round(float(numbers.mean()), digits) if len(numbers) else None


def _sd(values: object, *, digits: int = 4) -> float | None:
    numbers = _finite(values)
    return round(float(numbers.std()), digits) if len(numbers) else None
