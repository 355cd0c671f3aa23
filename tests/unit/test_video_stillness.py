import numpy as np
import pytest

from services.video.blinks import count_blinks
from services.video.stillness import is_still

RATE_HZ = 25.0


def still(*, seconds: float, eyes: float = 0.0, mouth: float = 0.0, blink_s: float | None = None) -> bool:
    """A face whose eyes and mouth swing slowly by so much to both sides, with noise of the landmarks."""
    t = np.arange(0, seconds, 1 / RATE_HZ)
    noise = np.random.default_rng(0).normal(0, 1, (2, len(t)))
    swing = np.sin(2 * np.pi * t / 5)
    openness = 0.3 * (1 + eyes * swing) + 0.002 * noise[0]
    gap = np.maximum(0.1 + mouth * swing + 0.003 * noise[1], 0)
    if blink_s is not None:
        openness[np.abs(t - blink_s) < 0.07] *= 0.6
    return is_still(openness, gap, blinks=count_blinks(t, openness))


def test_a_face_is_still_when_nothing_moves_for_long():
    assert still(seconds=25)
    assert still(seconds=25, eyes=0.01, mouth=0.01)


def test_a_face_is_not_still_when_it_was_seen_briefly():
    assert not still(seconds=15)


@pytest.mark.parametrize("moves", [{"eyes": 0.1}, {"mouth": 0.05}, {"blink_s": 12.0}])
def test_a_face_is_not_still_when_something_moves(moves: dict[str, float]):
    assert not still(seconds=25, **moves)


def test_a_face_is_not_still_when_its_eyes_were_never_seen():
    t = np.arange(0, 25, 1 / RATE_HZ)
    hidden = np.full(len(t), np.nan)
    assert not is_still(hidden, np.full(len(t), 0.1), blinks=count_blinks(t, hidden))
