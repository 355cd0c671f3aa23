"""A worker for `tests/integration/test_worker.py`: its analysis obeys a command in the media.

It writes a line to `$TRIAL_FOLDER/starts` whenever an analysis starts and one to `reports` whenever
fusion runs.
"""

import os
import signal
import time
from pathlib import Path

from services.common.contracts.labels import EMOTIONS, Modality, ModalityStatus
from services.common.contracts.results import ErrorCode, ModalityResult
from services.common.contracts.tasks import FUSION_COMBINE, CombineTask
from services.common.errors import InputError, TemporaryError
from services.common.logging import configure_logging
from services.common.messaging import run_worker
from services.common.settings import CommonSettings
from services.common.worker import create_analysis_worker

FOLDER = Path(os.environ["TRIAL_FOLDER"])


def _append(name: str, line: str) -> int:
    with (FOLDER / name).open("a") as file:
        file.write(line + "\n")
    return len((FOLDER / name).read_text().splitlines())


def obey(media, predictor, progress, task) -> ModalityResult:
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
    if command == "hang-once" and start == 1:
        progress(0.5)
        time.sleep(600)
    if command == "tell-enrolment":
        _append("enrolments", str(task.enrolment and task.enrolment.mean))
    return ModalityResult(
        modality=Modality.VIDEO,
        status=ModalityStatus.SUCCEEDED,
        emotions=dict.fromkeys(EMOTIONS, 1 / 7),
    )


def main() -> None:
    settings = CommonSettings()
    configure_logging()
    app = create_analysis_worker(settings, modality=Modality.VIDEO, analyze=obey)

    @app.task(name=FUSION_COMBINE)
    def combine(results, *, payload):
        task = CombineTask.model_validate(payload)
        outcomes = [ModalityResult.model_validate(result) for result in results]
        words = " ".join(f"{r.modality}:{r.status}:{r.error_code}" for r in outcomes)
        _append("reports", f"{task.assessment_id} {words}")

    run_worker(app, settings, queue="video,fusion")


if __name__ == "__main__":
    main()
