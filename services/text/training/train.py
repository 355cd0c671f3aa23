"""Train, measure and export `text_traits`: `python -m services.text.training.train --data DIR`."""

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.common.contracts.labels import TRAITS
from services.common.media import Progress, no_progress
from services.common.serving.registry import TEXT_TRAITS, Manifest, Metric
from services.common.settings import CommonSettings
from services.text.features import tokenize
from services.text.settings import TextSettings
from services.text.training.calibration import log_loss
from services.text.training.card import LICENCE, Measured, write_card
from services.text.training.cross_validation import Fitted, OutOfFold, cross_validate, fit, predict
from services.text.training.dataset import ESSAYS, FIRST_IMPRESSIONS, Corpus, load_corpus
from services.text.training.evaluate import correlations
from services.text.training.models import VocabularyRule, linear_model
from services.text.training.scores import accuracy_intervals, mean_scores, trait_scores, uar_statistic
from services.text.trait_model import TraitModel, write_assets
from services.training.artifacts import export_model, set_seed
from services.training.metrics import bootstrap_interval

Array = NDArray[np.float64]

FOLDS = 10
SHORTENED_WORDS = (10, 20, 30, 50, 75, 100, 150, 200, 300)
CROSS_VALIDATION_SHARE = 0.9
"""Of the whole run, for the progress display."""
PARITY_ROWS = 32

log = logging.getLogger(__name__)


def train(
    data: Path,
    *,
    models_dir: Path,
    seed: int = 0,
    folds: int = FOLDS,
    repeats: int = 1,
    version: int | None = None,
    rule: VocabularyRule | None = None,
    progress: Progress = no_progress,
) -> Manifest:
    """Cross-validate on the essays, fit on all of them, export the next version.

    The same data and seed give the same weights.

    Args:
        data: folder of the corpora.
        models_dir: where `text_traits/<version>/` is written.
        seed: of the folds; the fit itself has no chance in it.
        folds: outer folds, and the folds on which the served model is calibrated.
        repeats: cross-validations with seeds `seed`, `seed + 1`, …; the first one fills the card's table.
        version: to replace that version; by default the next free one is taken.
        rule: for the vocabulary.
        progress: told the share that is done.

    Raises:
        FileNotFoundError: the essays are not in that folder.
    """
    corpus = load_corpus(data, ESSAYS)
    rule = rule or VocabularyRule()
    texts = [tokenize(text) for text in corpus.texts]
    runs = _cross_validations(
        corpus, texts, rule=rule, seeds=range(seed, seed + repeats), folds=folds, progress=progress
    )
    fitted = fit(texts, corpus.traits, corpus.groups, rule=rule, seed=seed, folds=folds)
    apparent = _agreement_with_strangers(data, fitted.model)
    measured = _measure(runs, corpus.traits, corpus.groups, protocol=_protocol(folds, seed))
    set_seed(seed)
    manifest = export_model(
        linear_model(fitted.model.weights, fitted.model.offset),
        name=TEXT_TRAITS,
        labels=[str(trait) for trait in TRAITS],
        preprocessing=_preprocessing(fitted),
        training_data={ESSAYS: corpus.sha256},
        metrics=_metrics(measured),
        seed=seed,
        licence=LICENCE,
        card=write_card(measured, fitted, settings=TextSettings(), apparent=apparent),
        assets=write_assets(fitted.model),
        models_dir=models_dir,
        check_batch=fitted.model.rows(texts[:PARITY_ROWS]),
        version=version,
    )
    progress(1.0)
    return manifest


def _cross_validations(
    corpus: Corpus,
    texts: Sequence[Sequence[str]],
    *,
    rule: VocabularyRule,
    seeds: Sequence[int],
    folds: int,
    progress: Progress,
) -> list[OutOfFold]:
    """One cross-validation per seed of the folds; shortened texts are scored in the first."""
    runs: list[OutOfFold] = []
    for seed in seeds:
        done = len(runs)

        def share_done(share: float, done: int = done) -> None:
            progress(CROSS_VALIDATION_SHARE * (done + share) / len(seeds))

        runs.append(
            cross_validate(
                texts,
                corpus.traits,
                corpus.groups,
                rule=rule,
                seed=seed,
                folds=folds,
                shorten_to=() if runs else SHORTENED_WORDS,
                progress=share_done,
            )
        )
        accuracy = mean_scores(trait_scores(corpus.traits, runs[-1].probabilities)).accuracy
        log.info("seed %d: mean accuracy %.4f", seed, accuracy)
    return runs


def _agreement_with_strangers(data: Path, model: TraitModel) -> float | None:
    """Mean correlation with the apparent traits of `first_impressions`, where that corpus is at hand."""
    try:
        corpus = load_corpus(data, FIRST_IMPRESSIONS)
    except FileNotFoundError:
        return None
    found: float | None = correlations(corpus, predict(model, list(map(tokenize, corpus.texts))))[
        "mean_correlation"
    ]
    return found


def _protocol(folds: int, seed: int) -> str:
    return (
        f"{folds}-fold cross-validation by essay, seed {seed}; vocabulary, features, penalty and calibration "
        "chosen inside each fold"
    )


def _preprocessing(fitted: Fitted) -> dict[str, object]:
    """For the manifest: what the vocabulary's file says in full."""
    vocabulary = fitted.model.vocabulary
    return {
        "tokens": len(vocabulary.tokens),
        "characters": len(vocabulary.characters),
        "character_ngrams": list(vocabulary.character_ngrams),
        "half_words": fitted.model.half_words,
        "language": "en",
    }


def _measure(
    runs: Sequence[OutOfFold], traits: Array, groups: NDArray[np.str_], *, protocol: str
) -> Measured:
    """Scores of the first run, and the mean accuracy of each."""
    first = runs[0]
    per_trait = trait_scores(traits, first.probabilities)
    intervals = accuracy_intervals(traits, first.probabilities, groups)
    intervals["uar"] = bootstrap_interval(uar_statistic(traits, first.probabilities), groups)
    return Measured(
        protocol=protocol,
        per_trait=per_trait,
        means=mean_scores(per_trait),
        intervals=intervals,
        shortened={
            words: (
                mean_scores(trait_scores(traits, table)),
                accuracy_intervals(traits, table, groups)["accuracy"],
            )
            for words, table in first.shortened.items()
        },
        chosen=first.chosen,
        half_words=first.half_words,
        seed_accuracies=[mean_scores(trait_scores(traits, run.probabilities)).accuracy for run in runs],
        base_nll=log_loss(np.broadcast_to(traits.mean(axis=0), traits.shape), traits),
    )


def _metrics(measured: Measured) -> list[Metric]:
    """What the manifest keeps of the measurements."""
    n, protocol, means = measured.means.n, measured.protocol, measured.means

    def metric(name: str, value: float) -> Metric:
        interval = measured.intervals.get(name)
        low, high = interval or (None, None)
        return Metric(name=name, value=value, low=low, high=high, n=n, protocol=protocol)

    whole = [
        metric(name, getattr(means, name))
        for name in ("accuracy", "majority", "uar", "macro_f1", "ece", "nll")
    ]
    return whole + [metric(f"accuracy.{trait}", measured.per_trait[trait].accuracy) for trait in TRAITS]


def main() -> None:
    """Parse the command line and train."""
    parser = argparse.ArgumentParser(description="Train text_traits.")
    settings = CommonSettings()
    parser.add_argument("--data", type=Path, default=settings.data)
    parser.add_argument("--models-dir", type=Path, default=settings.models_dir)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--repeats", type=int, default=1)
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
