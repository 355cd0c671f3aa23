"""The contact sheet: which frames are drawn, and what of the face is."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from candor.cli import app
from candor.face_sheet import COLUMNS, CROP_COLOUR, HELD_FACTOR, EvenSample, FaceSheet, Seen
from services.common.contracts.labels import Emotion
from services.common.serving.registry import FACE_ACTIVATION, FACE_EMOTION
from services.video.decode import Frame
from services.video.landmarks import FaceMesh
from services.video.settings import VideoSettings
from services.video.tracking import FollowedFace
from tests.face_model import FakeFacePredictor
from tests.media_audio import make_audio_file
from tests.media_video import make_video_file, make_video_frames
from tests.unit.test_video_salience import ActivationPredictor, face_points


def seen_at(time_s: float) -> Seen:
    return Seen(Frame(time_s, np.zeros((4, 4, 3), np.uint8)), [])


@pytest.mark.parametrize("offered", [1, 3, 5, 6, 20, 21, 83, 1000])
def test_frames_are_spread_evenly_when_the_length_is_unknown(offered: int) -> None:
    sample = EvenSample(5)
    for number in range(offered):
        sample.offer(seen_at(float(number)))
    times = np.array([seen.frame.time_s for seen in sample.chosen()])
    assert len(times) == min(5, offered)
    assert times[0] == 0.0
    assert times[-1] > (offered - 1) * (1 - 2 / HELD_FACTOR / 5) - 1
    steps = np.diff(times)
    assert (steps > 0).all()
    if offered >= 20:
        assert steps.max() < 2.5 * steps.min()


class SheetPredictor(ActivationPredictor):
    """The maps of `ActivationPredictor`, and a label for every crop."""

    def predict(self, model: str, batch: np.ndarray) -> np.ndarray:
        if model == FACE_EMOTION:
            return FakeFacePredictor([Emotion.HAPPY]).predict(model, batch)
        assert model == FACE_ACTIVATION
        maps = np.zeros((len(batch), 7, 6, 6), np.float32)
        maps[:, 3, 4, 2] = 1.0
        return maps


def face_frame() -> Seen:
    points = np.column_stack([face_points() * 3 + 60, np.zeros(468)]).astype(np.float32)
    image = np.random.default_rng(0).integers(60, 180, (240, 320, 3), dtype=np.uint8)
    return Seen(Frame(1.5, image), [FollowedFace(7, FaceMesh(points, 1.0))])


def sheet_of(*, explains: bool) -> FaceSheet:
    explained = {"name": FACE_EMOTION, "version": 7} if explains else None
    return FaceSheet(SheetPredictor(explains=explained), VideoSettings())


def coloured(picture: np.ndarray, colour: tuple[int, int, int]) -> int:
    """Pixels of about that colour; lines are smoothed."""
    return int((np.abs(picture.astype(int) - colour).max(axis=-1) < 25).sum())


def test_a_face_is_drawn_with_its_map_when_there_is_one() -> None:
    plain, explained = (sheet_of(explains=explains).tile(face_frame()) for explains in (False, True))
    assert plain.shape == explained.shape
    assert coloured(plain, CROP_COLOUR) > 100
    changed = (plain != explained).any(axis=-1)
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    assert changed.sum() > 1000
    assert columns.min() > 427
    assert rows.max() < 120


def test_nothing_is_drawn_on_a_frame_when_it_shows_no_face() -> None:
    assert coloured(sheet_of(explains=True).tile(seen_at(0.0)), CROP_COLOUR) == 0


def test_sheet_is_written_when_the_video_shows_no_face(tmp_path: Path) -> None:
    video = make_video_file(tmp_path / "a.mp4", make_video_frames(12))
    answer = CliRunner().invoke(
        app, ["sheet", str(video), "--out", str(tmp_path / "a.png"), "--frames", str(COLUMNS + 1)]
    )
    assert answer.exit_code == 0, answer.output
    picture = cv2.imread(str(tmp_path / "a.png"))
    assert picture.shape[0] > 2 * 100
    assert picture.std() > 5


@pytest.mark.parametrize(("name", "out"), [("a.wav", "a.png"), ("none.mp4", "a.png"), ("a.wav", "a.jpeg")])
def test_exit_code_is_two_when_there_is_nothing_to_draw(tmp_path: Path, name: str, out: str) -> None:
    make_audio_file(tmp_path / "a.wav")
    answer = CliRunner().invoke(app, ["sheet", str(tmp_path / name), "--out", str(tmp_path / out)])
    assert answer.exit_code == 2
    assert not (tmp_path / out).exists()
