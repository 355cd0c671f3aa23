"""All protocols of the served text models, as rows of one results file."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.common.media.files import Progress, ignore_progress
from services.text.text_model import TextModel
from services.text.training.baseline import cross_validate_baseline
from services.text.training.calibration import LENGTHS
from services.text.training.corpus_inputs import WHOLE, Inputs
from services.text.training.counts import VocabularyRule
from services.text.training.dataset import Corpus
from services.text.training.impression_validation import ImpressionsOutOfFold, cross_validate_impressions
from services.text.training.result_rows import (
    SYSTEM,
    impression_length_rows,
    impression_rows,
    length_rows,
    paired_rows,
    reliability_rows,
    trait_rows,
    transfer_rows,
)
from services.text.training.selection import IMPRESSION_CANDIDATES
from services.text.training.trait_validation import OutOfFold, cross_validate_traits
from services.text.training.transfer import linear_sums, rank_correlations
from services.training.results import ResultRow, write_results

Array = NDArray[np.float64]
Lengths = Mapping[int, Inputs]

ESSAY_LENGTHS = tuple(sorted({*LENGTHS, 10, 20, 150}))
"""Words to which essays are cut when the traits are measured."""
CLIP_LENGTHS = (5, 10, 20, 30, 40)
"""Words to which transcripts are cut, in calibration and measurement."""
TRAIT_FOLDS, IMPRESSION_FOLDS = 10, 5
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TraitsMeasured:
    """Held-out scores of essays, one run per seed of the folds, and of the baseline on the same folds."""

    runs: list[OutOfFold]
    baselines: list[Array]
    seeds: list[int]
    folds: int


def measure_traits(
    corpus: Corpus,
    lengths: Lengths,
    *,
    rule: VocabularyRule,
    seeds: Sequence[int],
    folds: int = TRAIT_FOLDS,
    progress: Progress = ignore_progress,
) -> TraitsMeasured:
    """Run nested cross-validation by essay. About five minutes a seed on one core.

    Args:
        corpus: the essays.
        lengths: their inputs, whole and cut to `ESSAY_LENGTHS`.
        rule: for the vocabulary.
        seeds: of the folds.
        folds: outer folds.
        progress: told the share that is done.
    """
    runs, baselines = [], []
    for done, seed in enumerate(seeds):

        def share(part: float, done: int = done) -> None:
            progress((done + part) / len(seeds))

        runs.append(
            cross_validate_traits(
                lengths,
                corpus.traits,
                corpus.groups,
                rule=rule,
                seed=seed,
                folds=folds,
                progress=lambda part: share(0.8 * part),
            )
        )
        counts = lengths[WHOLE].counts
        baselines.append(
            cross_validate_baseline(counts, corpus.traits, corpus.groups, rule=rule, seed=seed, folds=folds)
        )
        right = ((runs[-1].probabilities[WHOLE] > 0.5) == (corpus.traits > 0.5)).mean()
        log.info("seed %d: mean accuracy %.4f", seed, right)
        share(1.0)
    return TraitsMeasured(runs, baselines, list(seeds), folds)


def impression_scores(corpus: Corpus) -> Array:
    """Return five apparent traits and the interview score of every clip, shape `(n, 6)`.

    Raises:
        ValueError: the corpus has no interview score.
    """
    if corpus.interview is None:
        raise ValueError(f"{corpus.name} has no interview score")
    return np.column_stack([corpus.traits, corpus.interview])


def measure_impressions(
    corpus: Corpus,
    lengths: Lengths,
    *,
    rule: VocabularyRule,
    seed: int,
    folds: int = IMPRESSION_FOLDS,
    progress: Progress = ignore_progress,
) -> ImpressionsOutOfFold:
    """Run nested cross-validation by speaker's video. About ten minutes on one core.

    Args:
        corpus: First Impressions.
        lengths: its inputs, whole and cut to `CLIP_LENGTHS`.
        rule: for the vocabulary.
        seed: of the folds.
        folds: outer folds.
        progress: told the share that is done.
    """
    return cross_validate_impressions(
        lengths,
        impression_scores(corpus),
        corpus.groups,
        rule=rule,
        seed=seed,
        folds=folds,
        candidates=IMPRESSION_CANDIDATES,
        progress=progress,
    )


def rows_of_traits(measured: TraitsMeasured, corpus: Corpus) -> list[ResultRow]:
    """Measure everything that is measured on essays."""
    truth, groups, runs = corpus.traits, corpus.groups, measured.runs
    seeds, folds = measured.seeds, measured.folds
    return [
        *trait_rows(runs, truth, groups, seeds=seeds, folds=folds),
        *paired_rows(runs, measured.baselines, truth, groups, seeds=seeds, folds=folds),
        *length_rows(runs[0], truth, groups, folds=folds),
        *reliability_rows(runs, truth, folds=folds),
    ]


def rows_of_impressions(run: ImpressionsOutOfFold, corpus: Corpus, *, folds: int) -> list[ResultRow]:
    """Measure everything that is measured on First Impressions."""
    scores = impression_scores(corpus)
    return [
        *impression_rows(run, scores, corpus.groups, folds=folds),
        *impression_length_rows(run, scores, folds=folds),
    ]


def rows_across(
    traits: TextModel,
    impression: TextModel,
    essays: tuple[Corpus, Lengths],
    clips: tuple[Corpus, Lengths],
) -> list[ResultRow]:
    """Measure what each final model says about the corpus that it has never seen.

    Args:
        traits: fitted to all essays.
        impression: fitted to all clips.
        essays: the corpus and its inputs.
        clips: likewise, First Impressions.
    """
    forth, back = (
        rank_correlations(linear_sums(model, lengths[WHOLE]), corpus.traits, corpus.groups)
        for model, (corpus, lengths) in ((traits, clips), (impression, essays))
    )
    return transfer_rows(forth, back, clips=len(clips[0]), essays=len(essays[0]))


def save(rows: Sequence[ResultRow], corpora: Sequence[Corpus], *, folder: Path) -> Path:
    """Write `text/served.json` into a folder of results."""
    digests = {corpus.name: corpus.sha256 for corpus in corpora}
    return write_results(rows, subject="text", system=SYSTEM, data_hash=digests, folder=folder)
