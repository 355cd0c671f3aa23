"""Traits of people who speak, by the served model, which learned from what other people wrote."""

from collections.abc import Sequence
from pathlib import Path

from services.common.contracts.labels import TRAITS, Modality, ModalityStatus
from services.common.contracts.results import ModalityResult
from services.common.media.files import Progress, ignore_progress
from services.common.serving.predictor import Predictor
from services.common.serving.registry import TEXT_TRAITS
from services.text.features import is_word, tokenize
from services.text.pipeline import score_texts
from services.text.settings import TextSettings
from services.text.training.context_reader import keeping_reader
from services.text.training.dataset import FIRST_IMPRESSIONS, load_corpus
from services.text.trait_model import load_trait_model


def speaking_people(
    data: Path, *, predictor: Predictor, kept: Path, progress: Progress = ignore_progress
) -> list[ModalityResult]:
    """Return a result for everyone in First Impressions of whom enough words are at hand.

    The clips of one video are one text, as an answer is: alone they have 15 seconds. Videos with fewer words
    than an answer needs are left out.

    Args:
        data: folder of the corpora.
        predictor: runs `text_traits`, and its encoder where it has one.
        kept: folder of what the encoder read before.
        progress: told the share of the work done.

    Raises:
        FileNotFoundError: the corpus is not in that folder.
    """
    corpus = load_corpus(data, FIRST_IMPRESSIONS)
    whole: dict[str, list[str]] = {}
    for person, text in zip(corpus.groups.tolist(), corpus.texts, strict=True):
        whole.setdefault(person, []).append(text)
    fewest = TextSettings().min_words
    texts = [text for text in map(" ".join, whole.values()) if _words(text) >= fewest]
    return _results(texts, predictor, progress, kept)


def _words(text: str) -> int:
    return sum(map(is_word, tokenize(text)))


def _results(
    texts: Sequence[str], predictor: Predictor, progress: Progress, kept: Path
) -> list[ModalityResult]:
    contexts = None
    if load_trait_model(predictor).reads_context:
        read = keeping_reader(predictor, folder=kept, progress=progress)
        contexts = list(read([tokenize(text) for text in texts]))
    rows = score_texts(list(texts), predictor=predictor, contexts=contexts)
    models = [predictor.manifest(TEXT_TRAITS).ref]
    return [
        ModalityResult(
            modality=Modality.TEXT,
            status=ModalityStatus.SUCCEEDED,
            traits={trait: float(value) for trait, value in zip(TRAITS, row, strict=True)},
            models=models,
        )
        for row in rows
    ]
