"""Train, measure and export both text models: `python -m services.text.training.train --data DIR`."""

import argparse
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from services.common.media.files import Progress, ignore_progress
from services.common.serving.litert import LiteRtPredictor
from services.common.serving.registry import TEXT_ENCODER, Manifest
from services.common.settings import CommonSettings
from services.text.text_model import TextModel
from services.text.training.calibration import LENGTHS
from services.text.training.context_reader import Reader, keeping_reader
from services.text.training.corpus_inputs import WHOLE, Inputs, load_inputs
from services.text.training.counts import VocabularyRule
from services.text.training.dataset import ESSAYS, FIRST_IMPRESSIONS, Corpus
from services.text.training.impression_fit import as_impression_model, fit_impression
from services.text.training.measure import (
    CLIP_LENGTHS,
    ESSAY_LENGTHS,
    IMPRESSION_FOLDS,
    TRAIT_FOLDS,
    impression_scores,
    measure_impressions,
    measure_traits,
    rows_across,
    rows_of_impressions,
    rows_of_traits,
    save,
)
from services.text.training.publish import publish_impression, publish_traits
from services.text.training.selection import IMPRESSION_CANDIDATES
from services.text.training.trait_fit import Fitted, as_model, fit
from services.text.training.word_vectors import WordVectors, load_word_vectors
from services.training.results import RESULTS, ResultRow

