"""Measure, fit and export `voice_emotion`: `python -m services.audio.training.train --data DIR`."""

import argparse
import logging
from pathlib import Path

from services.audio.training.classifier import Classifier
from services.audio.training.corpora import Corpus, load
from services.audio.training.dataset import RAVDESS_LABELS
from services.audio.training.encoder import export_encoder
from services.audio.training.measure import SEEDS, measure, save
from services.audio.training.protocols import tuned
from services.audio.training.publish import publish
from services.audio.training.voices import fit_voices
from services.common.media.files import Progress, ignore_progress
from services.common.serving.litert import LiteRtPredictor
from services.common.serving.registry import VOICE_ENCODER, Manifest
from services.common.settings import REPOSITORY

EMBEDDING_SHARE = 0.5
"""Share of the work that the embeddings are, the first time."""
log = logging.getLogger(__name__)


def train(
    data: Path,
    *,
    models_dir: Path,
    seed: int = 0,
    progress: Progress = ignore_progress,
    keep_results: bool = True,
) -> Manifest:
    """Train on RAVDESS actors 01 to 20 and EMO-DB, and export a new version.

    All protocols run first: every reported figure, the temperature and the lowering of confidence rest
    on people whom the scoring classifier never heard. The exported classifier is then fitted on all of
    them. Embeddings are kept under `runs/voice_embeddings/` and not made again.

    Args:
        data: folder of the corpora.
        models_dir: where versions are written; the encoder is written first if it is missing.
        seed: of the exported classifier and the first of three seeds of the protocols.
        progress: told the share of the work done.
        keep_results: write the rows of the results table.
    """
    if not (models_dir / VOICE_ENCODER).is_dir():
        export_encoder(models_dir)
    predictor = LiteRtPredictor(models_dir=models_dir)
    ravdess = load(
        data, "ravdess", predictor=predictor, degraded=True, progress=_part(progress, 0.0, EMBEDDING_SHARE)
    )
    emodb = load(data, "emodb", predictor=predictor, degraded=False)
    measured = measure(
        ravdess,
        emodb,
        seeds=[seed + number for number in SEEDS],
        progress=_part(progress, EMBEDDING_SHARE, 0.95),
    )
    if keep_results:
        log.info("results: %s", save(measured, ravdess, emodb).name)
    manifest = publish(
        fit_final(ravdess, emodb, seed=seed),
        measured=measured,
        voices=fit_voices(ravdess, emodb, seed=seed),
        ravdess=ravdess,
        emodb=emodb,
        encoder=predictor.manifest(VOICE_ENCODER),
        seed=seed,
        models_dir=models_dir,
    )
    progress(1.0)
    return manifest


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


def main() -> None:
    """Run the command line of `python -m services.audio.training.train`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--models-dir", type=Path, default=REPOSITORY / "deploy" / "models")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    manifest = train(options.data, models_dir=options.models_dir, seed=options.seed)
    log.info("%s", manifest.model_dump_json(indent=2))


if __name__ == "__main__":
    main()
