"""Corpora as windows of the embedding: what serving would make of every clip, kept between runs."""

import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.audio.features import SAMPLE_RATE_HZ, FloatArray, describe_preprocessing
from services.audio.settings import AudioSettings
from services.audio.training.conditions import CONDITIONS, SECOND_VOICE, Condition, augmented, talked_over
from services.audio.training.dataset import Clip, read_sound, served_windows
from services.audio.vad import Hysteresis, build_hysteresis
from services.common.media.files import Progress, ignore_progress
from services.common.serving.predictor import Predictor
from services.training.artifacts import data_hash

CACHE = "voice_embeddings"
"""Folder of the runs that keeps windows."""
AUGMENTED = "augmented"
log = logging.getLogger(__name__)

Change = Callable[[Clip, FloatArray, np.random.Generator], FloatArray]


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows of many clips.

    Attributes:
        rows: shape `(n, WINDOW_SIZE)`, float32.
        clip: index of each row's clip, shape `(n,)`, ascending.
        seconds: how much speech each row speaks for, shape `(n,)`.
    """

    rows: FloatArray
    clip: NDArray[np.int64]
    seconds: FloatArray

    def of(self, clips: NDArray[np.intp] | NDArray[np.bool_]) -> "Windows":
        """Return the windows of some clips (indices or mask); `clip` still counts in the whole corpus."""
        wanted = np.zeros(int(self.clip.max()) + 1, bool)
        wanted[clips] = True
        keep = wanted[self.clip]
        return Windows(self.rows[keep], self.clip[keep], self.seconds[keep])


def windows_of(
    clips: Sequence[Clip],
    *,
    condition: str,
    predictor: Predictor,
    cache: Path,
    seed: int = 0,
    progress: Progress = ignore_progress,
) -> Windows:
    """Return the windows of clips under a condition, from the cache if they were made before.

    Args:
        clips: the recordings.
        condition: a name of `CONDITIONS`, or `augmented-<number>` for a random mixture per clip.
        predictor: answers for the model `voice_encoder`.
        seed: of the chance in the condition.
        progress: told the share of clips done.
        cache: folder of what was made before.
    """
    change = _change(condition, clips)
    digest = data_hash(clip.path for clip in clips)
    key = hashlib.sha256(f"{digest} {condition} {seed} {describe_preprocessing()}".encode()).hexdigest()[:16]
    path = cache / f"{condition}-{key}.npz"
    if not path.exists():
        _save(path, _make(clips, change, predictor, _generator(condition, seed), progress))
    with np.load(path) as stored:
        return Windows(stored["rows"], stored["clip"], stored["seconds"])


def _generator(condition: str, seed: int) -> np.random.Generator:
    return np.random.default_rng([seed, *condition.encode()])


def _change(condition: str, clips: Sequence[Clip]) -> Change:
    """Apply a condition to the sound of a clip."""
    if condition == SECOND_VOICE:
        return lambda clip, sound, generator: talked_over(sound, other=_another(clip, clips, generator))
    alone: Condition = augmented if condition.startswith(AUGMENTED) else CONDITIONS[condition]
    return lambda _, sound, generator: alone(sound, generator)


def _another(clip: Clip, clips: Sequence[Clip], generator: np.random.Generator) -> FloatArray:
    """Choose a random clip of another person."""
    others = [other for other in clips if other.speaker != clip.speaker]
    return read_sound(others[int(generator.integers(len(others)))].path)


def _make(
    clips: Sequence[Clip],
    change: Change,
    predictor: Predictor,
    generator: np.random.Generator,
    progress: Progress,
) -> Windows:
    rule = build_hysteresis(AudioSettings())
    rows, owner, seconds = [], [], []
    for number, clip in enumerate(clips):
        for row, length_s in _clip_windows(change(clip, read_sound(clip.path), generator), rule, predictor):
            rows.append(row)
            owner.append(number)
            seconds.append(length_s)
        progress((number + 1) / len(clips))
    return Windows(np.stack(rows), np.array(owner, np.int64), np.array(seconds, np.float32))


def _clip_windows(
    sound: FloatArray, rule: Hysteresis, predictor: Predictor
) -> list[tuple[FloatArray, float]]:
    windows, _ = served_windows(sound, rule, predictor)
    return [(window.embedding, (window.end - window.start) / SAMPLE_RATE_HZ) for window in windows]


def _save(path: Path, windows: Windows) -> None:
    """Write whole or not at all, so that a session that ends leaves nothing half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial.npz")
    np.savez(partial, rows=windows.rows, clip=windows.clip, seconds=windows.seconds)
    partial.replace(path)
    log.info("%s: %d windows", path.name, len(windows.rows))
