"""Plausible reports for looking at the page, built from the real contracts."""

import math
import random
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from fusion.benchmark import Others, benchmark, scores_of
from fusion.combine import combine, complete, overall_status
from fusion.notices import warnings
from fusion.timeline import align
from services.audio.normalisation import comparison_words
from services.audio.salience_words import region_words
from services.audio.transcript_lines import find_line_starts
from services.common.contracts.face import (
    Blink,
    FaceActivation,
    FaceMeasures,
    FaceRegion,
    FaceTrack,
    FrameCount,
    Gaze,
    HeadPose,
    LostFrames,
)
from services.common.contracts.labels import EMOTIONS, TRAITS, Emotion, Modality, ModalityStatus, Trait
from services.common.contracts.model_ref import ModelRef
from services.common.contracts.norms import Cohort, CohortKind, NormSource, ReferenceNorm
from services.common.contracts.notices import EMOTION_RESTRICTED
from services.common.contracts.results import (
    EmotionScores,
    ErrorCode,
    ModalityResult,
    Notice,
    Quality,
    Report,
    TimelineSegment,
)
from services.common.contracts.text import (
    Estimate,
    Fluency,
    Impression,
    ImpressionWeight,
    Readability,
    SpokenWord,
    TextMeasures,
    Transcript,
    WordCount,
    WordShares,
    WordWeight,
)
from services.common.contracts.voice import Prosody, SalienceMap, VoiceMeasures
from services.common.serving.registry import Metric
from services.common.statistics.histogram import Histogram
from services.common.statistics.perceived_time import timeline_words
from services.video.face_words import activation_words, frame_words

HOSTILE = "<img src=x onerror=\"document.title='pwned'\"><script>document.title='pwned'</script>"
DURATION_S = 58.4
TRAIT_ACCURACY = Metric(name="accuracy", value=0.583, low=0.57, high=0.596, protocol="10-fold by essay")


def scores(generator: random.Random, lean: Emotion) -> EmotionScores:
    raw = [generator.random() ** 3 + (1.6 if label is lean else 0.0) for label in EMOTIONS]
    return {label: value / math.fsum(raw) for label, value in zip(EMOTIONS, raw, strict=True)}


def timeline(generator: random.Random, *, step_s: float, coverage: float) -> list[TimelineSegment]:
    segments = []
    lean = Emotion.NEUTRAL
    for index in range(int(DURATION_S / step_s)):
        if generator.random() < 0.3:
            lean = generator.choice([Emotion.NEUTRAL] * 4 + [Emotion.HAPPY] * 3 + list(EMOTIONS))
        if generator.random() > coverage:
            continue
        emotions = scores(generator, lean)
        label = max(emotions, key=emotions.__getitem__)
        segments.append(
            TimelineSegment(
                start_s=index * step_s,
                end_s=(index + 1) * step_s,
                label=label,
                confidence=emotions[label],
                emotions=emotions,
            )
        )
    return segments


def mean_of(segments: list[TimelineSegment]) -> EmotionScores:
    return {label: math.fsum(s.emotions[label] for s in segments) / len(segments) for label in EMOTIONS}


BAND_EDGES_HZ = [0.0, 391.0, 763.4, 1150.5, 1689.2, 2480.1, 3641.3, 5346.2, 8000.0]
PROSODY = Prosody(
    pitch_median_hz=187.4,
    pitch_range_semitones=9.8,
    pitch_sd_semitones=2.9,
    intensity_mean_db=-24.6,
    intensity_range_db=22.3,
    speaking_rate_hz=3.94,
    articulation_rate_hz=4.83,
    pause_share=0.18,
    longest_pause_s=1.72,
    voiced_share=0.64,
    jitter=0.0214,
    shimmer=0.1043,
    harmonics_to_noise_db=11.6,
)
TOO_NOISY = Notice(
    code="too_noisy",
    detail="Speech is only 8 dB above the background; record in a quieter room or closer to the microphone.",
)
LITTLE_SPEECH = Notice(
    code="little_speech", detail="There are only 4.1 s of speech; the scores rest on little."
)


def salience(label: Emotion, *, start_s: float, seed: int) -> SalienceMap:
    """A map as occlusion gives it: two places that speak for the label, one against, and little elsewhere."""
    generator = random.Random(seed)
    bands, slots = len(BAND_EDGES_HZ) - 1, 12
    hills = [(generator.uniform(0, 3), generator.uniform(1, 6), 1.0)]
    hills += [(generator.uniform(3, 7), generator.uniform(6, 11), 0.7)]
    hills += [(generator.uniform(2, 6), generator.uniform(2, 9), -0.8)]
    fall = [
        [
            math.fsum(h * math.exp(-((band - b) ** 2) / 1.6 - (slot - t) ** 2 / 2.6) for b, t, h in hills)
            + generator.gauss(0.0, 0.06)
            for slot in range(slots)
        ]
        for band in range(bands)
    ]
    largest = max(abs(value) for row in fall for value in row)
    drawn = SalienceMap(
        label=label,
        start_s=start_s,
        end_s=start_s + 2.88,
        confidence=0.74,
        band_edges_hz=BAND_EDGES_HZ,
        relevance=[[round(value / largest, 3) for value in row] for row in fall],
    )
    return drawn.model_copy(update={"summary": region_words(drawn)})


