"""The audio worker: `python -m services.audio.tasks` takes messages off the queue `audio`."""

from services.audio.pipeline import analyze
from services.audio.settings import AudioSettings
from services.common.contracts.labels import Modality
from services.common.contracts.results import ModalityResult
from services.common.contracts.tasks import AnalyzeTask
from services.common.media import MediaFile, Progress
from services.common.serving.client import Predictor
from services.common.worker import run_analysis_worker


def main() -> None:
    """Run the worker until it is told to stop."""
    settings = AudioSettings()

    def analyze_media(
        media: MediaFile, predictor: Predictor, progress: Progress, task: AnalyzeTask
    ) -> ModalityResult:
        return analyze(
            media, predictor=predictor, settings=settings, progress=progress, enrolment=task.enrolment
        )

    run_analysis_worker(Modality.AUDIO, analyze_media)


if __name__ == "__main__":
    main()
