"""Voice analysis: streaming decode → voice activity → embedding of speech → emotions over time."""

import time

from services.audio.confidence import list_sound_notices, look_up_temperatures
from services.audio.decode import SoundSource, report_blocks
from services.audio.embedding import Embedder
from services.audio.features import CHUNK_S, SAMPLE_RATE_HZ
from services.audio.measures import SoundMeasures, SoundMeters
from services.audio.normalisation import Normaliser, build_normaliser, comparison_words
from services.audio.salience import ExplainedWindow, explain
from services.audio.scoring import EmotionTimeline, Timeline
from services.audio.settings import AudioSettings
from services.audio.vad import SpeechProbability, build_hysteresis
from services.audio.windowing import cut_speech_chunks
from services.common.contracts.labels import EMOTIONS, Modality, ModalityStatus
from services.common.contracts.results import ErrorCode, ModalityResult, Notice, Quality
from services.common.contracts.voice import SalienceMap, VoiceMeasures, VoiceSummary
from services.common.errors import InputError
from services.common.media.files import MediaFile, Progress, ignore_progress
from services.common.serving.predictor import Predictor
from services.common.serving.registry import VOICE_EMOTION, VOICE_ENCODER
from services.common.statistics import voice_summary
from services.common.statistics.perceived_time import seconds_by_label, timeline_words


def analyze(
    media: MediaFile,
    *,
    predictor: Predictor,
    settings: AudioSettings,
    progress: Progress = ignore_progress,
    enrolment: VoiceSummary | None = None,
) -> ModalityResult:
    """Analyse the voice of a recording: perceived emotions, how it was said, and why a label was given.

    Memory does not grow with the length of the recording, except for the timeline itself: decoded
    sound, features and embeddings are dropped as soon as they are used.

    Args:
        media: an audio or video file in any container that FFmpeg reads.
        predictor: runs the models `voice_encoder` and `voice_emotion`.
        settings: limits and the rules of voice activity.
        progress: called with the share of the media that was read.
        enrolment: mean voice of this person's earlier answers, which the windows are compared with;
            one of another encoder counts as none.

    Returns:
        A result with status `succeeded`. `emotions` is the mean of the windows weighted by duration
        of speech; `quality.coverage` is the share of speech in the recording; `voice_summary` is for the
        person's next answers, and missing if several people seem to speak.

    Raises:
        InputError: the media cannot be decoded, is too long, or has no sound or no speech.
        TemporaryError: a model or the file is out of reach.
    """
    started = time.monotonic()
    normaliser = build_normaliser(enrolment, predictor)
    scores = EmotionTimeline(predictor, normaliser, batch_windows=settings.batch_windows)
    meters = SoundMeters()
    with SoundSource(media.path, max_duration_s=settings.max_duration_s) as source:
        _read_speech(source, scores, meters, predictor, settings, progress)
        if scores.speech_s <= 0.0:
            raise InputError(
                ErrorCode.NO_SPEECH,
                "No speech was found; check the microphone and record an answer in a clear voice.",
            )
        result = _build_result(source, scores, meters.finish(), normaliser, predictor, settings)
    progress(1.0)
    return result.model_copy(update={"elapsed_s": time.monotonic() - started})


def _read_speech(
    source: SoundSource,
    scores: EmotionTimeline,
    meters: SoundMeters,
    predictor: Predictor,
    settings: AudioSettings,
    progress: Progress,
) -> None:
    """Feed the whole source to the timeline and the meters."""
    embedder = Embedder(predictor, batch_chunks=settings.batch_windows)
    found = cut_speech_chunks(
        report_blocks(source, progress),
        hysteresis=build_hysteresis(settings),
        probability=SpeechProbability(),
        listen=meters.listen,
    )
    for chunk in found:
        for window in embedder.add(chunk):
            scores.add(window)
    for window in embedder.finish():
        scores.add(window)
    scores.score()


def _build_result(
    source: SoundSource,
    scores: EmotionTimeline,
    measures: SoundMeasures,
    normaliser: Normaliser,
    predictor: Predictor,
    settings: AudioSettings,
) -> ModalityResult:
    """Build the result of the analysis from the scores and measures."""
    speech_s = min(scores.speech_s, source.decoded_s)
    several = scores.voices.hears_several()
    temperature = look_up_temperatures(
        predictor.manifest(VOICE_EMOTION).preprocessing,
        heard_s=scores.heard_s,
        signal_to_noise_db=measures.signal_to_noise_db,
        several_voices=several,
    )
    timeline = scores.finish(temperature=temperature, offset_s=source.offset_s, duration_s=source.decoded_s)
    encoder = predictor.manifest(VOICE_ENCODER).ref
    return ModalityResult(
        modality=Modality.AUDIO,
        status=ModalityStatus.SUCCEEDED,
        emotions=timeline.summary,
        timeline=timeline.segments,
        timeline_summary=timeline_words(timeline.segments),
        quality=Quality(
            duration_s=round(source.decoded_s, 3),
            coverage=round(speech_s / source.decoded_s, 4),
            reasons=_list_quality_reasons(source, speech_s, measures, settings, several=several),
        ),
        voice=VoiceMeasures(
            speech_s=round(speech_s, 3),
            speech_share=round(speech_s / source.decoded_s, 4),
            segments=scores.stretches,
            sample_rate_hz=source.sample_rate_hz,
            loudness_lufs=measures.loudness_lufs,
            signal_to_noise_db=measures.signal_to_noise_db,
            enrolment_clips=round(normaliser.clips, 1),
            compared_with=comparison_words(normaliser.clips),
            prosody=measures.prosody,
            salience=_explain_clearest(scores, timeline, source.offset_s, normaliser, predictor, settings),
        ),
        voice_summary=None
        if several
        else voice_summary.create_summary(
            scores.mean_embedding.tolist(), clips=speech_s / CHUNK_S, model=encoder
        ),
        models=[predictor.manifest(VOICE_EMOTION).ref, encoder],
    )


def _explain_clearest(
    scores: EmotionTimeline,
    timeline: Timeline,
    offset_s: float,
    normaliser: Normaliser,
    predictor: Predictor,
    settings: AudioSettings,
) -> list[SalienceMap]:
    """Explain the labels that the timeline shows longest, each on the window that shows it most clearly."""
    longest = list(seconds_by_label(timeline.segments))[: settings.salient_windows]
    found = [(label, scores.find_clearest(label)) for label in longest]
    return [
        explain(
            ExplainedWindow(
                samples=clear[1].samples,
                start_s=offset_s + clear[1].heard_from / SAMPLE_RATE_HZ,
                label=label,
                confidence=float(timeline.windows[clear[0], EMOTIONS.index(label)]),
            ),
            normaliser,
            predictor,
        )
        for label, clear in found
        if clear is not None
    ]


def _list_quality_reasons(
    source: SoundSource,
    speech_s: float,
    measures: SoundMeasures,
    settings: AudioSettings,
    *,
    several: bool,
) -> list[Notice]:
    """List what a reader should know before trusting the scores."""
    reasons = []
    if source.truncated:
        reasons.append(Notice(code="truncated", detail="The recording breaks off; the rest was analysed."))
    if source.bad_packets:
        detail = f"{source.bad_packets} pieces of the sound were damaged and left out."
        reasons.append(Notice(code="damaged", detail=detail))
    return reasons + list_sound_notices(
        settings,
        speech_s=speech_s,
        duration_s=source.decoded_s,
        signal_to_noise_db=measures.signal_to_noise_db,
        several_voices=several,
    )
