"""A video in, perceived emotions over time, blinks, head pose and their quality out."""

from time import perf_counter

import numpy as np

from services.common.contracts.labels import Modality, ModalityStatus
from services.common.contracts.results import ErrorCode, ModalityResult, Quality
from services.common.errors import InputError
from services.common.media.files import MediaFile, Progress, ignore_progress
from services.common.serving.predictor import Predictor
from services.common.serving.registry import (
    FACE_ACTIVATION,
    FACE_DETECTOR,
    FACE_DETECTOR_FULL,
    FACE_EMOTION,
    FACE_LANDMARKS,
    IRIS,
    load_manifest,
)
from services.common.statistics.perceived_time import timeline_words
from services.video.decode import VideoSource
from services.video.gaze import GazeMeter
from services.video.measures import choose_candidate, count_frames, face_measures
from services.video.observations import ExpressionSampler, Observations
from services.video.remarks import no_face_reason, remarks
from services.video.salience import MomentKeeper, can_explain, explain
from services.video.settings import VideoSettings
from services.video.timeline import emotion_scores, merge_segments
from services.video.tracking import FaceTracker

PROGRESS_EVERY_FRAMES = 15
IN_PROCESS = (FACE_DETECTOR, FACE_DETECTOR_FULL, FACE_LANDMARKS, IRIS)


def analyze(
    media: MediaFile, *, predictor: Predictor, settings: VideoSettings, progress: Progress = ignore_progress
) -> ModalityResult:
    """Analyse the face in a video.

    Landmarks, blinks and head pose are measured on every frame up to `analysed_rate_hz`; emotions are
    scored and gaze is measured `expression_rate_hz` times a second. Several faces are followed, and
    the figures are about the dominant one, by how long times how large it was seen. Memory does not
    depend on the length but for about 40 bytes a frame and face.

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
    seen, moments = Observations(), MomentKeeper()
    with VideoSource(
        media.path,
        max_duration_s=settings.max_duration_s,
        max_pixels=settings.max_source_pixels,
        threads=settings.decoder_threads,
    ) as source:
        sampler = ExpressionSampler(predictor, settings, moments)
        _observe(source, seen, sampler, settings=settings, progress=progress)
        result = _result(source, seen, moments, predictor=predictor, settings=settings)
    progress(1.0)
    return result.model_copy(update={"elapsed_s": round(perf_counter() - started, 3)})


def _observe(
    source: VideoSource,
    seen: Observations,
    sampler: ExpressionSampler,
    *,
    settings: VideoSettings,
    progress: Progress,
) -> None:
    """Run every due frame of the source past tracker and network."""
    tracker, meter = FaceTracker.from_settings(settings), GazeMeter.from_settings(settings)
    share = 0.0
    frames = source.frames(
        long_side_px=settings.analysed_long_side_px,
        rate_hz=settings.analysed_rate_hz,
        max_decoded_rate_hz=settings.max_decoded_rate_hz,
    )
    for frame in frames:
        for face, followed, crop in seen.add(frame, tracker.follow(frame.image, frame.time_s)):
            taken = sampler.offer(face, crop, frame.time_s, mesh=followed.mesh)
            if taken:
                face.add_gaze(meter.measure(frame.image, followed.mesh, face.pose))
        if seen.analysed % PROGRESS_EVERY_FRAMES == 0 and source.share > share:
            share = min(0.99, source.share)
            progress(share)
    sampler.flush()


def _result(
    source: VideoSource,
    seen: Observations,
    moments: MomentKeeper,
    *,
    predictor: Predictor,
    settings: VideoSettings,
) -> ModalityResult:
    candidate = choose_candidate(seen)
    frames = count_frames(source, seen, candidate)
    if candidate is None or not candidate.sample_times_s:
        raise InputError(ErrorCode.NO_FACE, no_face_reason(frames))
    scores = candidate.scores
    timeline = merge_segments(
        np.asarray(candidate.sample_times_s),
        scores,
        interval_s=1.0 / settings.expression_rate_hz,
        duration_s=source.decoded_s,
    )
    explained = can_explain(predictor)
    activations = explain(moments.of(candidate.number), timeline, predictor) if explained else []
    served = [FACE_EMOTION, FACE_ACTIVATION] if explained else [FACE_EMOTION]
    return ModalityResult(
        modality=Modality.VIDEO,
        status=ModalityStatus.SUCCEEDED,
        emotions=emotion_scores(scores.mean(axis=0)),
        timeline=timeline,
        timeline_summary=timeline_words(timeline),
        quality=Quality(
            duration_s=round(source.decoded_s, 3),
            coverage=round(frames.usable / frames.analysed, 4),
            reasons=remarks(source, seen, candidate, frames, settings),
        ),
        face=face_measures(source, seen, candidate).model_copy(update={"activations": activations}),
        models=[
            *(predictor.manifest(name).ref for name in served),
            *(load_manifest(settings.models_dir, name).ref for name in IN_PROCESS),
        ],
    )
