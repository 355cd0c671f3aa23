"""The video worker: `python -m services.video.tasks` takes messages off the queue `video`."""

from typing import Any

from celery import Celery, Task

from services.common.contracts.labels import Modality
from services.common.contracts.results import ModalityResult
from services.common.contracts.tasks import QUEUE_OF_TASK, VIDEO_ANALYZE
from services.common.logging import configure_logging
from services.common.media import MediaFile, Progress
from services.common.messaging import create_celery, run_worker
from services.common.serving.client import Predictor
from services.common.settings import CommonSettings
from services.common.worker import AnalysisRuntime
from services.video.pipeline import analyze
from services.video.settings import VideoSettings


def create_worker(common: CommonSettings, settings: VideoSettings) -> Celery:
    """The Celery application with the one task of this service."""

    def analyze_media(media: MediaFile, predictor: Predictor, progress: Progress) -> ModalityResult:
        return analyze(media, predictor=predictor, settings=settings, progress=progress)

    runtime = AnalysisRuntime(common, modality=Modality.VIDEO, analyze=analyze_media)
    app = create_celery(common)

    def analyze_video(self: "Task[Any, Any]", *, payload: dict[str, Any]) -> dict[str, Any]:
        return runtime.run(self, payload)

    app.task(name=VIDEO_ANALYZE, bind=True)(analyze_video)
    return app


def main() -> None:
    """Run the worker until it is told to stop."""
    common = CommonSettings()
    configure_logging(level=common.log_level, json=common.log_json)
    run_worker(create_worker(common, VideoSettings()), queue=QUEUE_OF_TASK[VIDEO_ANALYZE])


if __name__ == "__main__":
    main()
