"""The audio worker: `python -m services.audio.tasks` takes messages off the queue `audio`."""

from services.audio.pipeline import analyze
from services.audio.settings import AudioSettings
from services.common.contracts.labels import Modality
from services.common.contracts.results import ErrorCode, ModalityResult
from services.common.contracts.tasks import AnalyzeTask, Transcription
from services.common.media import MediaFile, Progress
from services.common.outcomes import no_transcript
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

    run_analysis_worker(Modality.AUDIO, analyze_media, transcribe=transcribe_media)


def transcribe_media(_media: MediaFile, _progress: Progress) -> Transcription:
    """Say that this service has no transcriber yet."""
    return no_transcript(ErrorCode.TRANSCRIPTION_UNAVAILABLE, "Spoken answers are not transcribed yet.")


if __name__ == "__main__":
    main()
