"""Built-in norms: the analyses score people of public corpora, fusion counts them."""

from collections.abc import Callable
from pathlib import Path

from candor.analysis import probe
from services.common.contracts.results import ModalityResult
from services.common.media.files import Progress
from services.common.serving.predictor import Predictor

FILMED_PEOPLE = "grid_*.mpg"
"""Videos in `clips/` of the corpora: ten speakers of GRID, one video each."""
Stage = Callable[[str], Progress]
"""Told the name of what begins; answers what is to be told its share done."""


def make_norms(data: Path, *, models_dir: Path, folder: Path, runs: Path, stage: Stage) -> dict[str, int]:
    """Score everybody and write the files; what was embedded or read before is not computed again.

    Args:
        data: folder of the corpora.
        models_dir: of the served models.
        folder: where the norms are written.
        runs: keeps what is slow to make, in the folders that training keeps it in.
        stage: shows the progress of each part.

    Returns:
        People by file.

    Raises:
        FileNotFoundError: a corpus is missing.
    """
    from fusion.training.norms import write_norms
    from services.audio.training.embeddings import CACHE
    from services.audio.training.norm_people import ordinary_voices
    from services.common.serving.litert import LiteRtPredictor
    from services.text.training.context_reader import KEPT
    from services.text.training.norm_people import speaking_people

    predictor = LiteRtPredictor(models_dir=models_dir)
    return write_norms(
        filmed=filmed_people(data, predictor=predictor, progress=stage("faces")),
        voices=ordinary_voices(data, predictor=predictor, cache=runs / CACHE, progress=stage("voices")),
        spoken=speaking_people(data, predictor=predictor, kept=runs / KEPT, progress=stage("words")),
        models_dir=models_dir,
        folder=folder,
    )


def filmed_people(
    data: Path, *, predictor: Predictor, progress: Progress
) -> list[tuple[ModalityResult, ModalityResult]]:
    """Return voice and face of everybody in the short videos, through the code that serves.

    Raises:
        FileNotFoundError: there are no such videos.
        InputError: one of them has no voice or no face.
    """
    from services.audio.pipeline import analyze as listen
    from services.audio.settings import AudioSettings
    from services.video.pipeline import analyze as watch
    from services.video.settings import VideoSettings

    videos = sorted((data / "clips").glob(FILMED_PEOPLE))
    if not videos:
        raise FileNotFoundError(f"there are no {FILMED_PEOPLE} in {data / 'clips'}")
    found = []
    for number, path in enumerate(videos, start=1):
        media = probe(path)
        voice = listen(media, predictor=predictor, settings=AudioSettings())
        found.append((voice, watch(media, predictor=predictor, settings=VideoSettings())))
        progress(number / len(videos))
    return found
