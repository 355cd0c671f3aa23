"""The audio worker: `python -m services.audio.tasks` takes messages from the queue `audio`."""

from functools import cache

from services.audio.features import warm_up
from services.audio.pipeline import analyze
from services.audio.settings import AudioSettings
from services.audio.spoken import transcribe
from services.audio.transcription import Transcriber, Unavailable, open_transcriber
from services.common.contracts.labels import Modality
from services.common.contracts.results import ModalityResult
from services.common.contracts.tasks import AnalyzeTask, Transcription
from services.common.media.files import MediaFile, Progress
from services.common.serving.predictor import Predictor
from services.common.work.worker import run_analysis_worker


def main() -> None:
    """Run the worker until it is told to stop."""
    settings = AudioSettings()

    @cache
    def load_transcriber() -> Transcriber | Unavailable:
        """Open the transcriber for the first spoken answer; the process of the pool keeps it."""
        return open_transcriber(settings)

    def analyze_media(
        media: MediaFile, predictor: Predictor, progress: Progress, task: AnalyzeTask
    ) -> ModalityResult:
        return analyze(
            media, predictor=predictor, settings=settings, progress=progress, enrolment=task.enrolment
        )

    def transcribe_media(media: MediaFile, progress: Progress) -> Transcription:
        return transcribe(media, transcriber=load_transcriber(), settings=settings, progress=progress)

    run_analysis_worker(Modality.AUDIO, analyze_media, transcribe=transcribe_media, warm_up=warm_up)


if __name__ == "__main__":
    main()
