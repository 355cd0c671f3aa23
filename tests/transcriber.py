"""A transcriber that says what a test wants."""

from collections.abc import Sequence

import numpy as np

from services.audio.transcription import HeardSegment, HeardUtterance, HeardWord
from services.common.contracts.model_ref import ModelRef


def segment(
    text: str, *, probability: float = 0.9, start_s: float = 0.2, word_s: float = 0.3, **guards: float
) -> HeardSegment:
    """A segment whose words follow each other without pauses."""
    words = tuple(
        HeardWord(word, start_s + number * word_s, start_s + (number + 1) * word_s, probability)
        for number, word in enumerate(text.split())
    )
    return HeardSegment(words, **guards)


class FakeTranscriber:
    """Hears the given utterances in turn, the last one again and again, and remembers what it was given."""

    def __init__(self, *heard: HeardUtterance | HeardSegment, multilingual: bool = False) -> None:
        self._heard = [HeardUtterance((each,)) if isinstance(each, HeardSegment) else each for each in heard]
        self._multilingual = multilingual
        self.lengths: list[int] = []
        self.languages: list[str | None] = []

    @property
    def model(self) -> ModelRef:
        return ModelRef(name="whisper-fake", version=1)

    @property
    def multilingual(self) -> bool:
        return self._multilingual

    def hear(self, samples: np.ndarray, *, language: str | None = None) -> HeardUtterance:
        self.lengths.append(samples.size)
        self.languages.append(language)
        return self._heard[min(len(self.lengths), len(self._heard)) - 1]


def words_of(segments: Sequence[HeardSegment]) -> list[str]:
    return [word.text for each in segments for word in each.words]
