"""`candor evaluate speech`: how well words are written down, through the code that serves them."""

import tempfile
import wave
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from services.audio.features import SAMPLE_RATE_HZ, FloatArray
from services.audio.fluency import find_filler
from services.audio.settings import AudioSettings
from services.audio.spoken import transcribe
from services.audio.training.conditions import noisy
from services.audio.training.speech import recordings
from services.audio.training.speech.recordings import Recording
from services.audio.training.speech.word_errors import WordErrors, spoken_words, word_errors
from services.audio.transcription import HeardUtterance, Transcriber, Unavailable, open_transcriber
from services.common.contracts.labels import MediaKind
from services.common.contracts.model_ref import ModelRef
from services.common.contracts.tasks import Transcription
from services.common.media.files import MediaFile, Progress, ignore_progress
from services.training.metrics import bootstrap_interval

CLIPS = 60
NOISE_DB = 10.0


def _noisy(found: list[Recording]) -> list[Recording]:
    generator = np.random.default_rng(0)
    return [Recording(r.name, r.speaker, noisy(r.sound, generator, snr_db=NOISE_DB), r.said) for r in found]


CORPORA: dict[str, Callable[[Path], list[Recording]]] = {
    "ravdess": lambda data: recordings.ravdess(data, clips=CLIPS),
    "ravdess_noise_10_db": lambda data: _noisy(recordings.ravdess(data, clips=CLIPS // 2)),
    "grid": recordings.grid,
    "synthesiser": recordings.synthetic,
    "emodb": lambda data: recordings.emodb(data, clips=CLIPS // 2),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one recording.

    Attributes:
        recording: what was said.
        result: what was written.
        certainty: mean probability of all words that were heard, believed or not; None without words.
    """

    recording: Recording
    result: Transcription
    certainty: float | None

    @property
    def text(self) -> str:
        return self.result.transcript.text if self.result.transcript else ""

    @property
    def errors(self) -> WordErrors:
        return word_errors(spoken_words(self.recording.said or ""), spoken_words(self.text))


class Listening:
    """A transcriber that remembers how certain it was."""

    def __init__(self, inner: Transcriber) -> None:
        self._inner = inner
        self.probabilities: list[float] = []

    @property
    def model(self) -> ModelRef:
        return self._inner.model

    @property
    def multilingual(self) -> bool:
        return self._inner.multilingual

    def hear(self, samples: FloatArray, *, language: str | None = None) -> HeardUtterance:
        heard = self._inner.hear(samples, language=language)
        self.probabilities += [word.probability for part in heard.segments for word in part.words]
        return heard


def evaluate(data: Path, *, corpus: str, progress: Progress = ignore_progress) -> dict[str, Any]:
    """Write down every recording of a corpus and compare.

    Args:
        data: folder of the corpora.
        corpus: one of `CORPORA`; of `emodb`, which is German, how much is refused is what counts.
        progress: told the share of the recordings that are done.

    Returns:
        What `candor evaluate speech` prints. Intervals are by bootstrap over speakers.

    Raises:
        ValueError: the corpus is unknown, or nothing can be transcribed here.
        FileNotFoundError: there is no recording of that corpus, or no synthesiser.
    """
    if corpus not in CORPORA:
        raise ValueError(f"no corpus {corpus}; there are {', '.join(CORPORA)}")
    settings = AudioSettings()
    transcriber = open_transcriber(settings)
    if isinstance(transcriber, Unavailable):
        raise ValueError(transcriber.reason)
    found = CORPORA[corpus](data)
    outcomes = []
    for number, recording in enumerate(found, start=1):
        outcomes.append(_outcome(recording, transcriber, settings))
        progress(number / len(found))
    return {"model": transcriber.model.name, "corpus": corpus} | _report(outcomes)


def _outcome(recording: Recording, transcriber: Transcriber, settings: AudioSettings) -> Outcome:
    """Transcribe a recording through a file, as the product gets it."""
    listening = Listening(transcriber)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answer.wav"
        write_wav(path, recording.sound)
        media = MediaFile(path, MediaKind.AUDIO, "audio/wav")
        result = transcribe(media, transcriber=listening, settings=settings)
    certainty = float(np.mean(listening.probabilities)) if listening.probabilities else None
    return Outcome(recording, result, certainty)


def write_wav(path: Path, sound: FloatArray) -> None:
    """Write 16 kHz mono 16 bit WAV."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes(np.round(np.clip(sound, -1.0, 1.0) * 32767).astype("<i2").tobytes())


def _report(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    codes = [str(o.result.error_code) for o in outcomes if o.result.error_code]
    certain = [round(o.certainty, 4) for o in outcomes if o.certainty is not None]
    report: dict[str, Any] = {
        "recordings": len(outcomes),
        "speakers": len({o.recording.speaker for o in outcomes}),
        "without_words": {code: codes.count(code) for code in sorted(set(codes))},
        "certainty": {
            name: round(float(np.quantile(certain, share)), 4)
            for name, share in (("least", 0.0), ("tenth", 0.1), ("median", 0.5), ("most", 1.0))
        }
        if certain
        else None,
        "written": [
            {
                "name": o.recording.name,
                "certainty": None if o.certainty is None else round(o.certainty, 4),
                "text": o.text or str(o.result.error_code),
            }
            for o in outcomes
        ],
    }
    if all(o.recording.said is not None for o in outcomes):
        report |= _accuracy(outcomes)
    return report


def _accuracy(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    errors = [o.errors for o in outcomes]
    total = sum(errors, WordErrors())
    believed = sum((o.errors for o in outcomes if o.text), WordErrors())

    def rate(rows: Any) -> float:
        return sum((errors[row] for row in rows), WordErrors()).rate

    interval = bootstrap_interval(rate, [o.recording.speaker for o in outcomes])
    return {
        "word_error_rate": total.rate,
        "interval": list(interval),
        "word_error_rate_where_words": believed.rate,
        "said": total.said,
        "substituted": total.substituted,
        "missing": total.missing,
        "added": total.added,
        "exact": float(np.mean([error.rate == 0.0 for error in errors])),
        "fillers_said": sum(_fillers((o.recording.said or "").split()) for o in outcomes),
        "fillers_found": sum(_fillers(o.text.split()) for o in outcomes),
    }


def _fillers(words: Sequence[str]) -> int:
    return sum(find_filler(word) is not None for word in words)
