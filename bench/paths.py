"""The three analyses, each run in turn with its limit (and a peer) on the same file."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.fer_peer import seconds_per_frame
from bench.recordings import decode_sound, decode_video, read_sound, video_duration_s
from bench.stages import (
    StageClock,
    TimedPredictor,
    speech_stages,
    text_stages,
    video_stages,
    voice_stages,
)
from bench.timing import Job, Run, interleave
from services.audio import features
from services.common.contracts.labels import MediaKind, Modality
from services.common.media.files import MediaFile
from services.common.media.types import DOCX, PDF
from services.common.serving.client import open_predictor
from services.common.serving.registry import TEXT_TRAITS
from services.common.settings import CommonSettings

WHOLE, LIMIT, PEER = "whole", "limit", "peer"
TEXT_REPEATS = 20
"""A text takes milliseconds; this many make one run."""

SETTINGS_CLASS = {
    Modality.TEXT: "TextSettings",
    Modality.AUDIO: "AudioSettings",
    Modality.VIDEO: "VideoSettings",
}
CONTENT_TYPE = {
    Modality.TEXT: (MediaKind.TEXT, "text/plain"),
    Modality.AUDIO: (MediaKind.AUDIO, "audio/wav"),
    Modality.VIDEO: (MediaKind.VIDEO, "video/mp4"),
}
DOCUMENT_TYPE = {".pdf": PDF, ".docx": DOCX}


@dataclass(frozen=True, slots=True)
class Measurement:
    """One analysis of one file.

    Attributes:
        title: what was analysed, in a word.
        modality: which analysis.
        limit: what the limit is.
        peer: what else was timed beside it, None for nothing.
        duration_s: of the recording, None for a text.
        units: how many of `unit` the file holds.
        unit: frames or words; empty where seconds say it all.
        runs: by `WHOLE`, `LIMIT` and `PEER`, in the order of the rounds.
    """

    title: str
    modality: Modality
    limit: str
    peer: str | None
    duration_s: float | None
    units: int
    unit: str
    runs: Mapping[str, list[Run]]


def analysis_of(modality: Modality, path: Path, *, predictor: Any = None) -> Callable[[], Any]:
    """Return the pipeline of a modality on a file, as its worker calls it, with the settings of this
    process.
    """
    service = f"services.{modality}"
    settings = getattr(import_module(f"{service}.settings"), SETTINGS_CLASS[modality])()
    analyze = import_module(f"{service}.pipeline").analyze
    kind, content_type = CONTENT_TYPE[modality]
    if path.suffix in DOCUMENT_TYPE:
        kind, content_type = MediaKind.DOCUMENT, DOCUMENT_TYPE[path.suffix]
    media = MediaFile(path=path, kind=kind, content_type=content_type)
    predictor = predictor or open_predictor(CommonSettings())
    return lambda: analyze(media, predictor=predictor, settings=settings)


def measure_video(path: Path, *, runs: int, title: str = "face", fer: Path | None = None) -> Measurement:
    """Measure the video pipeline beside bare decoding of the same file.

    Args:
        path: the clip.
        runs: timed rounds.
        title: of the measurement.
        fer: interpreter of an environment with the `fer` package, to time it on the same frames.
    """
    done = _run(
        Modality.VIDEO, path, stages=video_stages, others={LIMIT: _plain(decode_video, path)}, runs=runs
    )
    frames = decode_video(path)
    if fer is not None:
        each = seconds_per_frame(fer, path, rounds=runs)
        done |= {PEER: [Run(frames * cpu_s, frames * wall_s) for cpu_s, wall_s in each]}
    return Measurement(
        title=title,
        modality=Modality.VIDEO,
        limit="bare decode",
        peer=None if fer is None else "fer, not decoding",
        duration_s=video_duration_s(path),
        units=frames,
        unit="frames",
        runs=done,
    )


def measure_voice(path: Path, *, runs: int) -> Measurement:
    """Measure the voice pipeline beside bare decoding, and beside librosa's MFCC of the same samples."""
    samples = read_sound(path)
    others = {LIMIT: _plain(decode_sound, path), PEER: _plain(mfcc, samples)}
    done = _run(Modality.AUDIO, path, stages=voice_stages, others=others, runs=runs)
    return Measurement(
        title="voice",
        modality=Modality.AUDIO,
        limit="bare decode",
        peer="librosa MFCC",
        duration_s=samples.size / features.SAMPLE_RATE_HZ,
        units=samples.size,
        unit="",
        runs=done,
    )


