"""What is done to the images of the robustness table, and how they are sliced."""

import numpy as np
import pytest

from services.video.training.batches import LabelledFaces
from services.video.training.conditions import CONDITIONS, covered, darkened, shrunk
from services.video.training.tables import annotator_agreement, slice_masks


def images(n: int = 3) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (n, 48, 48), dtype=np.uint8)


@pytest.mark.parametrize("title", CONDITIONS)
def test_images_change_but_keep_their_form_when_a_condition_is_applied(title: str) -> None:
    before = images()
    kept = before.copy()
    after = CONDITIONS[title](before)
    assert (after.shape, after.dtype) == (before.shape, np.uint8)
    assert not np.array_equal(after, before)
    assert np.array_equal(before, kept), "the images themselves stay as they are"


def test_each_disturbance_does_what_it_says() -> None:
    whole = images(1)
    assert darkened(whole, factor=0.2).max() <= 51
    half = covered(whole, rows=slice(24, None))
    assert len(np.unique(half[0, 24:])) == 1
    assert np.array_equal(half[0, :24], whole[0, :24])
    assert shrunk(whole, side_px=16).std() < whole.std()


def test_slices_go_by_light_and_by_agreement() -> None:
    grey = np.stack([np.full((48, 48), value, np.uint8) for value in (40, 120, 200)])
    votes = np.zeros((3, 10), np.uint8)
    votes[0, 0], votes[1, :4] = 10, (4, 3, 2, 1)
    masks = slice_masks(LabelledFaces(grey, np.zeros(3, np.int64), votes))
    assert [list(mask) for mask in masks.values()] == [
        [True, False, False],
        [False, True, False],
        [False, False, True],
        [True, False, False],
        [False, True, False],
    ]
    assert annotator_agreement(votes) == pytest.approx([1.0, 0.4, 0.0])
