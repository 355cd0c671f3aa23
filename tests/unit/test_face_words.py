"""The sentences of a report about a face."""

import pytest

from services.common.contracts.face import FaceActivation, FaceRegion, FrameCount, LostFrames
from services.common.contracts.labels import Emotion
from services.video.face_words import activation_words, frame_words


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
        "The face could be measured in 900 of 1,000 frames looked at; the others: 60 too dark, 40 no face. "
        "2,000 frames decoded; 990 not looked at, as there are enough others; 10 unreadable."
    )


def test_nothing_is_said_of_lost_frames_when_none_was() -> None:
    assert frame_words(FrameCount(decoded=1, analysed=1, usable=1)) == (
        "The face could be measured in 1 of 1 frame looked at. 1 frame decoded, and all looked at."
    )
