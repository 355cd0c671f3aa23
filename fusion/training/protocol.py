"""Nested folds by actor: what every method says of actors that no part of it has seen or heard."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from fusion.training.methods import CONFIDENCE, SINGLE, Fit, Material, methods, without
from fusion.training.pairs import Floats, Ints, Pairs
from fusion.training.pooling import Sample, joined, nll
from fusion.training.units import INNER_FOLDS, UNIT_CONDITIONS, calibrated, fold_units, prepared
from services.training.results import confusion_of, uar_of
from services.training.splits import group_folds

VOICE_QUALITY_DB = 30.0
"""Signal-to-noise ratio that counts as full quality."""
THIN = 3
CLEAN = (0, 0)
"""First condition of the voice, first of the units."""

KeyT = TypeVar("KeyT")
Condition = tuple[int, int]
"""Number of the voice's condition, number of the units' condition."""


@dataclass(slots=True)
class Held:
    """Held-out answers for one seed, in one setting (person known or not).

    Attributes:
        seed: of the folds.
        samples: calibrated channel scores of all clips by condition.
        answers: logarithms of probabilities by method and condition, shape `(n, k)`.
        missing: likewise by method and the channel that is missing, on clean clips.
        inner: by method, per outer fold, on inner folds: recall and negative log-likelihood of clean clips,
            negative log-likelihood under all conditions.
        units_model: which model of the action units each outer fold chose.
    """

    seed: int
    samples: dict[Condition, Sample]
    answers: dict[tuple[str, Condition], Floats] = field(default_factory=dict)
    missing: dict[tuple[str, str], Floats] = field(default_factory=dict)
    inner: dict[str, list[tuple[float, float, float]]] = field(default_factory=dict)
    units_model: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Fold:
    """One outer fold: calibrated scores of all clips by condition, and who is scored."""

    train: NDArray[np.intp]
    test: NDArray[np.intp]
    samples: dict[Condition, Sample]
    units_model: str


def conditions(pairs: Pairs) -> list[Condition]:
    """Return every combination, the clean one first."""
    return list(product(range(len(pairs.conditions)), range(len(UNIT_CONDITIONS))))


def merged_classes(prob: Floats, groups: Ints) -> Floats:
    """Return probabilities of classes added up to the product's labels, last axis."""
    out = np.zeros((*prob.shape[:-1], int(groups.max()) + 1))
    for column, group in enumerate(groups):
        out[..., group] += prob[..., column]
    return out


def outer_fold(pairs: Pairs, row: int, fold: int, *, known: bool) -> Fold:
    """Return both channels' scores for one outer fold.

    Args:
        pairs: the clips.
        row: of `pairs.seeds`.
        fold: number of the outer fold.
        known: normalise voice and units by the person's other clips.
    """
    train, test = pairs.split(row, fold)
    rows = prepared(pairs.units, pairs.people, known=known)
    units = fold_units(
        rows,
        pairs.labels,
        pairs.people,
        names=pairs.unit_names,
        train=train,
        test=test,
        seed=pairs.seeds[row],
    )
    raw = np.log(np.maximum(pairs.voice[row, fold, :, int(known)].astype(np.float64), 1e-7))
    voice = calibrated(raw, pairs.labels, train)
    samples = {
        (v, u): Sample(voice[v], units.log_prob[u], _quality(pairs, v, u), pairs.labels, pairs.people)
        for v, u in conditions(pairs)
    }
    return Fold(train, test, samples, units.chosen)


def as_seven(fold: Fold, groups: Ints) -> Fold:
    """Return the same over the product's labels: classes added up, then calibrated again."""
    first = fold.samples[CLEAN]
    truth = groups[first.truth]

    def channel(name: str) -> dict[Condition, Floats]:
        eight = np.stack([getattr(sample, name) for sample in fold.samples.values()])
        seven = calibrated(np.log(merged_classes(np.exp(eight), groups)), truth, fold.train)
        return dict(zip(fold.samples, seven, strict=True))

    voice, units = channel("voice"), channel("units")
    samples = {
        place: Sample(voice[place], units[place], sample.quality, truth, sample.people)
        for place, sample in fold.samples.items()
    }
    return Fold(fold.train, fold.test, samples, fold.units_model)


