"""Results of faults: an analysis always returns a result, so that fusion always runs."""

import time
from collections.abc import Callable
from typing import TypeVar

from services.common.contracts.labels import Modality, ModalityStatus
from services.common.contracts.results import ErrorCode, ModalityResult
from services.common.contracts.tasks import Transcription
from services.common.errors import InputError, TemporaryError
from services.common.logging import get_logger

ResultT = TypeVar("ResultT", ModalityResult, Transcription)
log = get_logger(__name__)

TRANSCRIPT_SHARE = 0.95
"""Transcription's share of the work on spoken words."""


def make_failed_result(modality: Modality, code: ErrorCode, reason: str) -> ModalityResult:
    """Return the result of an analysis that could not be made."""
    return ModalityResult(modality=modality, status=ModalityStatus.FAILED, error_code=code, reason=reason)


def make_failed_transcription(code: ErrorCode, reason: str) -> Transcription:
    """Return the transcription of an answer whose words could not be transcribed."""
    return Transcription(error_code=code, reason=reason)


def make_skipped_result(modality: Modality) -> ModalityResult:
    """Return the result of an answer that holds nothing for this modality."""
    if modality is Modality.TEXT:
        code = ErrorCode.TRANSCRIPTION_UNAVAILABLE
        reason = "Spoken answers are not transcribed on this installation; add the text to have it analysed."
    else:
        code = ErrorCode.NOT_PROVIDED
        reason = f"The answer holds no {modality}."
    return ModalityResult(modality=modality, status=ModalityStatus.SKIPPED, error_code=code, reason=reason)


def analyze_or_explain(modality: Modality, analyze: Callable[[], ModalityResult]) -> ModalityResult:
    """Run an analysis; a permanent fault, foreseen or not, becomes a failed result.

    Raises:
        TemporaryError: the same call may work later.
    """
    started = time.perf_counter()
    result = run_or_explain(
        analyze, lambda code, reason: make_failed_result(modality, code, reason), step=modality
    )
    return result.model_copy(update={"elapsed_s": time.perf_counter() - started})


def transcribe_or_explain(transcribe: Callable[[], Transcription]) -> Transcription:
    """Run a transcription; a permanent fault, foreseen or not, becomes a failed transcription.

    Raises:
        TemporaryError: the same call may work later.
    """
    return run_or_explain(transcribe, make_failed_transcription, step="transcript")


def run_or_explain(
    work: Callable[[], ResultT], fail: Callable[[ErrorCode, str], ResultT], *, step: str
) -> ResultT:
    """Return the result of `work`, or the result that `fail` makes of its permanent fault.

    Raises:
        TemporaryError: the same call may work later.
    """
    try:
        return work()
    except InputError as fault:
        return fail(fault.code, fault.reason)
    except MemoryError:
        return fail(ErrorCode.MEDIA_UNSUPPORTED, "The media needs more memory than is allowed.")
    except TemporaryError:
        raise
    except Exception:
        log.exception("analysis_failed", step=step)
        return fail(ErrorCode.INTERNAL, "The analysis failed; the operator finds why in the log.")
