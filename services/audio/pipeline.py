"""Voice analysis: streaming decode → voice activity → windows of speech → emotions over time."""

import time
from collections.abc import Iterator

from services.audio.decode import SoundSource
from services.audio.features import SAMPLE_RATE_HZ, WINDOW_SAMPLES, FloatArray
from services.audio.scoring import EmotionTimeline
from services.audio.settings import AudioSettings
from services.audio.vad import Hysteresis, SpeechProbability
from services.audio.windowing import speech_windows
from services.common.contracts.labels import Modality, ModalityStatus
from services.common.contracts.results import ErrorCode, ModalityResult, Notice, Quality
from services.common.contracts.voice import VoiceMeasures, VoiceSummary
from services.common.errors import InputError
from services.common.media import MediaFile, Progress, no_progress
from services.common.serving.client import Predictor
from services.common.serving.registry import VOICE_EMOTION

PROGRESS_STEP = 0.01
TOO_SHORT_S = WINDOW_SAMPLES / SAMPLE_RATE_HZ
"""Below this even one window of the network has to be filled by repetition."""


def analyze(
    media: MediaFile,
    *,
    predictor: Predictor,
    settings: AudioSettings,
    progress: Progress = no_progress,
    enrolment: VoiceSummary | None = None,  # noqa: ARG001 - the next model of the voice reads it
) -> ModalityResult:
    """Perceived emotions in the voice of a recording.

    Memory does not grow with the length of the recording but for the timeline itself: decoded
    sound, features and predictions are dropped as soon as they are used.

    Args:
        media: an audio or video file in any container that FFmpeg reads.
        predictor: answers for the model `voice_emotion`.
        settings: limits and the rules of voice activity.
        progress: told the share of the media that was read.
        enrolment: mean voice of this person's earlier answers; not used yet.

    Returns:
        A result with status `succeeded`. `emotions` is the mean of the timeline weighted by duration
        of speech; `quality.coverage` is the share of speech in the recording.

    Raises:
        InputError: the media cannot be decoded, is too long, or has no sound or no speech.
        TemporaryError: the model or the file is out of reach.
    """
    started = time.monotonic()
    with SoundSource(media.path, max_duration_s=settings.max_duration_s) as source:
        timeline = EmotionTimeline(predictor, batch_windows=settings.batch_windows, offset_s=source.offset_s)
        _read_speech(source, timeline, settings, progress)
        if not timeline.segments:
            raise InputError(
                ErrorCode.NO_SPEECH,
                "No speech was found; check the microphone and record an answer in a clear voice.",
            )
    speech_share = round(min(1.0, timeline.speech_s / source.decoded_s), 4)
    progress(1.0)
    return ModalityResult(
        modality=Modality.AUDIO,
        status=ModalityStatus.SUCCEEDED,
        emotions=timeline.summary(),
        timeline=timeline.segments,
        quality=Quality(
            duration_s=round(source.decoded_s, 3),
            coverage=speech_share,
            reasons=_quality_reasons(source, timeline.speech_s, settings),
        ),
        voice=VoiceMeasures(
            speech_s=round(timeline.speech_s, 3),
            speech_share=speech_share,
            segments=timeline.stretches,
            sample_rate_hz=source.sample_rate_hz,
        ),
        models=[predictor.manifest(VOICE_EMOTION).ref],
        elapsed_s=time.monotonic() - started,
    )


def hysteresis(settings: AudioSettings) -> Hysteresis:
    """The rule of voice activity that the settings ask for."""
    return Hysteresis(
        threshold=settings.vad_threshold,
        min_speech_samples=int(settings.min_speech_s * SAMPLE_RATE_HZ),
        min_pause_samples=int(settings.min_pause_s * SAMPLE_RATE_HZ),
    )


def _read_speech(
    source: SoundSource, timeline: EmotionTimeline, settings: AudioSettings, progress: Progress
) -> None:
    """Stream the source into the timeline."""
    found = speech_windows(
        _watched(source, progress), hysteresis=hysteresis(settings), probability=SpeechProbability()
    )
    for window in found:
        timeline.add(window)
    timeline.finish(duration_s=source.decoded_s)


def _watched(source: SoundSource, progress: Progress) -> Iterator[FloatArray]:
    """The blocks of the source; progress is told in steps and never goes back."""
    told = 0.0
    for block in source.blocks():
        yield block
        if source.share >= told + PROGRESS_STEP:
            told = source.share
            progress(told)


def _quality_reasons(source: SoundSource, speech_s: float, settings: AudioSettings) -> list[Notice]:
    """What a reader should know before trusting the scores."""
    reasons = []
    if source.truncated:
        reasons.append(Notice(code="truncated", detail="The recording breaks off; the rest was analysed."))
    if source.bad_packets:
        detail = f"{source.bad_packets} pieces of the sound were damaged and left out."
        reasons.append(Notice(code="damaged", detail=detail))
    if source.decoded_s < TOO_SHORT_S:
        detail = f"The recording is only {source.decoded_s:.1f} s long; a few sentences say more."
        reasons.append(Notice(code="too_short", detail=detail))
    if speech_s < settings.little_speech_s or speech_s / source.decoded_s < settings.little_speech_share:
        detail = f"There are only {speech_s:.1f} s of speech; the scores rest on little."
        reasons.append(Notice(code="little_speech", detail=detail))
    return reasons
