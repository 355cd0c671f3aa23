"""Who is in the picture: two people, paintings, a face that leaves and returns. Made from real recordings."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from services.common.contracts.face import FaceMeasures
from services.common.contracts.labels import MediaKind
from services.common.contracts.results import ModalityResult
from services.common.media.files import MediaFile
from services.video.pipeline import analyze
from services.video.settings import VideoSettings
from tests.face_model import FakeFacePredictor
from tests.media_video import Image, make_video_file, read_video

pytestmark = pytest.mark.corpora

RATE_HZ = 12
"""Of what is made here, to keep it short."""
PICTURE_S = 22


@pytest.fixture(scope="module")
def selfie(corpora: Path) -> list[Image]:
    """A man who blinks once in 72 frames, 30 a second. Cut to what surrounds him, 300 × 360."""
    return [image[:, 170:470] for image in read_video(corpora / "clips" / "single_face.mp4")]


@pytest.fixture(scope="module")
def speaker(corpora: Path) -> list[Image]:
    """A man who blinks twice in 75 frames, 25 a second. 360 × 288."""
    return read_video(corpora / "clips" / "grid_bbaf2n.mpg")


def analysed(path: Path) -> ModalityResult:
    media = MediaFile(path, MediaKind.VIDEO, "video/mp4")
    return analyze(media, predictor=FakeFacePredictor(), settings=VideoSettings())


def measures(result: ModalityResult) -> FaceMeasures:
    assert result.face is not None
    return result.face


def reasons(result: ModalityResult) -> list[str]:
    assert result.quality is not None
    return [notice.code for notice in result.quality.reasons]


def filmed(picture: Image, *, count: int, shake_px: float = 0.0) -> Iterator[Image]:
    """A picture on a wall, with the noise of a camera that a hand holds."""
    generator = np.random.default_rng(0)
    height, width = picture.shape[:2]
    for number in range(count):
        angle = 2 * np.pi * number / 40
        shift = shake_px * np.array([np.sin(angle), np.cos(1.7 * angle)])
        moved = cv2.warpAffine(
            picture, np.float64([[1, 0, shift[0]], [0, 1, shift[1]]]), (width, height), borderMode=1
        )
        noisy = moved + generator.normal(0, 3, picture.shape)
        yield np.clip(noisy, 0, 255).astype(np.uint8)


def beside(left: Image, right: Image) -> Image:
    """Two pictures side by side on grey, 640 × 360."""
    canvas = np.full((360, 640, 3), 90, np.uint8)
    for image, x in ((left, 0), (right, 320)):
        scale = min(320 / image.shape[1], 360 / image.shape[0])
        small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        canvas[: small.shape[0], x : x + small.shape[1]] = small
    return canvas


def forth_and_back(frames: list[Image], count: int) -> list[Image]:
    once = [*frames, *frames[::-1]]
    return [once[number % len(once)] for number in range(count)]


def test_two_people_are_told_apart_and_the_larger_one_is_followed(
    tmp_path: Path, selfie: list[Image], speaker: list[Image]
):
    frames = [beside(left, right) for left, right in zip(selfie, speaker, strict=False)]
    result = analysed(make_video_file(tmp_path / "a.mp4", frames, rate_hz=25))
    face = measures(result)
    assert face.max_faces == 2
    assert reasons(result) == ["several_faces"]
    assert [track.candidate for track in face.faces] == [True, False]
    assert {track.number for track in face.faces} == {1, 2}
    assert [track.share for track in face.faces] == [1.0, 1.0]
    assert face.faces[0].side_px > face.faces[1].side_px
    assert [round(blink.start_s * 25) for blink in face.blinks] == [pytest.approx(25, abs=1)]  # the selfie's


@pytest.mark.parametrize("shake_px", [0.0, 6.0], ids=["tripod", "hand"])
def test_a_painting_is_remarked_on(tmp_path: Path, speaker: list[Image], shake_px: float):
    frames = filmed(speaker[5], count=PICTURE_S * RATE_HZ, shake_px=shake_px)
    result = analysed(make_video_file(tmp_path / "a.mp4", frames, rate_hz=RATE_HZ))
    face = measures(result)
    assert reasons(result) == ["still_face"]
    assert (face.blinks, face.blink_rate_per_min) == ([], 0.0)
    assert face.faces[0].share == 1.0


def test_a_person_is_followed_although_a_painting_is_larger(
    tmp_path: Path, selfie: list[Image], speaker: list[Image]
):
    count = PICTURE_S * RATE_HZ
    small = [np.asarray(cv2.resize(image, (300, 240))) for image in speaker[::2]]
    pairs = zip(filmed(selfie[5], count=count), forth_and_back(small, count), strict=True)
    result = analysed(make_video_file(tmp_path / "a.mp4", (beside(*pair) for pair in pairs), rate_hz=RATE_HZ))
    face = measures(result)
    assert reasons(result) == ["several_faces"]
    person, painting = face.faces
    assert person.candidate
    assert person.side_px < painting.side_px
    assert painting.blinks == 0
    assert person.blinks is not None
    assert person.blinks > 4


def test_a_face_that_leaves_and_returns_stays_the_same_one(tmp_path: Path, selfie: list[Image]):
    def placed(number: int) -> Image:
        """He walks out at the right edge and comes back in."""
        canvas = np.full((360, 640, 3), 90, np.uint8)
        x = int(170 + 480 * np.clip((number - 20) / 10, 0, 1) * np.clip((70 - number) / 10, 0, 1))
        image = selfie[number % len(selfie)][:, : 640 - x] if x < 640 else selfie[0][:, :0]
        canvas[:, x : x + image.shape[1]] = image
        return canvas

    frames = [placed(number) for number in range(100)]
    result = analysed(make_video_file(tmp_path / "a.mp4", frames, rate_hz=25))
    face = measures(result)
    assert [(track.number, track.candidate) for track in face.faces] == [(1, True)]
    assert face.frames is not None
    assert face.frames.lost.total == pytest.approx(44, abs=10)
    assert face.frames.lost.no_face > 30
    assert reasons(result) == ["face_missing"]
    assert [(s.start_s, s.end_s) for s in result.timeline] == [
        (0.0, pytest.approx(1.1, abs=0.3)),
        (pytest.approx(2.7, abs=0.3), pytest.approx(4.0, abs=0.1)),
    ]
