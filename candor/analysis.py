"""One answer analysed without a server: each modality in a process of its own, then fusion."""

import importlib
import multiprocessing
import os
import resource
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from fusion.benchmark import Others
from fusion.references import load_references
from fusion.reliability import ModelCards
from fusion.report import fuse, voice_summary
from fusion.settings import FusionSettings
from services.common.contracts.labels import MODALITIES_OF, MediaKind, Modality
from services.common.contracts.notices import EMOTION_RESTRICTED
from services.common.contracts.results import ErrorCode, ModalityResult, Report
from services.common.contracts.voice import VoiceSummary
from services.common.errors import CandorError
from services.common.media.files import MediaFile, Progress, scale_progress
from services.common.media.types import ADVICE, HEAD_BYTES, infer_media_kind, sniff
from services.common.serving.predictor import Predictor
from services.common.settings import CommonSettings
from services.common.work.outcomes import (
    TRANSCRIPT_SHARE,
    analyze_or_explain,
    make_failed_result,
    make_skipped_result,
    transcribe_or_explain,
)

SETTINGS_CLASS = {
    Modality.TEXT: "TextSettings",
    Modality.AUDIO: "AudioSettings",
    Modality.VIDEO: "VideoSettings",
}
OUR_FAULT = frozenset({ErrorCode.INTERNAL, ErrorCode.MODEL_UNAVAILABLE, ErrorCode.WORKER_LOST})
"""Codes that say nothing against the file; the log of the modality says more."""

SPOKEN = (MediaKind.VIDEO, MediaKind.AUDIO)
LOG_TAIL_BYTES = 2000
ModalityProgress = Callable[[Modality, float], None]
"""Called with a modality and the share of its work that is done."""


class UnusableFileError(CandorError):
    """There is nothing in the file that could be analysed; the message says why."""


class AnalysisError(CandorError):
    """This installation could not analyse anything, whatever the file; the message says why."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """A report, and what making it took.

    Attributes:
        report: as a server would store it, without a cohort.
        peak_bytes: largest resident memory of each modality's process.
        logs: what a process wrote on stderr, where its modality failed for a reason of its own.
    """

    report: Report
    peak_bytes: Mapping[Modality, int]
    logs: Mapping[Modality, str]


@dataclass(slots=True)
class _Work:
    """One modality in progress in its process."""

    modality: Modality
    process: BaseProcess
    receiver: Connection
    log: Path
    result: ModalityResult | None = None
    peak_bytes: int = 0
    done: bool = field(default=False)


def probe(path: Path) -> MediaFile:
    """Find out what `path` is, from its bytes.

    Raises:
        UnusableFileError: missing, unreadable, empty or of no accepted type.
    """
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as fault:
        raise UnusableFileError(f"{path}: cannot be read ({fault.strerror}).") from fault
    if not head:
        raise UnusableFileError(f"{path}: the file is empty.")
    media_type = sniff(head)
    kind = infer_media_kind(media_type)
    if kind is None:
        raise UnusableFileError(
            f"{path}: holds {media_type}, which is neither video, sound, PDF, Word (.docx) nor plain text. "
            + ADVICE.get(media_type, "Convert it to MP4, WebM, WAV, PDF or UTF-8 text.")
        )
    return MediaFile(path=path.resolve(), kind=kind, content_type=media_type)


def analyze_file(
    media: MediaFile,
    *,
    progress: ModalityProgress,
    enrolment: VoiceSummary | None = None,
    cores: int | None = None,
) -> Analysis:
    """Analyse one answer and combine what came out.

    Args:
        media: from `probe`.
        progress: told how far each modality is.
        enrolment: mean voice of the same person's earlier recordings.
        cores: how many modalities run at once; by default what this process may use.
    """
    wanted = [modality for modality in Modality if _has_something_for(media.kind, modality)]
    with tempfile.TemporaryDirectory(prefix="candor-") as folder:
        finished = _run_all(
            wanted, media, Path(folder), progress, enrolment=enrolment, limit=cores or usable_cores()
        )
        logs = {work.modality: _tail(work.log) for work in finished if _is_our_fault(work.result)}
    results = [work.result for work in finished if work.result is not None]
    results += [make_skipped_result(modality) for modality in Modality if modality not in wanted]
    return Analysis(
        report=fuse_without_cohort(results, name=media.path.name),
        peak_bytes={work.modality: work.peak_bytes for work in finished},
        logs=logs,
    )


def summarise_voice(media: MediaFile, *, progress: ModalityProgress) -> VoiceSummary:
    """Compute the mean voice of one recording, to compare another one of the same person with.

    Args:
        media: from `probe`.
        progress: told how far it is.

    Raises:
        UnusableFileError: there is no voice in it that could be compared with.
        AnalysisError: this installation could not find out.
    """
    if not _has_something_for(media.kind, Modality.AUDIO):
        raise UnusableFileError(f"{media.path}: there is no voice in a {media.kind} to compare with.")
    with tempfile.TemporaryDirectory(prefix="candor-") as folder:
        [work] = _run_all([Modality.AUDIO], media, Path(folder), progress, enrolment=None, limit=1)
        log = _tail(work.log)
    result = work.result
    summary = None if result is None else voice_summary([result])
    if result is None or _is_our_fault(result):
        raise AnalysisError(f"{media.path}: the voice could not be analysed. {log}")
    if summary is None:
        reason = result.reason or "No mean voice came out; a longer recording may help."
        raise UnusableFileError(f"{media.path}: there is no voice to compare with. {reason}")
    return summary


def fuse_without_cohort(results: Sequence[ModalityResult], *, name: str) -> Report:
    """Make the report of a file, which belongs to no tenant and is compared with no cohort."""
    settings = FusionSettings()
    report, _ = fuse(
        results,
        assessment_id=f"file:{name}",
        purpose="self_practice",
        policy=[EMOTION_RESTRICTED],
        settings=settings,
        cards=ModelCards(CommonSettings().models_dir),
        references=load_references(settings.norms_dir),
        read_others=lambda _: Others(),
        created_at=datetime.now(UTC),
    )
    return report


def usable_cores() -> int:
    """Return processor cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _has_something_for(kind: MediaKind, modality: Modality) -> bool:
    """Tell whether a file of this kind feeds a modality."""
    return modality in MODALITIES_OF[kind]


