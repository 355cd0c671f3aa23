"""RAVDESS as pictures: 64 × 64 × 3 log-mel with its first and second difference, for networks that see.

After Zhang et al. 2017 ("Speech emotion recognition using deep convolutional neural network and
discriminant temporal pyramid matching"), with 20 ms frames, so that a picture spans 1.28 s.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.audio.features import CHUNK_SAMPLES, HOP_LENGTH, SAMPLE_RATE_HZ, FloatArray, compute_log_mel
from services.audio.training.dataset import RAVDESS_LABELS, TRAINING_ACTORS, find_clips, read_sound
from services.common.media.files import Progress, ignore_progress
from services.training.artifacts import data_hash

SIZE = 64
STEP = 32
FRAMES_PER_COLUMN = 2
QUIET_DB = 35.0
"""Frames so far below the loudest are cut off at both ends."""


def write_mel_images(data: Path, path: Path, *, progress: Progress = ignore_progress) -> None:
    """Write `path` (`.npz`): `images` `(m, 64, 64, 3)` float16, `clip` `(m,)`, `labels`, `people`, `digest`.

    Args:
        data: folder of the corpora.
        path: the file to write.
        progress: told the share of the clips done.
    """
    clips = [c for c in find_clips(data, "ravdess")[0] if int(c.speaker) in TRAINING_ACTORS]
    images, owner = [], []
    for number, clip in enumerate(clips):
        found = mel_images(spoken(read_sound(clip.path)))
        images.append(found.astype(np.float16))
        owner += [number] * len(found)
        progress((number + 1) / len(clips))
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial.npz")
    np.savez(
        partial,
        images=np.concatenate(images),
        clip=np.array(owner),
        labels=np.array([RAVDESS_LABELS.index(clip.source_label) for clip in clips]),
        classes=np.array(RAVDESS_LABELS),
        people=np.array([f"ravdess-{clip.speaker}" for clip in clips]),
        digest=np.array(data_hash(clip.path for clip in clips)),
    )
    partial.replace(path)


def spoken(sound: FloatArray) -> FloatArray:
    """Return the sound without its quiet ends, at most as long as a chunk, shape `(n,)`."""
    length = SAMPLE_RATE_HZ // 50
    whole = sound[: sound.size // length * length].reshape(-1, length)
    power = (whole.astype(np.float64) ** 2).mean(axis=1)
    (loud,) = np.nonzero(power > power.max() * 10.0 ** (-QUIET_DB / 10.0))
    return sound[loud[0] * length : (loud[-1] + 1) * length][:CHUNK_SAMPLES]


def mel_images(sound: FloatArray) -> FloatArray:
    """Make overlapping pictures of up to 3 s, shape `(m, 64, 64, 3)`, m ≥ 1; high bands on top."""
    frames = max(FRAMES_PER_COLUMN, sound.size // HOP_LENGTH // FRAMES_PER_COLUMN * FRAMES_PER_COLUMN)
    mel = compute_log_mel([sound])[0][:, :frames]
    columns = mel.reshape(len(mel), -1, FRAMES_PER_COLUMN).mean(axis=2)
    if columns.shape[1] < SIZE:
        columns = np.pad(columns, ((0, 0), (0, SIZE - columns.shape[1])), mode="edge")
    at = np.linspace(0.0, len(mel) - 1.0, SIZE)[::-1]
    static = np.stack([np.interp(at, np.arange(len(mel)), column) for column in columns.T], axis=1)
    first = difference(static)
    layers = np.stack([static, first, difference(first)], axis=2).astype(np.float32)
    starts = sorted({*range(0, layers.shape[1] - SIZE + 1, STEP), layers.shape[1] - SIZE})
    return np.stack([layers[:, start : start + SIZE] for start in starts])


def difference(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute the slope of a line through five neighbouring columns, edges repeated; shape kept."""
    wide = np.pad(values, ((0, 0), (2, 2)), mode="edge")
    near, far = wide[:, 3:-1] - wide[:, 1:-3], wide[:, 4:] - wide[:, :-4]
    slope: NDArray[np.float64] = (near + 2.0 * far) / 10.0
    return slope
