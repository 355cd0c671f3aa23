"""Train and measure both text models, and publish what is better: `candor train text`."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from services.common.media.files import Progress, ignore_progress
from services.common.serving.litert import LiteRtPredictor
from services.common.serving.registry import TEXT_ENCODER, TEXT_IMPRESSION, TEXT_TRAITS, Manifest
from services.text.text_model import TextModel
from services.text.training.calibration import LENGTHS
from services.text.training.context_reader import KEPT, Reader, keeping_reader
from services.text.training.corpus_inputs import WHOLE, Inputs, load_inputs
from services.text.training.counts import VocabularyRule
from services.text.training.dataset import ESSAYS, FIRST_IMPRESSIONS, Corpus
from services.text.training.impression_fit import as_impression_model, fit_impression
from services.text.training.measure import (
    CLIP_LENGTHS,
    ESSAY_LENGTHS,
    IMPRESSION_FOLDS,
    TRAIT_FOLDS,
    TraitsMeasured,
    impression_scores,
    measure_impressions,
    measure_traits,
    rows_across,
    rows_of_impressions,
    rows_of_traits,
    save,
)
from services.text.training.publish import (
    held_out_impressions,
    held_out_traits,
    publish_impression,
    publish_traits,
)
from services.text.training.result_rows import SYSTEM
from services.text.training.selection import IMPRESSION_CANDIDATES
from services.text.training.trait_fit import as_model, fit
from services.text.training.word_vectors import WordVectors, load_word_vectors
from services.training.folders import Folders
from services.training.publishing import HeldOut, Outcome, publish_if_better, read_served
from services.training.results import ResultRow, read_folder

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
    folders: Folders,
    *,
    seed: int = 0,
    publish_anyway: bool = False,
    folds: int = TRAIT_FOLDS,
    repeats: int = REPEATS,
    rule: VocabularyRule | None = None,
    vectors: WordVectors | None = None,
    reader: Reader | None = None,
    progress: Progress = ignore_progress,
) -> list[Outcome]:
    """Cross-validate and fit both models, and publish each that is better than the served one.

    The same data and seed give the same weights. Where First Impressions is not at hand, only the traits are
    trained.

    Args:
        data: folder of the corpora.
        folders: where `text_traits/<version>/`, `text_impression/<version>/` and the results are written.
        seed: of the folds and of resampling; the fits themselves have no chance in them.
        publish_anyway: publish both, better or not.
        folds: outer folds of the essays, and the folds on which the served traits are calibrated.
        repeats: cross-validations of the essays with seeds `seed`, `seed + 1`, …
        rule: for the vocabulary.
        vectors: of words; the committed ones by default.
        reader: reads words in context; by default with `text_encoder` of `folders.models`, where it is there.
        progress: told the share that is done.

    Returns:
        What became of `text_traits`, and of `text_impression` where it was trained.

    Raises:
        FileNotFoundError: the essays are not in that folder.
    """
    recipe = _Recipe(
        rule or VocabularyRule(), vectors or load_word_vectors(), reader or _reader(folders), seed, folds
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
    traits = _trained_traits(essays, measured, recipe)
    trained = [traits]
    if clips is not None:
        between = IMPRESSIONS_SHARE - TRAITS_SHARE
        trained.append(
            _trained_impression(
                essays,
                clips,
                traits.model,
                recipe,
                progress=lambda share: progress(TRAITS_SHARE + between * share),
            )
        )
    outcomes = [one.published(folders.models, anyway=publish_anyway) for one in trained]
    if folders.results is not None and any(outcome.manifest for outcome in outcomes):
        corpora = [one.corpus for one in (essays, clips) if one is not None]
        save(_rows_of_published(trained, outcomes, folders.results), corpora, folder=folders.results)
    progress(1.0)
    return outcomes


@dataclass(frozen=True)
class _Trained:
    """A fitted model that is not published yet.

    Attributes:
        name: in the registry.
        model: as it would be served.
        held_out: what it is compared by.
        rows: everything that was measured about it.
        export: writes the version into a folder of models.
    """

    name: str
    model: TextModel
    held_out: HeldOut
    rows: list[ResultRow]
    export: Callable[[Path], Manifest]

    def published(self, models_dir: Path, *, anyway: bool) -> Outcome:
        """Publish it where it is better than the served version."""
        served = read_served(models_dir, self.name)
        return publish_if_better(
            self.name, self.held_out, served, lambda: self.export(models_dir), anyway=anyway
        )


def _rows_of_published(
    trained: Sequence[_Trained], outcomes: Sequence[Outcome], results: Path
) -> list[ResultRow]:
    """Return the rows of what was published; a model that stays as it was keeps the rows that it has."""
    rows: list[ResultRow] = []
    before = [
        row for file in read_folder("text", folder=results) for row in file.rows if row.system == SYSTEM
    ]
    for one, outcome in zip(trained, outcomes, strict=True):
        groups = {row.group for row in one.rows}
        rows += one.rows if outcome.manifest is not None else [row for row in before if row.group in groups]
    return rows


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


def _reader(folders: Folders) -> Reader | None:
    """Return a reader with the encoder of that folder; None where there is none."""
    if not (folders.models / TEXT_ENCODER).is_dir():
        log.info("no %s in %s: words are not read in context", TEXT_ENCODER, folders.models)
        return None
    return keeping_reader(
        LiteRtPredictor(models_dir=folders.models, threads=THREADS),
        folder=folders.runs / KEPT,
        progress=lambda share: log.info("reading: %3.0f %%", 100 * share),
    )


def _load_clips(data: Path, recipe: _Recipe) -> _Loaded | None:
    """Load First Impressions, where it is at hand."""
    try:
        return _load(data, FIRST_IMPRESSIONS, recipe)
    except FileNotFoundError:
        log.info("no %s in %s: only the traits are trained", FIRST_IMPRESSIONS, data)
        return None


def _trained_traits(essays: _Loaded, measured: TraitsMeasured, recipe: _Recipe) -> _Trained:
    """Fit the traits on all essays, as they would be served."""
    corpus = essays.corpus
    fitted = fit(
        {length: essays.lengths[length] for length in (WHOLE, *LENGTHS)},
        corpus.traits,
        corpus.groups,
        np.arange(len(corpus)),
        rule=recipe.rule,
        seed=recipe.seed,
        folds=recipe.folds,
    )
    model, rows = as_model(fitted, recipe.vectors), rows_of_traits(measured, corpus)
    held_out = held_out_traits(measured, corpus)
    export = partial(
        publish_traits,
        model,
        fitted,
        held_out=held_out,
        rows=rows,
        runs=measured.runs,
        corpus=corpus,
        inputs=essays.lengths[WHOLE],
        seed=recipe.seed,
    )
    return _Trained(TEXT_TRAITS, model, held_out, rows, lambda folder: export(models_dir=folder))


def _trained_impression(
    essays: _Loaded, clips: _Loaded, traits: TextModel, recipe: _Recipe, *, progress: Progress
) -> _Trained:
    """Measure and fit the impressions on all clips, as they would be served."""
    folds = min(IMPRESSION_FOLDS, recipe.folds)
    corpus = clips.corpus
    run = measure_impressions(
        corpus, clips.lengths, rule=recipe.rule, seed=recipe.seed, folds=folds, progress=progress
    )
    fitted = fit_impression(
        clips.lengths,
        impression_scores(corpus),
        corpus.groups,
        np.arange(len(corpus)),
        rule=recipe.rule,
        seed=recipe.seed,
        folds=folds,
        candidates=IMPRESSION_CANDIDATES,
    )
    model, rows = as_impression_model(fitted, recipe.vectors), rows_of_impressions(run, corpus, folds=folds)
    held_out = held_out_impressions(run, corpus, folds=folds, seed=recipe.seed)
    export = partial(
        publish_impression,
        model,
        fitted,
        held_out=held_out,
        rows=rows,
        run=run,
        corpus=corpus,
        inputs=clips.lengths[WHOLE],
        seed=recipe.seed,
    )
    across = rows_across(traits, model, (essays.corpus, essays.lengths), (corpus, clips.lengths))
    return _Trained(TEXT_IMPRESSION, model, held_out, rows + across, lambda folder: export(models_dir=folder))
