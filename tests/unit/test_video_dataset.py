from pathlib import Path

import numpy as np
import pytest

from services.common.contracts.labels import EMOTIONS, Emotion
from services.video.training.dataset import (
    Augmentation,
    FaceImages,
    held_out_rows,
    load_partition,
    partition_path,
    warp_randomly,
)

NAMES = ["neutral", "happy", "sad", "angry", "fear", "disgust", "surprise"]


def write_partition(path: Path, *, images: np.ndarray | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    shown = np.zeros((3, 48, 48), np.uint8) if images is None else images
    np.savez(path, images=shown, labels=np.array([0, 3, 6], np.uint8), label_names=np.array(NAMES))
    return path


def faces(count: int = 200, seed: int = 0) -> FaceImages:
    generator = np.random.default_rng(seed)
    images = generator.integers(0, 256, (count, 48, 48), dtype=np.uint8)
    return FaceImages(images, generator.integers(0, 7, count).astype(np.int64))


def split(everything: FaceImages, *, share: float, seed: int) -> tuple[FaceImages, FaceImages]:
    kept, held_out = held_out_rows(everything, share=share, seed=seed)
    return everything.take(kept), everything.take(held_out)


def test_labels_are_mapped_by_name_when_the_file_has_its_own_order(tmp_path: Path):
    write_partition(tmp_path / "fer2013" / "public.npz")
    labels = [EMOTIONS[index] for index in load_partition(tmp_path, "public").labels]
    assert labels == [Emotion.NEUTRAL, Emotion.ANGRY, Emotion.SURPRISE]


def test_partition_is_found_when_it_lies_in_the_folder_itself(tmp_path: Path):
    written = write_partition(tmp_path / "private.npz")
    assert partition_path(tmp_path, "private") == written


def test_partition_is_refused_when_there_is_none_of_that_name(tmp_path: Path):
    with pytest.raises(ValueError, match="train, public, private"):
        load_partition(tmp_path, "test")
    with pytest.raises(FileNotFoundError, match="public"):
        load_partition(tmp_path, "public")


def test_images_are_refused_when_they_have_another_size(tmp_path: Path):
    write_partition(tmp_path / "train.npz", images=np.zeros((3, 64, 64), np.uint8))
    with pytest.raises(ValueError, match="48"):
        load_partition(tmp_path, "train")


def test_split_holds_out_its_share_of_every_class():
    everything = faces(2000)
    train, held_out = split(everything, share=0.1, seed=0)
    assert len(train) + len(held_out) == 2000
    share = np.bincount(held_out.labels, minlength=7) / np.bincount(everything.labels, minlength=7)
    assert share == pytest.approx(0.1, abs=0.01)


def test_split_keeps_copies_together():
    once = faces(300)
    twice = FaceImages(np.concatenate([once.images, once.images]), np.concatenate([once.labels] * 2))
    train, held_out = split(twice, share=0.2, seed=0)
    left = {image.tobytes() for image in train.images}
    assert left.isdisjoint(image.tobytes() for image in held_out.images)
    assert 60 < len(held_out) < 240


def test_split_depends_on_the_seed_alone():
    first, second, other = (split(faces(), share=0.1, seed=seed)[1] for seed in (1, 1, 2))
    assert np.array_equal(first.images, second.images)
    assert not np.array_equal(first.images, other.images)


def test_warp_leaves_the_image_when_it_may_not_move_it():
    image = faces(1).images[0]
    still = Augmentation(rotation_deg=0, scale=0, shift_px=0)
    warped = [warp_randomly(image, np.random.default_rng(seed), still) for seed in range(8)]
    assert {item.tobytes() for item in warped} == {image.tobytes(), image[:, ::-1].tobytes()}