REPEATS = 3
THREADS = 2
TRAITS_SHARE, IMPRESSIONS_SHARE = 0.6, 0.95
"""Of the whole run, for the progress display: when the essays and the clips are measured."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Loaded:
    corpus: Corpus
    lengths: Mapping[int, Inputs]


@dataclass(frozen=True)
class _Recipe:
    rule: VocabularyRule
    vectors: WordVectors
    reader: Reader | None
    seed: int
    folds: int


def train(
    data: Path,
    *,
    models_dir: Path,
    seed: int = 0,
    folds: int = TRAIT_FOLDS,
    repeats: int = REPEATS,
    version: int | None = None,
    rule: VocabularyRule | None = None,
    vectors: WordVectors | None = None,
    reader: Reader | None = None,
    results: Path | None = RESULTS,
    progress: Progress = ignore_progress,
) -> Manifest:
    """Cross-validate, fit on everything, and export the next version of both models.

    The same data and seed give the same weights. Where First Impressions is not at hand, only the traits are
    trained.

    Args:
        data: folder of the corpora.
        models_dir: where `text_traits/<version>/` and `text_impression/<version>/` are written.
        seed: of the folds and of resampling; the fits themselves have no chance in them.
        folds: outer folds of the essays, and the folds on which the served traits are calibrated.
        repeats: cross-validations of the essays with seeds `seed`, `seed + 1`, …
        version: to replace that version of both; by default the next free one is taken.
        rule: for the vocabulary.
        vectors: of words; the committed ones by default.
        reader: reads words in context; by default with `text_encoder` of `models_dir`, where it is there.
        results: folder of the results files; None to write none.
        progress: told the share that is done.

    Returns:
        The manifest of `text_traits`.

    Raises:
        FileNotFoundError: the essays are not in that folder.
    """
    recipe = _Recipe(
        rule or VocabularyRule(), vectors or load_word_vectors(), reader or _reader(models_dir), seed, folds
    )
    essays, clips = _load(data, ESSAYS, recipe), _load_clips(data, recipe)
    measured = measure_traits(
        essays.corpus,
        essays.lengths,
        rule=recipe.rule,
        seeds=range(seed, seed + repeats),
        folds=folds,
        progress=lambda share: progress(TRAITS_SHARE * share),
    )
    rows = rows_of_traits(measured, essays.corpus)
    fitted, traits = _fit_traits(essays, recipe)
    if clips is not None:
        share_of = IMPRESSIONS_SHARE - TRAITS_SHARE
        rows += _train_impression(
            essays,
            clips,
            traits,
            recipe,
            models_dir=models_dir,
            version=version,
            progress=lambda share: progress(TRAITS_SHARE + share_of * share),
        )
    if results is not None:
        save(rows, [one.corpus for one in (essays, clips) if one is not None], folder=results)
    manifest = publish_traits(
        traits,
        fitted,
        rows=rows,
        runs=measured.runs,
        corpus=essays.corpus,
        inputs=essays.lengths[WHOLE],
        seed=seed,
        models_dir=models_dir,
        version=version,
    )
    progress(1.0)
    return manifest


def _load(data: Path, name: str, recipe: _Recipe) -> _Loaded:
    lengths = ESSAY_LENGTHS if name == ESSAYS else CLIP_LENGTHS
    return _Loaded(
        *load_inputs(
            data,
            name,
            rule=recipe.rule,
            vectors=recipe.vectors,
            lengths=lengths,
            reader=recipe.reader,
        )
    )


def _reader(models_dir: Path) -> Reader | None:
    """Open a reader with the encoder of that folder; None where there is none."""
    if not (models_dir / TEXT_ENCODER).is_dir():
        log.info("no %s in %s: words are not read in context", TEXT_ENCODER, models_dir)
        return None
    predictor = LiteRtPredictor(models_dir=models_dir, threads=THREADS)
    return keeping_reader(predictor, progress=lambda share: log.info("reading: %3.0f %%", 100 * share))


def _load_clips(data: Path, recipe: _Recipe) -> _Loaded | None:
    """Load First Impressions, where it is at hand."""
    try:
        return _load(data, FIRST_IMPRESSIONS, recipe)
    except FileNotFoundError:
        log.info("no %s in %s: only the traits are trained", FIRST_IMPRESSIONS, data)
        return None


def _fit_traits(essays: _Loaded, recipe: _Recipe) -> tuple[Fitted, TextModel]:
    """Fit the served traits, from all essays."""
    fitted = fit(
        {length: essays.lengths[length] for length in (WHOLE, *LENGTHS)},
        essays.corpus.traits,
        essays.corpus.groups,
        np.arange(len(essays.corpus)),
        rule=recipe.rule,
        seed=recipe.seed,
        folds=recipe.folds,
    )
    return fitted, as_model(fitted, recipe.vectors)


def _train_impression(
    essays: _Loaded,
    clips: _Loaded,
    traits: TextModel,
    recipe: _Recipe,
    *,
    models_dir: Path,
    version: int | None,
    progress: Progress,
) -> list[ResultRow]:
    """Measure, fit and export `text_impression`; the rows of it, and across corpora."""
    folds = min(IMPRESSION_FOLDS, recipe.folds)
    run = measure_impressions(
        clips.corpus, clips.lengths, rule=recipe.rule, seed=recipe.seed, folds=folds, progress=progress
    )
    fitted = fit_impression(
        clips.lengths,
        impression_scores(clips.corpus),
        clips.corpus.groups,
        np.arange(len(clips.corpus)),
        rule=recipe.rule,
        seed=recipe.seed,
        folds=folds,
        candidates=IMPRESSION_CANDIDATES,
    )
    model = as_impression_model(fitted, recipe.vectors)
    rows = rows_of_impressions(run, clips.corpus, folds=folds)
    publish_impression(
        model,
        fitted,
        rows=rows,
        run=run,
        corpus=clips.corpus,
        inputs=clips.lengths[WHOLE],
        seed=recipe.seed,
        models_dir=models_dir,
        version=version,
    )
    across = rows_across(traits, model, (essays.corpus, essays.lengths), (clips.corpus, clips.lengths))
    return rows + across


def main() -> None:
    """Parse the command line and train."""
    parser = argparse.ArgumentParser(description="Train text_traits and text_impression.")
    settings = CommonSettings()
    parser.add_argument("--data", type=Path, default=settings.data)
    parser.add_argument("--models-dir", type=Path, default=settings.models_dir)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--version", type=int, default=None)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    manifest = train(
        options.data,
        models_dir=options.models_dir,
        seed=options.seed,
        repeats=options.repeats,
        version=options.version,
        progress=lambda share: log.info("%3.0f %%", 100 * share),
    )
    log.info("wrote %s version %d", manifest.name, manifest.version)


if __name__ == "__main__":
    main()
