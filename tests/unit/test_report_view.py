"""How a report looks on a terminal."""

import io
from datetime import UTC, datetime

import pytest
from rich.console import Console

from deploy.report_view import LETTER, bar, print_report, timeline_strip
from services.common.contracts.labels import EMOTIONS, AssessmentStatus, Emotion, Modality, ModalityStatus
from services.common.contracts.results import (
    ErrorCode,
    Fused,
    ModalityResult,
    ModelRef,
    Notice,
    Quality,
    Report,
    TimelineSegment,
    VoiceMeasures,
)

HAPPY = {emotion: (0.7 if emotion is Emotion.HAPPY else 0.05) for emotion in EMOTIONS}


@pytest.mark.parametrize(
    ("share", "cells", "drawn"),
    [(0.0, 8, ""), (1.0, 8, "████████"), (0.5, 8, "████"), (1 / 64, 8, "▏"), (7.0, 2, "██"), (-1.0, 2, "")],
)
def test_a_bar_is_as_long_as_its_share_when_drawn(share: float, cells: int, drawn: str) -> None:
    assert bar(share, cells=cells) == drawn


def test_every_emotion_has_its_own_letter_when_a_timeline_is_drawn() -> None:
    assert len(set(LETTER.values())) == len(EMOTIONS)


def test_the_strip_leaves_gaps_when_nothing_was_scored_there() -> None:
    segments = [
        TimelineSegment(start_s=0, end_s=1, label=Emotion.HAPPY, confidence=0.7, emotions=HAPPY),
        TimelineSegment(start_s=3, end_s=4, label=Emotion.SAD, confidence=0.7, emotions=HAPPY),
    ]
    assert timeline_strip(segments, duration_s=4.0, cells=4).plain == "h··s"


def _report() -> Report:
    voice = ModalityResult(
        modality=Modality.AUDIO,
        status=ModalityStatus.SUCCEEDED,
        emotions=HAPPY,
        timeline=[TimelineSegment(start_s=0, end_s=4, label=Emotion.HAPPY, confidence=0.7, emotions=HAPPY)],
        quality=Quality(duration_s=4.0, coverage=0.5, reasons=[Notice(code="short", detail="It is short.")]),
        voice=VoiceMeasures(speech_s=2.0, speech_share=0.5, segments=1, sample_rate_hz=16000),
        models=[ModelRef(name="voice_emotion", version=3)],
    )
    face = ModalityResult(
        modality=Modality.VIDEO,
        status=ModalityStatus.FAILED,
        error_code=ErrorCode.NO_FACE,
        reason="Sit in front of the camera.",
    )
    return Report(
        assessment_id="file:x",
        status=AssessmentStatus.PARTIALLY_SUCCEEDED,
        fused=Fused(emotions=HAPPY),
        modalities={Modality.AUDIO: voice, Modality.VIDEO: face},
        warnings=[Notice(code="w", detail="Mind this.")],
        created_at=datetime.now(UTC),
    )


def test_scores_reasons_and_warnings_are_said_when_a_report_is_printed() -> None:
    page = io.StringIO()
    print_report(_report(), title="clip.mp4", console=Console(file=page, width=100))
    text = page.getvalue()
    for expected in (
        *("clip.mp4: partially succeeded", "happy", "0.70", "2.0 s of speech", "voice_emotion v3"),
        *("no_face", "Sit in front of the camera.", "It is short.", "Mind this.", "coverage 50%"),
    ):
        assert expected in text
