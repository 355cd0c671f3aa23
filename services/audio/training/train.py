"""Measure and fit `voice_emotion`, and publish what is better: `candor train voice`."""

import logging
from pathlib import Path

from services.audio.training.classifier import Classifier
from services.audio.training.corpora import Corpus, load_both
from services.audio.training.dataset import RAVDESS_LABELS
from services.audio.training.embeddings import CACHE
from services.audio.training.encoder import export_encoder
from services.audio.training.measure import SEEDS, Measured, measure, save
from services.audio.training.protocols import tuned
from services.audio.training.publish import held_out_scores, publish
from services.audio.training.voices import fit_voices
from services.common.media.files import Progress, ignore_progress
from services.common.serving.litert import LiteRtPredictor
from services.common.serving.registry import VOICE_EMOTION, VOICE_ENCODER, Manifest
from services.training.folders import Folders
from services.training.publishing import Outcome, publish_if_better, read_served

EMBEDDING_SHARE = 0.5
"""Share of the work that the embeddings are, the first time."""
log = logging.getLogger(__name__)


def train(
    data: Path,
    folders: Folders,
    *,
    seed: int = 0,
    publish_anyway: bool = False,
    progress: Progress = ignore_progress,
) -> list[Outcome]:
    """Train on RAVDESS actors 01 to 20 and EMO-DB, and publish where that is better than what is served.

    All protocols run first: every reported figure, the temperature and the lowering of confidence rest
    on people whom the scoring classifier never heard. The published classifier is then fitted on all of
    them. Embeddings are kept among the runs and not made again.

    Args:
        data: folder of the corpora.
        folders: where versions and results are written; the encoder is written first if it is missing.
        seed: of the published classifier and the first of three seeds of the protocols.
        publish_anyway: publish it, better or not.
        progress: told the share of the work done.

    Returns:
        What became of `voice_emotion`.

    Raises:
        FileNotFoundError: a corpus is not in that folder.
    """
    if not (folders.models / VOICE_ENCODER).is_dir():
        export_encoder(folders.models)
    predictor = LiteRtPredictor(models_dir=folders.models)
    ravdess, emodb = load_both(
        data,
        predictor=predictor,
        degraded=True,
        cache=folders.runs / CACHE,
        progress=_part(progress, 0.0, EMBEDDING_SHARE),
    )
    measured = measure(
        ravdess,
        emodb,
        seeds=[seed + number for number in SEEDS],
        progress=_part(progress, EMBEDDING_SHARE, 0.95),
    )
    outcome = publish_measured(
        measured,
        ravdess,
        emodb,
        folders,
        encoder=predictor.manifest(VOICE_ENCODER),
        seed=seed,
        anyway=publish_anyway,
    )
    progress(1.0)
    return [outcome]


def publish_measured(
    measured: Measured,
    ravdess: Corpus,
    emodb: Corpus,
    folders: Folders,
    *,
    encoder: Manifest,
    seed: int,
    anyway: bool,
) -> Outcome:
    """Compare what was measured with what is served; where it is better, fit the classifier and publish it.

    Args:
        measured: all protocols.
        ravdess: what the classifier is fitted on.
        emodb: likewise.
        folders: where the version and the results are written.
        encoder: manifest of the encoder that made the embeddings.
        seed: of the fit.
        anyway: publish it, better or not.
    """
    held_out = held_out_scores(measured, ravdess, emodb)

    def export() -> Manifest:
        return publish(
            fit_final(ravdess, emodb, seed=seed),
            held_out=held_out,
            measured=measured,
            voices=fit_voices(ravdess, emodb, seed=seed),
            ravdess=ravdess,
            emodb=emodb,
            encoder=encoder,
            seed=seed,
            models_dir=folders.models,
        )

    served = read_served(folders.models, VOICE_EMOTION)
    outcome = publish_if_better(VOICE_EMOTION, held_out, served, export, anyway=anyway)
    if folders.results is not None and outcome.manifest is not None:
        log.info("results: %s", save(measured, ravdess, emodb, folder=folders.results).name)
    return outcome


def fit_final(ravdess: Corpus, emodb: Corpus, *, seed: int) -> Classifier:
    """Fit the served classifier: all people of both corpora, penalty chosen on inner folds."""
    helper = emodb.under(RAVDESS_LABELS)
    return tuned(
        [ravdess.clean, *ravdess.copies],
        [part.of(helper.usable) for part in (helper.clean, *helper.copies)],
        n_classes=len(RAVDESS_LABELS),
        seed=seed,
    )


def _part(progress: Progress, start: float, end: float) -> Progress:
    return lambda share: progress(start + (end - start) * share)
