"""A worker for `tests/integration/test_worker.py`: its work obeys a command in the media.

With `TRIAL_ROLE=words` it transcribes and analyses words, else it analyses faces.

It writes a line to `$TRIAL_FOLDER/starts` whenever an analysis starts, one to `reports` whenever fusion
runs, and one to `warm` with its number whenever a process of the pool warms up.
"""

import os
import signal
import time
from pathlib import Path

from services.common.contracts.labels import EMOTIONS, Modality, ModalityStatus
from services.common.contracts.model_ref import ModelRef
from services.common.contracts.results import ErrorCode, ModalityResult
from services.common.contracts.tasks import FUSION_COMBINE, CombineTask, Transcription
from services.common.contracts.text import Transcript
from services.common.errors import InputError, TemporaryError
from services.common.logging import configure_logging
from services.common.settings import CommonSettings
from services.common.work.messaging import run_worker
from services.common.work.outcomes import make_failed_result
from services.common.work.worker import create_analysis_worker

FOLDER = Path(os.environ["TRIAL_FOLDER"])


def _append(name: str, line: str) -> int:
    with (FOLDER / name).open("a") as file:
        file.write(line + "\n")
    return len((FOLDER / name).read_text().splitlines())


def begin(media, progress) -> str:
    """Read the command, note that work started, and go wrong as it asks."""
    command = media.path.read_text()
    start = _append("starts", command)
    if command == "corrupt":
        raise InputError(ErrorCode.MEDIA_CORRUPT, "The file cannot be decoded; record it again.")
    if command == "bug":
        raise ZeroDivisionError
    if command == "unavailable-once" and start == 1:
        raise TemporaryError(ErrorCode.MODEL_UNAVAILABLE, "The model server did not answer.")
    if command == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    while command == "until-erased":
        progress(0.5)
        time.sleep(0.05)
    if command == "hang-once" and start == 1:
        progress(0.5)
        time.sleep(600)
    return command


def obey(media, predictor, progress, task) -> ModalityResult:
    if begin(media, progress) == "tell-enrolment":
        _append("enrolments", str(task.enrolment and task.enrolment.mean))
    return ModalityResult(
        modality=Modality.VIDEO,
        status=ModalityStatus.SUCCEEDED,
        emotions=dict.fromkeys(EMOTIONS, 1 / 7),
    )


def transcribe(media, progress) -> Transcription:
    command = begin(media, progress)
    if command == "mumble":
        return Transcription(error_code=ErrorCode.NO_SPEECH, reason="Nobody speaks.")
    return Transcription(
        transcript=Transcript(
            text="a wise sentence", duration_s=2.0, model=ModelRef(name="transcriber", version=1)
        )
    )


def read_words(spoken, predictor, progress) -> ModalityResult:
    progress(0.5)
    if spoken.transcript is None:
        return make_failed_result(Modality.TEXT, spoken.error_code, spoken.reason)
    _append("words", spoken.transcript.text)
    return ModalityResult(
        modality=Modality.TEXT, status=ModalityStatus.SUCCEEDED, transcript=spoken.transcript
    )


def warm_up() -> None:
    _append("warm", str(os.getpid()))


def main() -> None:
    settings = CommonSettings()
    configure_logging()
    words = os.environ.get("TRIAL_ROLE") == "words"
    app = create_analysis_worker(
        settings,
        modality=Modality.TEXT if words else Modality.VIDEO,
        analyze=obey,
        analyze_spoken=read_words,
        transcribe=transcribe,
    )

    @app.task(name=FUSION_COMBINE)
    def combine(results, *, payload):
        task = CombineTask.model_validate(payload)
        outcomes = [ModalityResult.model_validate(result) for result in results]
        words = " ".join(f"{r.modality}:{r.status}:{r.error_code}" for r in outcomes)
        _append("reports", f"{task.assessment_id} {words}")

    queue = "text,audio,fusion" if words else "video,fusion"
    run_worker(app, settings, queue=queue, warm_up=warm_up)


if __name__ == "__main__":
    main()