def voice() -> ModalityResult:
    """A voice with everything measured, beside earlier answers of the same person."""
    measures = VoiceMeasures(
        speech_s=47.9,
        speech_share=0.82,
        segments=11,
        sample_rate_hz=48_000,
        loudness_lufs=-23.4,
        signal_to_noise_db=8.3,
        enrolment_clips=14.4,
        compared_with=comparison_words(14.4),
        prosody=PROSODY,
        salience=[
            salience(Emotion.NEUTRAL, start_s=8.3, seed=3),
            salience(Emotion.HAPPY, start_s=31.52, seed=7),
        ],
    )
    return voice_of(measures, reasons=[TOO_NOISY])


def first_voice() -> ModalityResult:
    """A short answer of an unknown speaker: some figures are missing, and nothing could be explained."""
    measures = VoiceMeasures(
        speech_s=4.1,
        speech_share=0.07,
        segments=1,
        sample_rate_hz=8_000,
        loudness_lufs=-31.0,
        compared_with=comparison_words(0.0),
        prosody=Prosody(pitch_median_hz=112.0, articulation_rate_hz=4.2, voiced_share=0.6),
    )
    return voice_of(measures, reasons=[LITTLE_SPEECH])


def earlier_voice() -> ModalityResult:
    """As reports were stored before the voice was measured."""
    return voice_of(VoiceMeasures(speech_s=47.9, speech_share=0.82, segments=11, sample_rate_hz=48_000))


def voice_of(measures: VoiceMeasures, *, reasons: Sequence[Notice] = ()) -> ModalityResult:
    segments = timeline(random.Random(4), step_s=2.0, coverage=0.85)
    return ModalityResult(
        modality=Modality.AUDIO,
        status=ModalityStatus.SUCCEEDED,
        emotions=mean_of(segments),
        timeline=segments,
        timeline_summary=timeline_words(segments),
        quality=Quality(duration_s=DURATION_S, coverage=measures.speech_share, reasons=list(reasons)),
        voice=measures,
        models=[ModelRef(name="voice_emotion", version=2), ModelRef(name="voice_encoder", version=1)],
        elapsed_s=4.2,
    )


FACE_PLACES = {
    FaceRegion.FOREHEAD: (0.6, 2.5, 0.11),
    FaceRegion.BROWS: (1.3, 2.5, 0.09),
    FaceRegion.EYES: (1.9, 2.4, 0.07),
    FaceRegion.NOSE: (2.9, 2.5, 0.07),
    FaceRegion.CHEEKS: (3.2, 1.0, 0.16),
    FaceRegion.MOUTH: (4.0, 2.5, 0.08),
    FaceRegion.CHIN: (5.0, 2.5, 0.05),
    FaceRegion.AROUND: (2.0, 0.2, 0.37),
}
"""Row and column in a map of six by six, and share of the crop."""


def activation(label: Emotion, region: FaceRegion, *, time_s: float, strength: float = 0.5) -> FaceActivation:
    """A map that rests mostly on one region."""
    y, x, _ = FACE_PLACES[region]
    hill = [[math.exp(-((r - y) ** 2) - (c - x) ** 2) + 0.02 for c in range(6)] for r in range(6)]
    total = math.fsum(math.fsum(row) for row in hill)
    shares = {name: (1 - strength) * size for name, (_, _, size) in FACE_PLACES.items()}
    drawn = FaceActivation(
        time_s=time_s,
        label=label,
        probability=0.83,
        grid=[[round(value / total, 4) for value in row] for row in hill],
        regions={name: round(share + strength * (name is region), 4) for name, share in shares.items()},
    )
    return drawn.model_copy(update={"summary": activation_words(drawn)})


FRAMES = FrameCount(
    decoded=3504,
    beyond_rate=1750,
    unreadable=2,
    analysed=1752,
    usable=1664,
    lost=LostFrames(turned_away=41, blurred=9, covered=12, no_face=26),
)


