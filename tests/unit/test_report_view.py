"""How a report looks on a terminal."""

import io
from datetime import UTC, datetime

import pytest
from rich.console import Console

from candor.views.report import LETTER, bar, print_report, timeline_strip
from candor.views.voice import heat_map
from services.common.contracts.labels import EMOTIONS, AssessmentStatus, Emotion, Modality, ModalityStatus
from services.common.contracts.model_ref import ModelRef
from services.common.contracts.results import (
    ErrorCode,
    Fused,
    ModalityResult,
    Notice,
    Quality,
    Report,
    TimelineSegment,
)
from services.common.contracts.voice import Prosody, SalienceMap, VoiceMeasures
from tests.fake_reports import earlier_voice, first_voice, voice

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


def _salience(relevance: list[list[float]], *, start_s: float = 1.0, end_s: float = 3.0) -> SalienceMap:
    return SalienceMap(
        label=Emotion.HAPPY,
        start_s=start_s,
        end_s=end_s,
        confidence=0.7,
        band_edges_hz=[0.0, 391.0, 1150.5, 8000.0][: len(relevance) + 1],
        relevance=relevance,
    )


def test_a_heat_map_has_both_axes_when_it_fits() -> None:
    picture = heat_map(_salience([[0.0, 1.0], [-1.0, 0.5], [0.1, 0.0]]), width=60)
    assert picture is not None
    rows = picture.plain.splitlines()
    assert rows[0].strip() == "1,200–8,000 Hz│"
    assert rows[1].endswith("390–1,200 Hz│##▒▒")
    assert rows[2].endswith("0–390 Hz│  ██")
    assert rows[3].split() == ["1.0", "s", "3.0", "s"]
    assert rows[4] == "░▒▓█ spoke for it   -=≡# against it"


def test_a_heat_map_is_left_to_its_sentence_when_the_terminal_is_narrow() -> None:
    salience = _salience([[0.1] * 40])
    assert heat_map(salience, width=55) is None
    picture = heat_map(salience, width=56)
    assert picture is not None
    assert max(map(len, picture.plain.splitlines())) <= 56


def _printed(result: ModalityResult, *, width: int = 100) -> str:
    page = io.StringIO()
    report = _report().model_copy(update={"modalities": {Modality.AUDIO: result}})
    print_report(report, title="clip.mp4", console=Console(file=page, width=width))
    return page.getvalue()


def test_figures_and_pictures_are_drawn_when_the_voice_was_measured() -> None:
    text = _printed(voice())
    for expected in (
        *("187 Hz", "9.8 semitones", "3.9 syllables/s", "1.7 s", "11.6 dB", "-23.4 LUFS", "8.3 dB", "2.1%"),
        *("unreliable", "why happy", "spoke for it", "not what was felt", "8 dB above the background"),
    ):
        assert expected in text


def test_only_sentences_remain_when_the_terminal_is_too_narrow_for_pictures() -> None:
    text = " ".join(_printed(voice(), width=34).split())
    assert "spoke for it" not in text
    assert "What spoke against “happy” lies mainly between" in text


def test_what_is_missing_is_left_out_when_little_could_be_measured() -> None:
    text = _printed(first_voice())
    assert "112 Hz" in text
    for missing in ("semitones", "jitter", "signal to noise", "unreliable", "why ", "None"):
        assert missing not in text


def test_a_voice_is_printed_when_its_report_is_older_than_its_measures() -> None:
    text = _printed(earlier_voice())
    assert "47.9 s of speech" in text
    for missing in ("how it was said", "why ", "None"):
        assert missing not in text


def test_sentences_are_left_out_when_a_report_is_older_than_they_are() -> None:
    known = voice().voice
    assert known is not None
    maps = [salience.model_copy(update={"summary": None}) for salience in known.salience]
    older = known.model_copy(update={"compared_with": None, "salience": maps})
    text = _printed(voice().model_copy(update={"voice": older, "timeline_summary": None}))
    assert "why happy" in text
    for missing in ("Compared with", "lies between", "Mostly", "None"):
        assert missing not in text


def test_a_voice_is_printed_when_every_figure_is_null_and_a_map_is_empty() -> None:
    empty = VoiceMeasures(
        speech_s=1.0,
        speech_share=1.0,
        segments=1,
        sample_rate_hz=16_000,
        prosody=Prosody(),
        salience=[_salience([[]])],
    )
    text = _printed(voice().model_copy(update={"voice": empty}))
    assert "how it was said" not in text