def measure_speech(path: Path, *, runs: int) -> Measurement:
    """Measure transcription beside bare decoding.

    Raises:
        ValueError: there is no transcriber; the message says why.
    """
    from services.audio.settings import AudioSettings
    from services.audio.spoken import transcribe
    from services.audio.transcription import Unavailable, open_transcriber

    settings, media = AudioSettings(), MediaFile(path, *CONTENT_TYPE[Modality.AUDIO])
    transcriber = open_transcriber(settings)
    if isinstance(transcriber, Unavailable):
        raise ValueError(transcriber.reason)
    samples = read_sound(path)
    with speech_stages() as clock:

        def whole() -> Mapping[str, float]:
            transcribe(media, transcriber=transcriber, settings=settings)
            return clock.take()

        done = interleave({LIMIT: _plain(decode_sound, path), WHOLE: whole}, runs=runs, repeats=1)
    return Measurement(
        title="speech written down",
        modality=Modality.AUDIO,
        limit="bare decode",
        peer=None,
        duration_s=samples.size / features.SAMPLE_RATE_HZ,
        units=samples.size,
        unit="",
        runs=done,
    )


def measure_text(path: Path, *, runs: int) -> Measurement:
    """Measure the text pipeline beside nothing but its network, on a row that is ready."""
    predictor = open_predictor(CommonSettings())
    row = np.zeros((1, *_row_shape(predictor)), np.float32)
    others = {LIMIT: _plain(predictor.predict, TEXT_TRAITS, row)}
    done = _run(Modality.TEXT, path, stages=text_stages, others=others, runs=runs, repeats=TEXT_REPEATS)
    return Measurement(
        title="words",
        modality=Modality.TEXT,
        limit="network alone",
        peer=None,
        duration_s=None,
        units=len(path.read_text(encoding="utf-8").split()),
        unit="words",
        runs=done,
    )


def measure_document(path: Path, *, pages: int, runs: int) -> Measurement:
    """Measure the text pipeline on a document beside reading it alone, which is done in a process of
    its own.
    """
    from services.text.documents import read_document
    from services.text.settings import TextSettings

    media = MediaFile(path=path, kind=MediaKind.DOCUMENT, content_type=DOCUMENT_TYPE[path.suffix])
    others = {LIMIT: _plain(read_document, media, TextSettings())}
    done = _run(Modality.TEXT, path, stages=text_stages, others=others, runs=runs)
    return Measurement(
        title=f"words of a {path.suffix[1:].upper()}",
        modality=Modality.TEXT,
        limit="reading alone",
        peer=None,
        duration_s=None,
        units=pages,
        unit="pages",
        runs=done,
    )


def mfcc(samples: NDArray[np.float32]) -> None:
    """Compute librosa's MFCC with the geometry of our log-mel, over all samples."""
    from librosa.feature import mfcc as librosa_mfcc

    librosa_mfcc(
        y=samples,
        sr=features.SAMPLE_RATE_HZ,
        n_fft=features.N_FFT,
        hop_length=features.HOP_LENGTH,
        n_mels=features.N_MELS,
        fmin=features.FMIN_HZ,
        fmax=features.FMAX_HZ,
    )


def _row_shape(predictor: Any) -> tuple[int, ...]:
    return tuple(predictor.manifest(TEXT_TRAITS).input.shape[1:])


def _plain(function: Callable[..., Any], *args: Any) -> Job:
    """Return a job without stages."""

    def job() -> Mapping[str, float]:
        function(*args)
        return {}

    return job


def _run(
    modality: Modality,
    path: Path,
    *,
    stages: Callable[[], AbstractContextManager[StageClock]],
    others: Mapping[str, Job],
    runs: int,
    repeats: int = 1,
) -> dict[str, list[Run]]:
    """Run the limit, the peer and the whole analysis in turn."""
    with stages() as clock:
        predictor = TimedPredictor(open_predictor(CommonSettings()), clock)
        analyze = analysis_of(modality, path, predictor=predictor)

        def whole() -> Mapping[str, float]:
            analyze()
            return clock.take()

        return interleave({**others, WHOLE: whole}, runs=runs, repeats=repeats)
