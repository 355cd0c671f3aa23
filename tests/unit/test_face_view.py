"""What was measured on a face, on a terminal."""

import io

import pytest
from rich.console import Console

from candor.views.face import face_view, heat_map
from services.common.contracts.face import FaceMeasures, FaceRegion
from services.common.contracts.labels import Emotion
from tests.fake_reports import activation, earlier_face, face


def printed(measures: FaceMeasures | None, *, width: int = 100) -> str:
    assert measures is not None
    page = io.StringIO()
    Console(file=page, width=width).print(face_view(measures, width=width))
    return page.getvalue()


def test_everything_is_printed_when_everything_was_measured() -> None:
    text = printed(face().face)
    for expected in (
        *("in 1,664 of 1,752 frames", "41 turned away", "9.6 / min", "9 in all", "181 ms", "-6°"),
        *("varies by 5°", "71%", "0.12", "23%", "1 (the one measured)", "212 px"),
        *("experimental, not validated", "happy 0.51"),
        *("why happy, at 31.6 s (83%)", "Mostly the mouth (54%)", "not what was felt", "│ mouth"),
    ):
        assert expected in text


def test_only_what_is_known_is_printed_when_a_report_is_older_than_its_measures() -> None:
    text = printed(earlier_face().face)
    assert "9.6 / min" in text
    for missing in ("usable", "why ", "experimental", "None", "smiling", "followed"):
        assert missing not in text


def test_sentences_are_left_out_when_a_report_is_older_than_they_are() -> None:
    known = face().face
    assert known is not None
    maps = [shown.model_copy(update={"summary": None}) for shown in known.activations]
    older = FaceMeasures.model_validate(known.model_dump() | {"activations": maps, "frames": None})
    text = printed(older)
    assert "why happy" in text
    for missing in ("Mostly", "could be measured", "None"):
        assert missing not in text


def test_nothing_is_printed_when_nothing_was_measured() -> None:
    empty = FaceMeasures(frames_decoded=3, frames_analysed=3, frames_with_face=1, max_faces=1)
    assert printed(empty).strip() == ""


def test_map_shows_the_mouth_below_when_the_mouth_carried_the_label() -> None:
    drawn = heat_map(activation(Emotion.HAPPY, FaceRegion.MOUTH, time_s=1.0).grid, width=80)
    assert drawn is not None
    lines = drawn.plain.splitlines()
    assert len(lines) == 6 * 2 + 2
    darkest = [number for number, line in enumerate(lines) if "████" in line]
    assert darkest == [9, 10]
    names = [line.rpartition("│")[2].strip() for line in lines]
    assert [name for name in names if name.isalpha()] == [
        "forehead",
        "brows",
        "eyes",
        "nose",
        "mouth",
        "chin",
    ]


@pytest.mark.parametrize("width", [40, 36, 35, 12])
def test_map_is_left_to_its_sentence_when_the_terminal_is_narrow(width: int) -> None:
    drawn = heat_map([[0.1] * 6, [0.0] * 6], width=width)
    assert (drawn is None) == (width < 35)
    if drawn is not None:
        assert max(map(len, drawn.plain.splitlines())) <= width