def _quality(pairs: Pairs, voice: int, units: int) -> Floats:
    levels = (
        min(1.0, float(pairs.snr_db[voice]) / VOICE_QUALITY_DB),
        list(UNIT_CONDITIONS.values())[units],
    )
    return np.tile(levels, (len(pairs.labels), 1))


def material(samples: Mapping[Condition, Sample], rows: NDArray[np.intp]) -> Material:
    """Return what methods learn from: these rows, all of them clean and a third under every other
    condition.
    """
    poor = [one.of(rows[number % THIN :: THIN]) for number, one in enumerate(list(samples.values())[1:])]
    return Material(samples[CLEAN].of(rows), joined([samples[CLEAN].of(rows), *poor]))


def run_seed(
    pairs: Pairs, row: int, *, known: bool, on_fold: Callable[[], None] = lambda: None
) -> tuple[Held, Held]:
    """Run all outer folds of one seed in one setting: over the corpus's classes, and over the product's
    labels.

    Args:
        pairs: the clips.
        row: of `pairs.seeds`.
        known: see `outer_fold`.
        on_fold: called after each fold.
    """
    eight, seven = Held(pairs.seeds[row], {}), Held(pairs.seeds[row], {})
    every = methods()
    few = {name: fit for name, fit in every.items() if name != CONFIDENCE}
    for number in range(pairs.n_folds):
        fold = outer_fold(pairs, row, number, known=known)
        _answer(eight, fold, every)
        _answer(seven, as_seven(fold, pairs.groups), few)
        on_fold()
    return eight, seven


def _answer(held: Held, fold: Fold, chosen: Mapping[str, Fit]) -> None:
    """Let every method learn from the training actors and score the fold's own."""
    held.units_model.append(fold.units_model)
    _keep_scores(held, fold)
    learn_from = material(fold.samples, fold.train)
    for name, fit in chosen.items():
        predict = fit(learn_from)
        for condition, sample in fold.samples.items():
            _put(held, held.answers, (name, condition), fold.test, predict(sample.of(fold.test)))
        for missing in SINGLE:
            lacking = without(fold.samples[CLEAN].of(fold.test), missing)
            _put(held, held.missing, (name, missing), fold.test, predict(lacking))
        held.inner.setdefault(name, []).append(_inner(fit, fold, held.seed))


def _inner(fit: Fit, fold: Fold, seed: int) -> tuple[float, float, float]:
    """Return recall and loss on clean clips, and loss under all conditions, of actors held out within
    training.
    """
    clean = fold.samples[CLEAN]
    scores = np.zeros_like(clean.voice)
    losses = []
    for inside, outside in group_folds(clean.people[fold.train], INNER_FOLDS, seed):
        predict = fit(material(fold.samples, fold.train[inside]))
        held = material(fold.samples, fold.train[outside])
        scores[fold.train[outside]] = predict(held.clean)
        losses.append(nll(predict(held.every), held.every.truth))
    truth = clean.truth[fold.train]
    named = scores[fold.train].argmax(axis=1)
    recall = uar_of(confusion_of(truth, named, scores.shape[1]))
    return recall, nll(scores[fold.train], truth), float(np.mean(losses))


def _keep_scores(held: Held, fold: Fold) -> None:
    """Keep the channel scores of the tested clips."""
    for condition, sample in fold.samples.items():
        kept = held.samples.setdefault(
            condition,
            Sample(
                np.zeros_like(sample.voice),
                np.zeros_like(sample.units),
                sample.quality,
                sample.truth,
                sample.people,
            ),
        )
        kept.voice[fold.test] = sample.voice[fold.test]
        kept.units[fold.test] = sample.units[fold.test]


def _put(held: Held, where: dict[KeyT, Floats], key: KeyT, rows: NDArray[np.intp], values: Floats) -> None:
    where.setdefault(key, np.zeros_like(held.samples[CLEAN].voice))[rows] = values
