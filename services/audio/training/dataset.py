"""The corpora: which file says what by whom, and clips as stretches of speech."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.audio.decode import SoundSource
from services.audio.embedding import Embedder, Window
from services.audio.features import SAMPLE_RATE_HZ, FloatArray
from services.audio.vad import Hysteresis, SpeechProbability
from services.audio.windowing import cut_speech_chunks
from services.common.contracts.labels import Emotion
from services.common.serving.predictor import Predictor

RAVDESS_LABELS = ("neutral", "calm", "happy", "sad", "angry", "fear", "disgust", "surprise")
"""The corpus's own eight classes, in the order of its codes 01 to 08."""
PRODUCT_LABEL: dict[str, Emotion] = {
    label: Emotion.NEUTRAL if label == "calm" else Emotion(label) for label in RAVDESS_LABELS
}
TRAINING_ACTORS = frozenset(range(1, 21))
TRAINING_SPEAKERS = frozenset({"03", "08", "09", "10", "11", "12", "13", "14"})
"""Of EMO-DB."""
SOUND_SUFFIXES = frozenset({".wav", ".flac"})
MAX_CLIP_S = 60.0
BATCH_CHUNKS = 8

_RAVDESS = re.compile(r"03-01-0([1-8])-0[12]-0[12]-0[12]-(\d\d)")
_EMODB = re.compile(r"(\d\d)[a-z]\d\d([WLEAFTN])[a-z]?", re.IGNORECASE)
_SAVEE = re.compile(r"(DC|JE|JK|KL)_(sa|su|a|d|f|h|n)\d+", re.IGNORECASE)
_TESS = re.compile(
    r"(OAF|YAF)_[a-z]+_(angry|disgust|fear|happy|sad|neutral|ps|pleasant_surprised?)", re.IGNORECASE
)
_EMODB_LABEL = dict(zip("WEAFTN", ("angry", "disgust", "fear", "happy", "sad", "neutral"), strict=True))
_SAVEE_LABEL = {
    "a": "angry",
    "d": "disgust",
    "f": "fear",
    "h": "happy",
    "n": "neutral",
    "sa": "sad",
    "su": "surprise",
}


@dataclass(frozen=True, slots=True)
class Clip:
    """One labelled recording.

    Attributes:
        path: the file.
        speaker: who speaks, unique within the corpus.
        emotion: the label in the product's spelling, None where the product does not have it (boredom).
        source_label: the label in the corpus's own classes (`calm` is not `neutral` there).
    """

    path: Path
    speaker: str
    emotion: Emotion | None
    source_label: str


def _ravdess(stem: str) -> tuple[str, str] | None:
    match = _RAVDESS.fullmatch(stem)
    return (match[2], RAVDESS_LABELS[int(match[1]) - 1]) if match else None


def _emodb(stem: str) -> tuple[str, str] | None:
    match = _EMODB.fullmatch(stem)
    return (match[1], _EMODB_LABEL.get(match[2].upper(), "boredom")) if match else None


def _savee(stem: str) -> tuple[str, str] | None:
    match = _SAVEE.fullmatch(stem)
    return (match[1].upper(), _SAVEE_LABEL[match[2].lower()]) if match else None


def _tess(stem: str) -> tuple[str, str] | None:
    match = _TESS.fullmatch(stem)
    if match is None:
        return None
    label = match[2].lower()
    return match[1].upper(), "surprise" if label.startswith("p") else label


NAMING = {"ravdess": _ravdess, "emodb": _emodb, "savee": _savee, "tess": _tess}
CORPORA = tuple(NAMING)


def find_clips(data: Path, corpus: str, *, every_label: bool = False) -> tuple[list[Clip], int]:
    """Find the clips of a corpus, by their usual file names, in any depth of folders.

    A name counts once: published archives of RAVDESS and TESS hold every recording twice.

    Args:
        data: a folder with a sub-folder named after the corpus, or the corpus's own folder.
        corpus: one of `CORPORA`.
        every_label: keep clips whose label the product does not have.

    Returns:
        The clips, sorted by name, and how many files were left out for such a label (boredom in EMO-DB).

    Raises:
        ValueError: the corpus is unknown.
        FileNotFoundError: there is no clip of that corpus.
    """
    if corpus not in NAMING:
        raise ValueError(f"unknown corpus {corpus!r}; known are {', '.join(CORPORA)}")
    folder = data / corpus if (data / corpus).is_dir() else data
    found = {path.stem: (path, NAMING[corpus](path.stem)) for path in _sound_files(folder)}
    named = [(path, who_what) for path, who_what in found.values() if who_what is not None]
    if not named:
        raise FileNotFoundError(f"no {corpus} recordings (.wav, .flac) in {folder}")
    clips = [
        Clip(path, speaker, PRODUCT_LABEL.get(label), label)
        for path, (speaker, label) in named
        if every_label or label in PRODUCT_LABEL
    ]
    return clips, len(named) - len(clips)


def _sound_files(folder: Path) -> Iterable[Path]:
    files = (path for path in folder.rglob("*") if path.suffix.lower() in SOUND_SUFFIXES and path.is_file())
    return sorted(files, key=lambda path: (path.name, str(path)))


def read_sound(path: Path) -> FloatArray:
    """Read a whole clip, shape `(n,)`, float32, 16 kHz mono, through the decoder of serving.

    Raises:
        InputError: the clip does not decode or is longer than `MAX_CLIP_S`.
    """
    with SoundSource(path, max_duration_s=MAX_CLIP_S) as source:
        return np.concatenate(list(source.blocks()))


def served_windows(sound: FloatArray, rule: Hysteresis, predictor: Predictor) -> tuple[list[Window], bool]:
    """Return the windows that serving makes of a clip; the whole clip's if no speech is found.

    Returns:
        The windows, and whether voice activity found speech.
    """
    windows = _windows(sound, rule, SpeechProbability(), predictor)
    if windows:
        return windows, True
    return _windows(sound, Hysteresis(min_speech_samples=0), lambda _: 1.0, predictor), False


def _windows(
    sound: FloatArray, rule: Hysteresis, probability: Callable[[FloatArray], float], predictor: Predictor
) -> list[Window]:
    embedder = Embedder(predictor, batch_chunks=BATCH_CHUNKS)
    found = cut_speech_chunks([sound], hysteresis=rule, probability=probability)
    return [window for chunk in found for window in embedder.add(chunk)] + embedder.finish()


def label_indices(labels: Sequence[str], names: Sequence[str]) -> NDArray[np.int64]:
    """Return the index of each label in `names`, shape `(n,)`."""
    place = {name: index for index, name in enumerate(names)}
    return np.array([place[label] for label in labels], dtype=np.int64)


def seconds(sound: FloatArray) -> float:
    """Return the length of 16 kHz sound."""
    return len(sound) / SAMPLE_RATE_HZ
