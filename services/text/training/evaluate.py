"""`candor evaluate text`: the served artefacts on a corpus of texts."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.common.contracts.labels import TRAITS
from services.common.media.files import Progress, ignore_progress
from services.common.serving.predictor import Predictor
from services.common.serving.registry import TEXT_IMPRESSION, TEXT_TRAITS
from services.text.context import read_contexts
from services.text.features import Floats, is_word, tokenize
from services.text.impression_model import SCORES, load_impression_model, score_impressions
from services.text.pipeline import score_texts
from services.text.settings import TextSettings
from services.text.training.corpus_inputs import clip_rates, word_counts
from services.text.training.dataset import ESSAYS, FIRST_IMPRESSIONS, Corpus, load_corpus
from services.text.training.impression_validation import one_minus_mae, r_squared
from services.text.training.measure import impression_scores
from services.text.training.scores import (
    accuracy_intervals,
    mean_scores,
    trait_scores,
    trait_table,
    uar_statistic,
)
from services.text.trait_model import load_trait_model
from services.training.evaluate import evaluation_report, training_data_note
from services.training.metrics import Interval, bootstrap_interval

Array = NDArray[np.float64]

APPARENT_TRAITS_NOTE = (
    "The model was trained on self-reported traits of essay writers; these labels are what strangers saw in "
    "15 s clips. For accuracy, uar, macro_f1 and ece each apparent trait counts as high above the median of "
    "these rows; correlation uses the scores as they are."
)


def evaluate(
    data: Path, *, predictor: Predictor, corpus: str = ESSAYS, progress: Progress = ignore_progress
) -> dict[str, Any]:
    """Score the served `text_traits` on every text of a corpus, however short.

    First Impressions is scored by the served `text_impression` as well.

    Args:
        data: folder in the layout of the data page: `essays/essays.csv`,
            `first_impressions/first_impressions.csv`.
        predictor: runs the served artefact.
        corpus: `essays` or `first_impressions`.
        progress: told the share of the texts that are read.

    Returns:
        The object of `evaluation_report`. Top-level scores are means over the five traits, `per_class`
        is by trait, `confusion` is the sum over the traits.

    Raises:
        FileNotFoundError: the corpus is not in that folder.
        ValueError: the corpus is unknown or has no rows.
    """
    rows = load_corpus(data, corpus)
    contexts = _contexts(rows, predictor, progress)
    probabilities = score_texts(rows.texts, predictor=predictor, contexts=contexts).astype(np.float64)
    manifest = predictor.manifest(TEXT_TRAITS)
    truth = rows.traits if corpus == ESSAYS else above_median(rows.traits)
    per_trait = trait_scores(truth, probabilities)
    intervals = accuracy_intervals(truth, probabilities, rows.groups)
    intervals["uar"] = bootstrap_interval(uar_statistic(truth, probabilities), rows.groups)
    note = training_data_note(manifest, corpus, rows.sha256)
    if corpus == FIRST_IMPRESSIONS:
        note = " ".join(filter(None, (note, APPARENT_TRAITS_NOTE)))
    return evaluation_report(
        manifest.name,
        manifest.version,
        mean_scores(per_trait),
        corpus=corpus,
        intervals=intervals,
        note=note,
        **(correlations(rows, probabilities) if corpus == FIRST_IMPRESSIONS else {}),
        **(impressions(rows, predictor, contexts) if corpus == FIRST_IMPRESSIONS else {}),
        below_min_words=_below_min_words(rows),
        per_class=trait_table(per_trait),
    )


def _contexts(rows: Corpus, predictor: Predictor, progress: Progress) -> list[Floats | None] | None:
    """Read every text once, for both models."""
    models = [load_trait_model(predictor)]
    models += [load_impression_model(predictor)] if rows.name == FIRST_IMPRESSIONS else []
    if not any(model.reads_context for model in models):
        return None
    return read_contexts([tokenize(text) for text in rows.texts], predictor, progress=progress)


def impressions(rows: Corpus, predictor: Predictor, contexts: list[Floats | None] | None) -> dict[str, Any]:
    """Measure R² and 1 − MAE of the served `text_impression` on clips, with intervals by speaker's video.

    Returns:
        `r2`, `one_minus_mae` (with the pace) and `r2_words_alone`, `one_minus_mae_words_alone` (at the mean
        pace), means of six scores, R² None where the labels do not vary; `r2_interval`; `impression`: the
        same by score; `impression_note`: where these clips are the model's own training data.
    """
    truth, tokens = impression_scores(rows), [tokenize(text) for text in rows.texts]
    rates = [float(rate) for rate in clip_rates(word_counts(tokens))]
    paced, plain = (
        score_impressions(tokens, known, predictor=predictor, contexts=contexts).astype(np.float64)
        for known in (rates, [None] * len(tokens))
    )

    def mean_r2(index: NDArray[np.intp]) -> float:
        return float(r_squared(truth[index], paced[index]).mean())

    figures = {
        f"{name}{suffix}": measure(truth, table)
        for suffix, table in (("", paced), ("_words_alone", plain))
        for name, measure in (("r2", r_squared), ("one_minus_mae", one_minus_mae))
    }
    manifest = predictor.manifest(TEXT_IMPRESSION)
    note = training_data_note(manifest, rows.name, rows.sha256)
    varies = bool((truth.std(axis=0) > 0.0).all())
    return {
        **{name: _finite(values.mean()) for name, values in figures.items()},
        "r2_interval": list(bootstrap_interval(mean_r2, rows.groups)) if varies else None,
        "impression_model": {"model": manifest.name, "version": manifest.version},
        "impression": {
            score: {name: _finite(values[column]) for name, values in figures.items()}
            for column, score in enumerate(SCORES)
        },
        **({"impression_note": note} if note else {}),
    }


def _finite(number: np.floating[Any]) -> float | None:
    """Return a number for JSON; None where nothing varies that could be explained."""
    return float(number) if np.isfinite(number) else None


def above_median(traits: Array) -> Array:
    """Return 1 where a trait lies above the median of its column, else 0; shape kept."""
    return (traits > np.median(traits, axis=0)).astype(np.float64)


def correlation(x: Array, y: Array) -> float | None:
    """Return Pearson's r, or None where a side does not vary."""
    if len(x) < 2 or x.std() == 0.0 or y.std() == 0.0:
        return None
    return float(np.corrcoef(x, y)[0, 1])


def correlations(rows: Corpus, probabilities: Array) -> dict[str, Any]:
    """Return Pearson's r between probability and apparent trait, with intervals by speaker's video.

    Returns:
        `correlation`: by trait `r` and `interval`; `mean_correlation`. None where a side does not vary.
    """
    found: dict[str, Any] = {}
    for column, trait in enumerate(TRAITS):
        score, apparent = probabilities[:, column], rows.traits[:, column]
        r = correlation(score, apparent)
        found[str(trait)] = {
            "r": r,
            "interval": None if r is None else list(_correlation_interval(score, apparent, rows.groups)),
        }
    values = [entry["r"] for entry in found.values() if entry["r"] is not None]
    return {"correlation": found, "mean_correlation": float(np.mean(values)) if values else None}


def _correlation_interval(x: Array, y: Array, groups: NDArray[np.str_]) -> Interval:
    def statistic(index: NDArray[np.intp]) -> float:
        r = correlation(x[index], y[index])
        return np.nan if r is None else r

    return bootstrap_interval(statistic, groups)


def _below_min_words(rows: Corpus) -> int:
    """Return how many of the texts the service itself would refuse as too short."""
    least = TextSettings().min_words
    return sum(sum(map(is_word, tokenize(text))) < least for text in rows.texts)