def _run_all(
    modalities: Sequence[Modality],
    media: MediaFile,
    folder: Path,
    progress: ModalityProgress,
    *,
    enrolment: VoiceSummary | None,
    limit: int,
) -> list[_Work]:
    """Run every modality, at most `limit` at once, and collect the results."""
    waiting, active, finished = list(modalities), list[_Work](), list[_Work]()
    try:
        while waiting or active:
            while waiting and len(active) < limit:
                active.append(_start(waiting.pop(0), media, folder, enrolment))
            for ready in wait([work.receiver for work in active]):
                work = next(work for work in active if work.receiver is ready)
                _receive(work, progress)
            finished += [work for work in active if work.done]
            active = [work for work in active if not work.done]
    finally:
        for work in active:
            work.process.kill()
            work.process.join()
    return finished


def _start(modality: Modality, media: MediaFile, folder: Path, enrolment: VoiceSummary | None) -> _Work:
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    log = folder / f"{modality}.log"
    options = {"enrolment": enrolment} if modality is Modality.AUDIO else {}
    process = context.Process(target=_run_one, args=(modality, media, log, sender, options), daemon=True)
    process.start()
    sender.close()  # so that the receiver sees the end when the process dies
    return _Work(modality, process, receiver, log)


def _receive(work: _Work, progress: ModalityProgress) -> None:
    """Take one message; the end of the messages is the end of the process."""
    try:
        message = work.receiver.recv()
    except EOFError:
        work.process.join()
        work.done = True
        if work.result is None:
            reason = f"The media ended the analysis ({work.process.exitcode}); convert it to another format."
            work.result = make_failed_result(work.modality, ErrorCode.WORKER_LOST, reason)
        progress(work.modality, 1.0)
        return
    if isinstance(message, float):
        progress(work.modality, message)
    else:
        document, work.peak_bytes = message
        work.result = ModalityResult.model_validate_json(document)


def _run_one(
    modality: Modality, media: MediaFile, log: Path, sender: Connection, options: Mapping[str, object]
) -> None:
    """Analyse in the modality's own process; send the progress, then the result.

    `options` are further arguments of the modality's `analyze`.
    """
    with log.open("wb") as file:  # decoders and runtimes chatter on stderr
        os.dup2(file.fileno(), sys.stderr.fileno())
    from services.common.logging import configure_logging
    from services.common.serving.client import open_predictor

    common = CommonSettings()
    configure_logging(level=common.log_level)

    def run() -> ModalityResult:
        predictor = open_predictor(common)
        if modality is Modality.TEXT and media.kind in SPOKEN:
            return _analyze_words(media, predictor, sender.send)
        analyze = importlib.import_module(f"services.{modality}.pipeline").analyze
        result: ModalityResult = analyze(
            media, predictor=predictor, settings=_settings(modality), progress=sender.send, **options
        )
        return result

    from services.common.errors import TemporaryError

    try:
        result = analyze_or_explain(modality, run)
    except TemporaryError as fault:
        result = make_failed_result(modality, fault.code, fault.reason)
    sender.send((result.model_dump_json(), _peak_bytes()))
    sender.close()


def _settings(modality: Modality) -> Any:
    return getattr(importlib.import_module(f"services.{modality}.settings"), SETTINGS_CLASS[modality])()


def _analyze_words(media: MediaFile, predictor: Predictor, progress: Progress) -> ModalityResult:
    """Transcribe, then analyse the words, as the audio and the text worker do one after the other."""
    from services.audio.spoken import transcribe
    from services.audio.transcription import open_transcriber
    from services.text.pipeline import analyze_transcript

    settings = _settings(Modality.AUDIO)
    spoken = transcribe_or_explain(
        lambda: transcribe(
            media,
            transcriber=open_transcriber(settings),
            settings=settings,
            progress=scale_progress(progress, 0.0, TRANSCRIPT_SHARE),
        )
    )
    return analyze_transcript(
        spoken,
        predictor=predictor,
        settings=_settings(Modality.TEXT),
        progress=scale_progress(progress, TRANSCRIPT_SHARE, 1.0),
    )


def _peak_bytes() -> int:
    """Return the largest resident memory of this process so far. Linux counts in KiB, macOS in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _is_our_fault(result: ModalityResult | None) -> bool:
    return result is not None and result.error_code in OUR_FAULT


def _tail(path: Path) -> str:
    return path.read_bytes()[-LOG_TAIL_BYTES:].decode(errors="replace") if path.exists() else ""
