"""Recordings whose words are known: RAVDESS, GRID, a synthesiser's; and German ones, EMO-DB."""

import csv
import re
import shutil
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from services.audio.features import SAMPLE_RATE_HZ, FloatArray
from services.audio.training.dataset import MAX_CLIP_S, find_clips, read_sound

SENTENCES = {"01": "Kids are talking by the door", "02": "Dogs are sitting by the door"}
"""Of RAVDESS, by the fifth field of the file name."""
SYNTHESISER = "flite"
"""Festival Lite (Black & Lenzo 2001; permissive licence), where it is installed: measuring only."""
SYNTHETIC_VOICES = ("slt", "rms", "awb")
SYNTHETIC_TEXTS = 6
MAX_SPOKEN_WORDS = 60
JOINED_S = 20.0
_GAP_S = 0.4
_GRID_WORDS = (
    {"b": "bin", "l": "lay", "p": "place", "s": "set"},
    {"b": "blue", "g": "green", "r": "red", "w": "white"},
    {"a": "at", "b": "by", "i": "in", "w": "with"},
    None,
    {"z": "zero", **{str(n): str(n) for n in range(1, 10)}},
    {"a": "again", "n": "now", "p": "please", "s": "soon"},
)
_GRID = re.compile(r"grid_([blps][bgrw][abiw][a-z][z1-9][anps])")
_UNSPEAKABLE = re.compile(r"\[[^\]]*\]|\.\.\.|…|[^\w\s.,;:!?'-]")

_HOSPITAL = (
    "Um, I worked for three years in a small team that built software for hospitals. Uh, my job was to "
    "talk with the nurses and find out what slowed them down. Er, one day we found that printing a label "
    "took them eleven clicks. Um, we made it one, and they thanked us with a cake. I learned to watch "
    "people work before I write a line of code."
)
_PATIENCE = (
    "My greatest strength is, uh, patience with difficult customers. Last winter a man called us every "
    "morning for two weeks because his heating did not work. I, um, wrote down what he said, and I noticed "
    "that the fault came only when it rained. The engineer found water in a cable, and, uh, the man still "
    "sends us a card every Christmas."
)
HESITANT = (_HOSPITAL, _PATIENCE)
"""Written for this measurement: seven hesitations."""


@dataclass(frozen=True, slots=True)
class Recording:
    """Sound whose words are known.

    Attributes:
        name: of the file or text.
        speaker: a person or a synthetic voice.
        sound: shape `(n,)`, float32, -1..1, 16 kHz.
        said: the words; None where they are in another language.
    """

    name: str
    speaker: str
    sound: FloatArray
    said: str | None


def grid_sentence(code: str) -> str:
    """Return the sentence of a GRID file name (Cooke et al. 2006).

    Example:
        >>> grid_sentence("bbaf2n")
        'bin blue at f 2 now'
    """
    pairs = zip(code, _GRID_WORDS, strict=True)
    return " ".join(letter if words is None else words[letter] for letter, words in pairs)


def grid(data: Path) -> list[Recording]:
    """Return all GRID clips, one speaker each."""
    found = [(path, _GRID.fullmatch(path.stem)) for path in sorted((data / "clips").glob("grid_*"))]
    return [
        Recording(path.stem, path.stem, read_sound(path), grid_sentence(match[1]))
        for path, match in found
        if match
    ]


def ravdess(data: Path, *, clips: int, seed: int = 0) -> list[Recording]:
    """Sample recordings so that every actor speaks equally often, in random emotions."""
    found, _ = find_clips(data, "ravdess", every_label=True)
    by_actor = defaultdict(list)
    for clip in found:
        by_actor[clip.speaker].append(clip.path)
    generator = np.random.default_rng(seed)
    chosen = [
        (actor, paths[number])
        for actor, paths in sorted(by_actor.items())
        for number in generator.choice(len(paths), max(1, clips // len(by_actor)), replace=False)
    ]
    return [
        Recording(path.stem, actor, read_sound(path), SENTENCES[path.stem.split("-")[4]])
        for actor, path in chosen
    ]


def emodb(data: Path, *, clips: int, seed: int = 0) -> list[Recording]:
    """Return German recordings: sentences of one speaker in a row that make an answer, and single ones."""
    found, _ = find_clips(data, "emodb", every_label=True)
    by_speaker = defaultdict(list)
    for clip in found:
        by_speaker[clip.speaker].append(clip.path)
    generator = np.random.default_rng(seed)
    recordings = []
    for speaker, paths in sorted(by_speaker.items()):
        order = [paths[number] for number in generator.permutation(len(paths))]
        sounds = [read_sound(path) for path in order[:12]]
        recordings.append(Recording(f"joined {speaker}", speaker, joined(sounds, length_s=JOINED_S), None))
        single = zip(order[: clips // len(by_speaker)], sounds, strict=False)
        recordings += [Recording(path.stem, speaker, sound, None) for path, sound in single]
    return recordings


def synthetic(data: Path) -> list[Recording]:
    """Return hesitant texts and answers of First Impressions, spoken by the synthesiser.

    Raises:
        FileNotFoundError: the synthesiser is not installed.
    """
    texts = [(f"hesitant {number}", text) for number, text in enumerate(HESITANT, start=1)]
    texts += _answers(data / "first_impressions" / "first_impressions.csv", texts=SYNTHETIC_TEXTS)
    return [
        Recording(f"{name}, {voice}", voice, speak(text, voice=voice), text)
        for name, text in texts
        for voice in (SYNTHETIC_VOICES if name.startswith("hesitant") else SYNTHETIC_VOICES[:2])
    ]


def _answers(path: Path, *, texts: int) -> list[tuple[str, str]]:
    """Return transcripts of 30 to `MAX_SPOKEN_WORDS` words without figures, the first of each person."""
    found: dict[str, tuple[str, str]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            text = " ".join(_UNSPEAKABLE.sub(" ", row["text"]).split())
            if 30 <= len(text.split()) <= MAX_SPOKEN_WORDS and not re.search(r"\d", text):
                found.setdefault(row["speaker_video"], (row["clip"], text))
            if len(found) == texts:
                break
    return list(found.values())


def speak(text: str, *, voice: str) -> FloatArray:
    """Return `text` in the voice of the synthesiser, 16 kHz.

    Raises:
        FileNotFoundError: it is not installed.
    """
    program = shutil.which(SYNTHESISER)
    if program is None:
        raise FileNotFoundError(f"{SYNTHESISER} is not installed; it is needed to measure synthetic speech")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speech.wav"
        command = [program, "-voice", voice, "-t", text, "-o", str(path)]
        subprocess.run(command, check=True, capture_output=True, timeout=MAX_CLIP_S)  # noqa: S603
        return read_sound(path)


def joined(sounds: Sequence[FloatArray], *, length_s: float) -> FloatArray:
    """Join sounds in a row with short gaps, as many as fit whole into the length, at least one."""
    gap, room = np.zeros(int(_GAP_S * SAMPLE_RATE_HZ), np.float32), int(length_s * SAMPLE_RATE_HZ)
    parts = [sounds[0]]
    for sound in sounds[1:]:
        if sum(map(len, parts)) + gap.size + sound.size > room:
            break
        parts += [gap, sound]
    return np.concatenate(parts)
