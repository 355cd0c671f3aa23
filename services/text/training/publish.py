"""From fits and what was measured to versions of the served models."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from services.common.contracts.labels import TRAITS
from services.common.serving.registry import TEXT_IMPRESSION, TEXT_TRAITS, Manifest, Metric
from services.text.impression_model import SCORES
from services.text.settings import TextSettings
from services.text.text_model import TextModel, write_assets
from services.text.training.card import LICENCE, of_group, write_card
from services.text.training.corpus_inputs import WHOLE, Inputs, clip_rates
from services.text.training.dataset import Corpus
from services.text.training.impression_card import LICENCE as IMPRESSION_LICENCE
from services.text.training.impression_card import write_impression_card
from services.text.training.impression_fit import FittedImpression
from services.text.training.impression_validation import WORDS_AND_PACE, ImpressionsOutOfFold
from services.text.training.measure import TraitsMeasured, impression_scores
from services.text.training.models import linear_model
from services.text.training.result_rows import (
    CLIPS_PROTOCOL,
    ESSAYS_PROTOCOL,
    IMPRESSION_GROUP,
    MEAN_OF_SCORES,
    MEAN_OF_TRAITS,
    TRAITS_GROUP,
    hits,
)
from services.text.training.trait_fit import Fitted
from services.text.training.trait_validation import OutOfFold
from services.training.artifacts import export_model, set_seed
from services.training.publishing import HeldOut
from services.training.results import Figure, ResultRow

PARITY_ROWS = 32


def held_out_traits(measured: TraitsMeasured, corpus: Corpus) -> HeldOut:
    """Return the accuracy of each essay: the share of its traits named rightly, mean over the seeds."""
    each = [hits(run.probabilities[WHOLE], corpus.traits).mean(axis=1) for run in measured.runs]
    return HeldOut.of(
        np.mean(each, axis=0),
        corpus.groups,
        metric="accuracy",
        protocol=ESSAYS_PROTOCOL.format(folds=measured.folds),
        data={corpus.name: corpus.sha256},
        seeds=measured.seeds,
    )


def held_out_impressions(run: ImpressionsOutOfFold, corpus: Corpus, *, folds: int, seed: int) -> HeldOut:
    """Return what each clip adds to the variance explained, mean over the scores."""
    truth = impression_scores(corpus)
    missed = (truth - run.scores[WORDS_AND_PACE]) ** 2 / truth.var(axis=0)
    return HeldOut.of(
        1.0 - missed.mean(axis=1),
        corpus.groups,
        metric="r2",
        protocol=CLIPS_PROTOCOL.format(folds=folds),
        data={corpus.name: corpus.sha256},
        seeds=[seed],
    )


def publish_traits(
    model: TextModel,
    fitted: Fitted,
    *,
    held_out: HeldOut,
    rows: Sequence[ResultRow],
    runs: Sequence[OutOfFold],
    corpus: Corpus,
    inputs: Inputs,
    seed: int,
    models_dir: Path,
) -> Manifest:
    """Export `text_traits`.

    Args:
        model: as served.
        fitted: where it comes from.
        held_out: what it is compared by.
        rows: what was measured, for card and manifest.
        runs: held-out scores.
        corpus: the essays.
        inputs: of the whole essays.
        seed: of the run.
        models_dir: folder of all models.
    """
    set_seed(seed)
    return export_model(
        linear_model(model.weights, model.offset, name=TEXT_TRAITS, activation="sigmoid"),
        name=TEXT_TRAITS,
        labels=[str(trait) for trait in TRAITS],
        preprocessing=_preprocessing(model),
        training_data={corpus.name: corpus.sha256},
        metrics=trait_metrics(rows),
        seed=seed,
        licence=LICENCE,
        card=write_card(rows, fitted, inputs=len(model.weights), runs=runs, settings=TextSettings()),
        assets=write_assets(model) | held_out.asset,
        models_dir=models_dir,
        check_batch=model.rows(inputs.tokens[:PARITY_ROWS], contexts=inputs.contexts(0, PARITY_ROWS)),
    )


def publish_impression(
    model: TextModel,
    fitted: FittedImpression,
    *,
    held_out: HeldOut,
    rows: Sequence[ResultRow],
    run: ImpressionsOutOfFold,
    corpus: Corpus,
    inputs: Inputs,
    seed: int,
    models_dir: Path,
) -> Manifest:
    """Export `text_impression`; arguments as of `publish_traits`."""
    set_seed(seed)
    rates: list[float | None] = [float(rate) for rate in clip_rates(inputs.words[:PARITY_ROWS])]
    return export_model(
        linear_model(model.weights, model.offset, name=TEXT_IMPRESSION, activation=None),
        name=TEXT_IMPRESSION,
        labels=list(SCORES),
        preprocessing=_preprocessing(model) | {"pace": "words per minute"},
        training_data={corpus.name: corpus.sha256},
        metrics=impression_metrics(rows),
        seed=seed,
        licence=IMPRESSION_LICENCE,
        card=write_impression_card(rows, fitted, inputs=len(model.weights), run=run),
        assets=write_assets(model) | held_out.asset,
        models_dir=models_dir,
        check_batch=model.rows(
            inputs.tokens[:PARITY_ROWS], rates=rates, contexts=inputs.contexts(0, PARITY_ROWS)
        ),
        output_name="scores",
    )


def _preprocessing(model: TextModel) -> dict[str, object]:
    """Describe for the manifest what the assets say in full."""
    vocabulary = model.vocabulary
    return {
        "tokens": len(vocabulary.tokens),
        "characters": len(vocabulary.characters),
        "phrases": len(vocabulary.phrases),
        "character_ngrams": list(vocabulary.character_ngrams),
        "meanings": 0 if model.meanings is None else len(model.meanings.words),
        "context": 0 if model.context is None else len(model.context.weights),
        "half_words": model.half_words,
        "language": "en",
    }


def trait_metrics(rows: Sequence[ResultRow]) -> list[Metric]:
    """Return what the manifest keeps of the traits: means under plain names, accuracy of each trait."""
    found = []
    for row in of_group(rows, TRAITS_GROUP):
        if row.title == MEAN_OF_TRAITS:
            found += [_metric(name, figure, row) for name, figure in row.figures.items()]
        else:
            found.append(_metric(f"accuracy.{row.title}", row.figures["accuracy"], row))
    return found


def impression_metrics(rows: Sequence[ResultRow]) -> list[Metric]:
    """Return what the manifest keeps of the impressions: R² and 1 − MAE with words and pace, mean and each
    score.
    """
    found = []
    for row in of_group(rows, IMPRESSION_GROUP):
        score, _, known = row.title.partition(": ")
        if known == WORDS_AND_PACE:
            suffix = "" if score == MEAN_OF_SCORES else f".{score}"
            found += [_metric(f"{name}{suffix}", row.figures[name], row) for name in ("r2", "one_minus_mae")]
    return found


def _metric(name: str, figure: Figure, row: ResultRow) -> Metric:
    return Metric(
        name=name, value=figure.value, low=figure.low, high=figure.high, n=row.n, protocol=row.protocol
    )
