"""The text worker: `python -m services.text.tasks` takes messages off the queue `text`."""

from services.common.contracts.labels import Modality
from services.common.contracts.results import ModalityResult
from services.common.contracts.tasks import AnalyzeTask, Transcription
from services.common.media.files import MediaFile, Progress
from services.common.serving.predictor import Predictor
from services.common.work.worker import run_analysis_worker
from services.text.pipeline import analyze, analyze_transcript
from services.text.settings import TextSettings


def main() -> None:
    """Run the worker until it is told to stop."""
    settings = TextSettings()

    def analyze_media(
        media: MediaFile, predictor: Predictor, progress: Progress, _task: AnalyzeTask
    ) -> ModalityResult:
        return analyze(media, predictor=predictor, settings=settings, progress=progress)

    def analyze_spoken(spoken: Transcription, predictor: Predictor, progress: Progress) -> ModalityResult:
        return analyze_transcript(spoken, predictor=predictor, settings=settings, progress=progress)

    run_analysis_worker(Modality.TEXT, analyze_media, analyze_spoken=analyze_spoken)


if __name__ == "__main__":
    main()
