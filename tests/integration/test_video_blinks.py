"""Blinks against a count by hand (`tests/data/blinks_by_hand.json`), at several frame rates and turns.

The rule's thresholds were set on these clips: this holds them, and says nothing about other people.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from services.common.contracts.labels import MediaKind
from services.common.media.files import MediaFile
from services.video.decode import VideoSource
from services.video.pipeline import analyze
from services.video.settings import VideoSettings
from tests.face_model import FakeFacePredictor
from tests.media_video import Image, make_video_changed

pytestmark = pytest.mark.corpora

BY_HAND = Path(__file__).parents[1] / "data" / "blinks_by_hand.json"
SLACK_S = 0.06
"""One to two frames: the lids' first and last movement is a matter of taste."""
Spans = list[tuple[float, float]]


@dataclass(frozen=True)
class Clip:
    """What was seen in one clip, in seconds."""

    name: str
    blinks: Spans
    incomplete: Spans


@dataclass
class Score:
    right: int = 0
    wrong: int = 0
    missed: int = 0

    @property
    def recall(self) -> float:
        return self.right / (self.right + self.missed)

    @property
    def precision(self) -> float:
        return self.right / (self.right + self.wrong)

    def add(self, clip: Clip, counted: Spans) -> None:
        """Match each counted blink with one that was seen; an incomplete one may be counted or not."""
        left = list(clip.blinks)
        for span in counted:
            hit = next((seen for seen in left if meet(seen, span)), None)
            if hit is not None:
                left.remove(hit)
                self.right += 1
            elif not any(meet(seen, span) for seen in clip.incomplete):
                self.wrong += 1
        self.missed += len(left)


def meet(seen: tuple[float, float], counted: tuple[float, float]) -> bool:
    return counted[0] < seen[1] + SLACK_S and seen[0] - SLACK_S < counted[1]


@cache
def frame_times_s(path: Path) -> list[float]:
    with VideoSource(path, max_duration_s=60, max_pixels=10**7) as source:
        frames = source.frames(long_side_px=160, rate_hz=240, max_decoded_rate_hz=240)
        return [frame.time_s for frame in frames]


@pytest.fixture(scope="module")
def clips(corpora: Path) -> dict[Path, Clip]:
    noted = json.loads(BY_HAND.read_text(encoding="utf-8"))["clips"]
    found = {}
    for entry in noted:
        path = corpora / "clips" / entry["clip"]
        times_s = frame_times_s(path)
        assert len(times_s) == entry["frames"], path.name
        blinks, incomplete = (
            [(times_s[first], times_s[last]) for first, last in entry[kind]]
            for kind in ("blinks", "incomplete")
        )
        found[path] = Clip(path.name, blinks, incomplete)
    return found


def counted(path: Path, **settings: float) -> Spans:
    media = MediaFile(path, MediaKind.VIDEO, "video/mp4")
    face = analyze(media, predictor=FakeFacePredictor(), settings=VideoSettings(**settings)).face  # type: ignore[arg-type]
    assert face is not None
    return [(blink.start_s, blink.end_s) for blink in face.blinks]


def test_every_blink_is_the_one_that_was_seen_by_eye(clips: dict[Path, Clip]):
    score = Score()
    for path, clip in clips.items():
        score.add(clip, counted(path))
    assert score == Score(right=15, wrong=0, missed=0)


def test_most_blinks_are_found_when_there_are_twelve_frames_a_second(clips: dict[Path, Clip]):
    score = Score()
    for path, clip in clips.items():
        score.add(clip, counted(path, analysed_rate_hz=12.5))
    assert score.recall >= 0.85
    assert score.precision >= 0.9


def mirrored(image: Image) -> Image:
    return image[:, ::-1]


def tilted(image: Image) -> Image:
    height, width = image.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 20, 0.9)
    return np.asarray(cv2.warpAffine(image, turn, (width, height), borderMode=cv2.BORDER_REPLICATE))


def halved(image: Image) -> Image:
    return np.asarray(cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))


@pytest.mark.parametrize("change", [mirrored, tilted, halved])
def test_most_blinks_are_found_however_the_face_is_shown(
    clips: dict[Path, Clip], tmp_path: Path, change: Callable[[Image], Image]
):
    score = Score()
    for path, clip in clips.items():
        if path.suffix == ".mpg":
            copy = make_video_changed(tmp_path / f"{path.stem}.mp4", path, change, rate_hz=25)
            score.add(clip, counted(copy))
    assert score.recall >= 0.85
    assert score.precision >= 0.85
