"""The worker of an analysis service: its tasks on a Celery application, and its process."""

from collections.abc import Callable
from typing import Any

from celery import Celery, Task

from services.common.contracts.labels import Modality
from services.common.contracts.tasks import ANALYZE_TASK, AUDIO_TRANSCRIBE, QUEUE_OF_TASK
from services.common.logging import configure_logging
from services.common.serving.client import check_model_server
from services.common.settings import CommonSettings
from services.common.work.messaging import create_celery, run_worker
from services.common.work.runtime import (
    AnalysisRuntime,
    Analyze,
    AnalyzeSpoken,
    Transcribe,
    TranscriptionRuntime,
)


def create_analysis_worker(
    settings: CommonSettings,
    *,
    modality: Modality,
    analyze: Analyze,
    analyze_spoken: AnalyzeSpoken | None = None,
    transcribe: Transcribe | None = None,
) -> Celery:
    """Create the Celery application with the tasks of an analysis service.

    Args:
        settings: where Redis, store and models are.
        modality: of the service.
        analyze: analyses media.
        analyze_spoken: analyses a transcript; only the text service has it.
        transcribe: only the audio service has it.
    """
    app = create_celery(settings)
    analysis = AnalysisRuntime(settings, modality=modality, analyze=analyze, analyze_spoken=analyze_spoken)

    def analyze_task(self: "Task[Any, Any]", *, payload: dict[str, Any]) -> dict[str, Any]:
        return analysis.run(self, payload).model_dump(mode="json")

    # A chord counts results without Celery's own copy of them, which would outlive an erasure.
    app.task(name=ANALYZE_TASK[modality], bind=True, ignore_result=True)(analyze_task)
    if transcribe is not None:
        transcription = TranscriptionRuntime(settings, transcribe=transcribe)

        def transcribe_task(self: "Task[Any, Any]", *, payload: dict[str, Any]) -> None:
            transcription.run(self, payload)

        app.task(name=AUDIO_TRANSCRIBE, bind=True, ignore_result=True)(transcribe_task)
    return app


def run_analysis_worker(
    modality: Modality,
    analyze: Analyze,
    *,
    analyze_spoken: AnalyzeSpoken | None = None,
    transcribe: Transcribe | None = None,
    warm_up: Callable[[], None] | None = None,
) -> None:
    """Run the worker of `modality` until it is told to stop."""
    settings = CommonSettings()
    configure_logging(level=settings.log_level, json=settings.log_json)
    app = create_analysis_worker(
        settings, modality=modality, analyze=analyze, analyze_spoken=analyze_spoken, transcribe=transcribe
    )
    queue = QUEUE_OF_TASK[ANALYZE_TASK[modality]]
    run_worker(app, settings, queue=queue, check=lambda: check_model_server(settings), warm_up=warm_up)
