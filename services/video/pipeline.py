"""A video in, perceived emotions over time, blinks, head pose and their quality out."""

from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from services.common.contracts.face import Blink, FaceMeasures, HeadPose
from services.common.contracts.labels import Modality, ModalityStatus
from services.common.contracts.results import (
    ErrorCode,
    ModalityResult,
    Notice,
    Quality,
)
from services.common.errors import InputError
from services.common.media import MediaFile, Progress, no_progress
from services.common.serving.client import Predictor
from services.common.serving.registry import FACE_DETECTOR, FACE_EMOTION, FACE_LANDMARKS, load_manifest
from services.video.blinks import count_blinks
from services.video.decode import VideoSource
from services.video.observations import ExpressionSampler, Observations
from services.video.settings import VideoSettings
from services.video.timeline import emotion_scores, merge_segments
from services.video.tracking import FaceTracker

PROGRESS_EVERY_FRAMES = 15


def analyze(
    media: MediaFile, *, predictor: Predictor, settings: VideoSettings, progress: Progress = no_progress
) -> ModalityResult:
    """Analyse the face in a video.

    Landmarks, blinks and head pose are measured on every frame up to `analysed_rate_hz`; emotions are
    scored `expression_rate_hz` times a second, on the followed face only. Of several faces the largest
    is followed. Memory does not depend on the length but for about 150 bytes a frame.

    Args:
        media: a local file with a video stream.
        predictor: answers for `face_emotion`.
        settings: of this service.
        progress: told the share that is done.

    Returns:
        A result with status `succeeded`.

    Raises:
        InputError: `media_*`, `no_video_stream`, `no_face`.
        TemporaryError: `model_unavailable`, `storage_unavailable`.
    """
    started = perf_counter()
    seen = Observations()
    with VideoSource(
        media.path,
        max_duration_s=settings.max_duration_s,
        max_pixels=settings.max_source_pixels,
        threads=settings.decoder_threads,
    ) as source:
        _observe(source, seen, predictor=predictor, settings=settings, progress=progress)
        if not seen.sample_times_s:
            raise InputError(
                ErrorCode.NO_FACE, "No face was seen; record again facing the camera, in good light."
            )
        result = _result(source, seen, predictor=predictor, settings=settings)
    progress(1.0)
    return result.model_copy(update={"elapsed_s": round(perf_counter() - started, 3)})


def _observe(
    source: VideoSource,
    seen: Observations,
    *,
    predictor: Predictor,
    settings: VideoSettings,
    progress: Progress,
) -> None:
    """Run every due frame of the source past tracker and network."""
    tracker = FaceTracker.from_settings(settings)
    sampler = ExpressionSampler(predictor, settings, seen)
    share = 0.0
    frames = source.frames(
        long_side_px=settings.analysed_long_side_px,
        rate_hz=settings.analysed_rate_hz,
        max_decoded_rate_hz=settings.max_decoded_rate_hz,
    )
    for frame in frames:
        sighting = tracker.follow(frame.image, frame.time_s)
        seen.count(sighting)
        if sighting.mesh is not None:
            seen.measure(frame, sighting.mesh)
            sampler.offer(frame, sighting.mesh)
        if seen.analysed % PROGRESS_EVERY_FRAMES == 0 and source.share > share:
            share = min(0.99, source.share)
            progress(share)
    sampler.flush()


def _result(
    source: VideoSource, seen: Observations, *, predictor: Predictor, settings: VideoSettings
) -> ModalityResult:
    probabilities = np.concatenate(seen.probabilities)
    return ModalityResult(
        modality=Modality.VIDEO,
        status=ModalityStatus.SUCCEEDED,
        emotions=emotion_scores(probabilities.mean(axis=0)),
        timeline=merge_segments(
            np.asarray(seen.sample_times_s),
            probabilities,
            interval_s=1.0 / settings.expression_rate_hz,
            duration_s=source.decoded_s,
        ),
        quality=Quality(
            duration_s=round(source.decoded_s, 3),
            coverage=round(len(seen.times_s) / seen.analysed, 4),
            reasons=_remarks(source, seen, settings),
        ),
        face=_measures(source, seen),
        models=[
            predictor.manifest(FACE_EMOTION).ref,
            load_manifest(settings.models_dir, FACE_DETECTOR).ref,
            load_manifest(settings.models_dir, FACE_LANDMARKS).ref,
        ],
    )


def _measures(source: VideoSource, seen: Observations) -> FaceMeasures:
    blinks = count_blinks(np.asarray(seen.times_s), np.asarray(seen.openness))
    rate = blinks.rate_per_min()
    angles = np.array([[p.yaw_deg, p.pitch_deg, p.roll_deg] for p in seen.poses]).reshape(-1, 3)
    return FaceMeasures(
        frames_decoded=source.decoded,
        frames_analysed=seen.analysed,
        frames_with_face=len(seen.times_s),
        max_faces=seen.max_faces,
        blinks=[Blink(start_s=round(start, 3), end_s=round(end, 3)) for start, end in blinks.intervals],
        blink_rate_per_min=None if rate is None else round(rate, 2),
        head_pose_mean=_pose(angles.mean(axis=0)) if len(angles) else None,
        head_pose_sd=_pose(angles.std(axis=0)) if len(angles) else None,
    )


def _pose(angles_deg: NDArray[np.float64]) -> HeadPose:
    yaw, pitch, roll = (round(float(angle), 2) for angle in angles_deg)
    return HeadPose(yaw_deg=yaw, pitch_deg=pitch, roll_deg=roll)


def _remarks(source: VideoSource, seen: Observations, settings: VideoSettings) -> list[Notice]:
    """What a reader must know about the recording, most telling first."""
    missing = 1.0 - len(seen.times_s) / seen.analysed
    several = seen.several / max(1, seen.counted)
    dark = float(np.mean(np.asarray(seen.sample_luma) < settings.dark_luma))
    remarks = [
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
        (dark > 0.5, "dark", "The face is dark; sit facing a light."),
        (
            float(np.median(seen.sample_side_px)) < settings.small_face_px,
            "small_face",
            "The face is small in the picture; move closer to the camera.",
        ),
        (source.truncated, "truncated", "The video ends early; the scores cover what could be read."),
        (
            source.bad_packets > 0,
            "damaged",
            f"{source.bad_packets} pieces of the video could not be decoded and were left out.",
        ),
    ]
    return [Notice(code=code, detail=detail) for holds, code, detail in remarks if holds]
