"""What a reader must know about a recording, in plain sentences. Pure."""

import numpy as np

from services.common.contracts.face import FrameCount
from services.common.contracts.results import Notice
from services.video.blinks import BlinkRule
from services.video.decode import VideoSource
from services.video.measures import may_be_picture
from services.video.observations import FaceRecord, Observations
from services.video.settings import VideoSettings

LOST_SENTENCES = {
    "too_dark": ("frames_dark", "{share} of the frames were too dark; sit facing a light."),
    "too_small": ("frames_small", "The face was too small in {share} of the frames; move closer."),
    "turned_away": ("frames_turned", "The face was turned away in {share} of the frames; face the camera."),
    "blurred": ("frames_blurred", "{share} of the frames were blurred; clean the lens and hold it still."),
    "covered": ("frames_covered", "The face was covered in {share} of the frames; keep your hands away."),
}
NO_FACE_SENTENCES = {
    "too_dark": "The picture is too dark to see a face; record again facing a light.",
    "too_small": "The face is too small in the picture; record again closer to the camera.",
    "turned_away": "The face is turned away from the camera; record again facing it.",
    "blurred": "The picture is too blurred to see a face; clean the lens and record again.",
    "covered": "A face is there but cannot be seen clearly; record again with nothing in front of it.",
    "no_face": "No face was seen; record again facing the camera, in good light.",
}


def remarks(
    source: VideoSource,
    seen: Observations,
    candidate: FaceRecord,
    frames: FrameCount,
    settings: VideoSettings,
) -> list[Notice]:
    """List the notices of a result, most important first."""
    missing = 1.0 - len(candidate.frames) / frames.analysed
    damaged = source.bad_packets + source.unreadable
    several = seen.several / max(1, seen.counted)
    dark = float(np.mean(np.asarray(candidate.sample_luma) < settings.dark_luma))
    told = [
        (
            missing > settings.missing_face_share,
            "face_missing",
            f"No face in {missing:.0%} of the frames; keep your face in the picture.",
        ),
        (
            several > settings.several_faces_share,
            "several_faces",
            f"Several faces in {several:.0%} of the frames, one of them was followed; record alone.",
        ),
        (
            may_be_picture(seen, candidate),
            "still_face",
            "The face neither blinked nor moved; it may be a picture. Its scores say nothing about a person.",
        ),
        (dark > 0.5, "dark", "The face is dark; sit facing a light."),
        (
            float(np.median(candidate.side_px)) < settings.small_face_px,
            "small_face",
            "The face is small in the picture; move closer to the camera.",
        ),
        (
            0 < frame_rate_hz(seen) < BlinkRule().slowest_rate_hz,
            "few_frames",
            f"Only {frame_rate_hz(seen):.0f} frames a second: blinks fall between them and are not counted.",
        ),
        (source.truncated, "truncated", "The video ends early; the scores cover what could be read."),
        (
            damaged > 0,
            "damaged",
            f"{damaged} pieces of the video could not be decoded and were left out.",
        ),
    ]
    notices = [Notice(code=code, detail=detail) for holds, code, detail in told if holds]
    return notices + lost_notices(frames, least_share=settings.lost_frames_share)


def lost_notices(frames: FrameCount, *, least_share: float) -> list[Notice]:
    """Return one notice per reason that cost more than a share of the frames, the costliest first.

    Frames without any face are told by `face_missing`, not here.
    """
    lost = sorted(frames.lost.model_dump().items(), key=lambda item: -item[1])
    shares = [(reason, count / max(1, frames.analysed)) for reason, count in lost if reason in LOST_SENTENCES]
    return [
        Notice(code=LOST_SENTENCES[reason][0], detail=LOST_SENTENCES[reason][1].format(share=f"{share:.0%}"))
        for reason, share in shares
        if share > least_share
    ]


def frame_rate_hz(seen: Observations) -> float:
    """Return analysed frames a second, by the median step; 0 if there are fewer than two."""
    steps = np.diff(seen.times_s)
    return 1.0 / float(np.median(steps)) if len(steps) else 0.0


def no_face_reason(frames: FrameCount) -> str:
    """Return in one sentence why no face could be scored: the reason that cost most frames."""
    lost = frames.lost.model_dump()
    reason = max(lost, key=lambda name: lost[name]) if frames.lost.total else "no_face"
    return NO_FACE_SENTENCES[reason]
