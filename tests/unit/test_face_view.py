"""What was measured on a face, on a terminal."""

import io

import pytest
from rich.console import Console

from candor.views.activation_words import activation_words
from candor.views.face import face_view, frame_words, heat_map
from services.common.contracts.face import FaceActivation, FaceMeasures, FaceRegion, FrameCount, LostFrames
from services.common.contracts.labels import Emotion
from tests.fake_reports import activation, earlier_face, face


def printed(measures: FaceMeasures | None, *, width: int = 100) -> str:
    assert measures is not None
    page = io.StringIO()
    Console(file=page, width=width).print(face_view(measures, width=width))
    return page.getvalue()


def with_regions(**shares: float) -> FaceActivation:
    regions = {FaceRegion(name): share for name, share in shares.items()}
    return FaceActivation(
        time_s=1.0, label=Emotion.HAPPY, probability=0.8, grid=[[0.25, 0.75]], regions=regions
    )


@pytest.mark.parametrize(
    ("shares", "said"),
    [
        ({"mouth": 0.48, "cheeks": 0.3, "eyes": 0.22}, "Mostly the mouth (48%), then the cheeks (30%)."),
        (
            {"mouth": 0.3, "cheeks": 0.35, "eyes": 0.2, "around": 0.15},
            "Spread out: the cheeks (35%), the mouth (30%) and the eyes (20%).",
        ),
        ({"around": 0.6, "chin": 0.4}, "Mostly the surroundings of the face (60%), then the chin (40%)."),
        ({"nose": 1.0, "mouth": 0.0}, "Only the nose (100%)."),
        ({"chin": 0.5, "brows": 0.5}, "Mostly the brows (50%), then the chin (50%)."),
    ],
)
def test_the_regions_that_mattered_are_named_when_a_label_is_explained(
    shares: dict[str, float], said: str
) -> None:
    assert activation_words(with_regions(**shares)) == said


def test_every_frame_is_told_when_frames_were_accounted_for() -> None:
    frames = FrameCount(
        decoded=2000,
        beyond_rate=990,
        unreadable=10,
        analysed=1000,
        usable=900,
        lost=LostFrames(too_dark=60, no_face=40),
    )
    assert frame_words(frames) == (
        "2,000 frames decoded, 990 beyond the analysed rate, 10 unreadable, 1,000 analysed: "
        "900 usable, 60 too dark, 40 no face."
    )


def test_everything_is_printed_when_everything_was_measured() -> None:
    text = printed(face().face)
    for expected in (
        *("1,664 usable", "41 turned away", "9.6 / min", "9 in all", "181 ms", "-6°", "varies by 5°", "71%"),
        *("0.12", "23%", "1 (the one measured)", "212 px", "experimental, not validated", "happy 0.51"),
        *("why happy, at 31.6 s (83%)", "Mostly the mouth (54%)", "not what was felt", "│ mouth"),
    ):
        assert expected in text


def test_only_what_is_known_is_printed_when_a_report_is_older_than_its_measures() -> None:
    text = printed(earlier_face().face)
    assert "9.6 / min" in text
    for missing in ("usable", "why ", "experimental", "None", "smiling", "followed"):
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