def face() -> ModalityResult:
    """A face with everything measured; somebody else passes behind, and a picture hangs on the wall."""
    blinks = (3.1, 8.4, 15.2, 15.9, 24.0, 33.3, 41.7, 50.2, 56.0)
    measures = FaceMeasures(
        frames_decoded=3504,
        frames_analysed=1752,
        frames_with_face=1690,
        max_faces=3,
        frames=FRAMES.model_copy(update={"summary": frame_words(FRAMES)}),
        blinks=[Blink(start_s=t, end_s=t + 0.18) for t in blinks],
        blink_rate_per_min=9.6,
        blink_observed_s=56.2,
        blink_duration_mean_s=0.181,
        head_pose_mean=HeadPose(yaw_deg=-6.2, pitch_deg=3.4, roll_deg=1.1),
        head_pose_sd=HeadPose(yaw_deg=5.1, pitch_deg=2.8, roll_deg=1.9),
        gaze=Gaze(
            samples=274,
            towards_camera_share=0.71,
            yaw_mean_deg=-2.4,
            yaw_sd_deg=8.9,
            pitch_mean_deg=-4.6,
            pitch_sd_deg=6.2,
        ),
        mouth_openness_mean=0.118,
        mouth_openness_sd=0.094,
        smile_share=0.23,
        emotions_from_rest=scores(random.Random(5), Emotion.HAPPY),
        faces=[
            FaceTrack(
                number=1, candidate=True, first_s=0.0, last_s=58.3, share=0.96, side_px=212.4, blinks=9
            ),
            FaceTrack(
                number=2, candidate=False, first_s=0.0, last_s=58.3, share=0.91, side_px=41.0, blinks=0
            ),
            FaceTrack(number=3, candidate=False, first_s=21.4, last_s=24.8, share=0.05, side_px=77.5),
        ],
        activations=[
            activation(Emotion.NEUTRAL, FaceRegion.AROUND, time_s=12.4, strength=0.05),
            activation(Emotion.HAPPY, FaceRegion.MOUTH, time_s=31.6),
            activation(Emotion.SURPRISE, FaceRegion.BROWS, time_s=40.2, strength=0.35),
        ],
    )
    return face_of(measures)


def earlier_face() -> ModalityResult:
    """As reports were stored before frames were accounted for and labels explained."""
    return face_of(
        FaceMeasures(
            frames_decoded=1460,
            frames_analysed=292,
            frames_with_face=281,
            max_faces=2,
            blinks=[Blink(start_s=3.1, end_s=3.3)],
            blink_rate_per_min=9.6,
            head_pose_mean=HeadPose(yaw_deg=-6.2, pitch_deg=3.4, roll_deg=1.1),
            head_pose_sd=HeadPose(yaw_deg=5.1, pitch_deg=2.8, roll_deg=1.9),
        )
    )


def face_of(measures: FaceMeasures) -> ModalityResult:
    segments = timeline(random.Random(9), step_s=1.0, coverage=0.96)
    return ModalityResult(
        modality=Modality.VIDEO,
        status=ModalityStatus.SUCCEEDED,
        emotions=mean_of(segments),
        timeline=segments,
        timeline_summary=timeline_words(segments),
        quality=Quality(duration_s=DURATION_S, coverage=0.96),
        face=measures,
        models=[
            ModelRef(name=name, version=1) for name in ("face_detector", "face_landmarks", "face_emotion")
        ],
        elapsed_s=9.8,
    )


def words() -> ModalityResult:
    terms = ["team", "learn", HOSTILE, "project", "time", "customer", "change", "plan"]
    values = dict(zip(TRAITS, (0.68, 0.57, 0.41, 0.62, 0.49), strict=True))
    return ModalityResult(
        modality=Modality.TEXT,
        status=ModalityStatus.SUCCEEDED,
        traits=values,
        quality=Quality(coverage=1.0),
        text=TextMeasures(
            words=214,
            sentences=13,
            language="en",
            frequent_words=[WordCount(term=term, count=9 - i) for i, term in enumerate(terms)],
            trait_words=[
                WordWeight(term=term, trait=trait, weight=weight)
                for trait in (Trait.OPENNESS, Trait.EXTRAVERSION)
                for term, weight in (("learn", 0.31), ("idea", 0.2), ("plan", -0.18))
            ],
        ),
        models=[ModelRef(name="text_traits", version=1)],
        elapsed_s=0.3,
    )


SPEECH = (
    "So in my last project we were um three weeks behind the plan. "
    "I asked the team what they would drop first. Uh nobody wanted to answer. "
    "Then Zbigniew drew it on a whiteboard and we learned more in an hour than before."
)


