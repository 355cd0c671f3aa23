"""The video worker: `python -m services.video.tasks` takes messages off the queue `video`."""

from services.common.contracts.labels import Modality
from services.common.contracts.results import ModalityResult
from services.common.contracts.tasks import AnalyzeTask
from services.common.media.files import MediaFile, Progress
from services.common.serving.predictor import Predictor
from services.common.work.worker import run_analysis_worker
from services.video.pipeline import analyze
from services.video.settings import VideoSettings


def main() -> None:
    """Run the worker until it is told to stop."""
    settings = VideoSettings()

    def analyze_media(
        media: MediaFile, predictor: Predictor, progress: Progress, _task: AnalyzeTask
    ) -> ModalityResult:
        return analyze(media, predictor=predictor, settings=settings, progress=progress)

    run_analysis_worker(Modality.VIDEO, analyze_media)


if __name__ == "__main__":
    main()