def spoken_words() -> ModalityResult:
    """Words of a recording: two hard to hear, two fillers, and a pause in the middle."""
    written = words()
    assert written.text is not None
    spoken, at_s = [], 0.4
    for number, word in enumerate(SPEECH.split()):
        at_s += 1.6 if word == "Uh" else 0.31
        unsure = word == "Zbigniew" or number == 5
        spoken.append(
            SpokenWord(
                text=word,
                start_s=round(at_s, 2),
                end_s=round(at_s + 0.25, 2),
                probability=0.31 if unsure else 0.94,
            )
        )
    fillers = [WordCount(term="um", count=1), WordCount(term="uh", count=1)]
    return written.model_copy(
        update={
            "transcript": Transcript(
                text=SPEECH,
                language="en",
                confidence=0.91,
                words=spoken,
                line_starts=find_line_starts(spoken),
                fluency=Fluency(
                    words_per_minute=148.0, fillers=2, fillers_per_minute=6.1, filler_words=fillers
                ),
                duration_s=DURATION_S,
                model=ModelRef(name="transcriber", version=1),
            ),
            "trait_intervals": {
                trait: Estimate(value=value, low=value - 0.08, high=value + 0.09)
                for trait, value in (written.traits or {}).items()
            },
            "impression": Impression(
                traits={trait: Estimate(value=0.52, low=0.27, high=0.77) for trait in TRAITS},
                interview=Estimate(value=0.49, low=0.22, high=0.76),
            ),
            "text": written.text.model_copy(
                update={
                    "source": "speech",
                    "frequent_words": [
                        WordCount(term="team", count=3, typical_count=0.8),
                        WordCount(term="plan", count=2, typical_count=0.01),
                    ],
                    "impression_words": [ImpressionWeight(term="team", score="interview", weight=0.02)],
                    "readability": Readability(
                        words_per_sentence=10.3,
                        syllables_per_word=1.31,
                        flesch_reading_ease=85.5,
                        school_grade=3.9,
                    ),
                    "shares": WordShares(
                        first_person_singular=0.05,
                        first_person_plural=0.04,
                        second_person=0.0,
                        third_person=0.01,
                        positive=0.02,
                        negative=0.01,
                        distinct=0.81,
                    ),
                }
            ),
        }
    )


def absent(modality: Modality) -> ModalityResult:
    code = ErrorCode.TRANSCRIPTION_UNAVAILABLE if modality is Modality.TEXT else ErrorCode.NOT_PROVIDED
    return ModalityResult(
        modality=modality,
        status=ModalityStatus.SKIPPED,
        error_code=code,
        reason="Spoken answers are not transcribed on this installation; add the text to have it analysed."
        if modality is Modality.TEXT
        else f"The answer holds no {modality}.",
    )


def no_face() -> ModalityResult:
    return ModalityResult(
        modality=Modality.VIDEO,
        status=ModalityStatus.FAILED,
        error_code=ErrorCode.NO_FACE,
        reason="No face was seen in the recording; sit facing the camera, in good light.",
    )


def results_of(kind: str, status: str) -> list[ModalityResult]:
    if kind in ("text", "document"):
        return [words()]
    if kind == "audio":
        return [spoken_words(), first_voice()]
    if status == "partially_succeeded":
        return [words(), earlier_voice(), no_face()]
    return [words(), voice(), face()]


WIDER = (Cohort(kind=CohortKind.ROLE, name="nurse"), Cohort(kind=CohortKind.TENANT))


def public_norm(score: str) -> ReferenceNorm:
    """A built-in norm: of many who speak for traits, of few actors for everything else."""
    trait = score.startswith("trait.")
    return ReferenceNorm(
        score=score,
        model_key="made:1",
        counts=dict.fromkeys(range(380, 580, 4) if trait else range(20, 440, 15), 40 if trait else 1),
        source=NormSource(
            corpus="People before a camera" if trait else "Actors",
            description="They answered questions." if trait else "They read sentences in eight ways.",
            protocol="Nobody's scores were seen in training.",
            licence="CC BY 4.0",
        ),
    )


def report_of(assessment: dict[str, Any]) -> Report:
    """A report for a fake assessment; a video's cohort is large enough, others' are not."""
    kind = assessment["media"][0]["kind"]
    by_modality = complete(results_of(kind, assessment["status"]))
    fused = combine(by_modality, reliability={Modality.AUDIO: 0.46, Modality.VIDEO: 0.58})
    values = scores_of(fused)
    generator = random.Random(1)
    others = 34 if kind == "video" else 3
    people = {name: Histogram.from_scores(generator.random() * 0.8 for _ in range(others)) for name in values}
    wider = {cohort: {name: people[name].rank(value) for name, value in values.items()} for cohort in WIDER}
    return Report(
        assessment_id=assessment["id"],
        status=overall_status(list(by_modality.values())),
        fused=fused,
        modalities=by_modality,
        timeline=align(by_modality),
        benchmark=benchmark(
            values,
            Others(same_question=people, wider=wider),
            min_cohort_size=20,
            references={name: public_norm(name) for name in values if kind != "text"},
        ),
        warnings=warnings(
            by_modality, policy=[EMOTION_RESTRICTED], purpose="self_practice", trait_accuracy=TRAIT_ACCURACY
        ),
        created_at=datetime.fromisoformat(assessment["created_at"]),
    )
