"""Nested cross-validation by essay: every number on the card comes from rows nothing was fitted on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from services.common.media import Progress, no_progress
from services.text.features import Floats, Vocabulary, is_word
from services.text.training.calibration import LENGTHS, Calibration, calibrate, first_words, held_out_logits
from services.text.training.models import VocabularyRule, build_vocabulary, fit_dual, input_matrix
from services.text.training.selection import (
    BOTH,
    CHARACTERS,
    TOKENS,
    Candidate,
    Selection,
    block_grams,
    select,
)
from services.text.trait_model import TraitModel
from services.training.splits import Groups, Indices, group_folds

Array = NDArray[np.float64]
INNER_FOLDS = 5


@dataclass(frozen=True)
class Fitted:
    """A trained model, and how its features, penalty and calibration were chosen."""

    model: TraitModel
    selection: Selection
    calibration: Calibration


@dataclass(frozen=True)
class OutOfFold:
    """Held-out probabilities of every row.

    Attributes:
        probabilities: on the whole texts, shape `(n, 5)`.
        shortened: on the first so many words of each text, by that number, likewise.
        chosen: the candidate that each outer fold chose.
        half_words: likewise, of its calibration.
    """

    probabilities: Array
    shortened: dict[int, Array]
    chosen: list[Candidate]
    half_words: list[float]


def fit(
    texts: Sequence[Sequence[str]],
    traits: Array,
    groups: Groups,
    *,
    rule: VocabularyRule,
    seed: int,
    folds: int,
) -> Fitted:
    """Choose and calibrate on inner folds, then fit on all rows given; all of it becomes weights.

    The vocabulary is chosen once, from the texts given and without their labels; inner folds share it.
    """
    vocabulary = build_vocabulary(texts, rule)
    rows = input_matrix(texts, vocabulary)
    inner = group_folds(groups, folds, seed)
    grams = block_grams(rows, rows, len(vocabulary.tokens))
    selection = select(grams, traits, inner)
    candidate, gram = selection.candidate, grams[selection.candidate.blocks]
    vocabulary = _only(candidate.blocks, vocabulary)
    rows = input_matrix(texts, vocabulary)
    logits, lengths = _held_out(texts, rows, gram, traits, inner, vocabulary, candidate.penalty)
    calibration = calibrate(logits, lengths, traits)
    dual = fit_dual(gram, traits, candidate.penalty)
    weights = np.vstack([rows.T @ dual, dual.sum(axis=0)]) * calibration.scale
    model = TraitModel(
        vocabulary=vocabulary,
        weights=weights.astype(np.float32),
        offset=calibration.offset.astype(np.float32),
        half_words=calibration.half_words,
    )
    return Fitted(model=model, selection=selection, calibration=calibration)


def _held_out(
    texts: Sequence[Sequence[str]],
    rows: Floats,
    gram: Floats,
    traits: Array,
    folds: Sequence[tuple[Indices, Indices]],
    vocabulary: Vocabulary,
    penalty: float,
) -> tuple[list[Array], list[Array]]:
    """Held-out logits at each length of the calibration, whole texts last, and the words at each."""
    cuts = [[first_words(tokens, words) for tokens in texts] for words in LENGTHS]
    inputs = [*(input_matrix(cut, vocabulary) for cut in cuts), rows]
    lengths = [np.array([sum(map(is_word, tokens)) for tokens in cut], float) for cut in (*cuts, texts)]
    return held_out_logits(gram, inputs, traits, folds, penalty), lengths


def _only(blocks: str, vocabulary: Vocabulary) -> Vocabulary:
    """The vocabulary without the block that was not chosen."""
    border = len(vocabulary.tokens)
    keep = {BOTH: slice(None), TOKENS: slice(0, border), CHARACTERS: slice(border, None)}[blocks]
    return Vocabulary(
        tokens=[] if blocks == CHARACTERS else vocabulary.tokens,
        characters=[] if blocks == TOKENS else vocabulary.characters,
        idf=vocabulary.idf[keep],
        character_ngrams=vocabulary.character_ngrams,
    )


def predict(model: TraitModel, texts: Sequence[Sequence[str]]) -> Array:
    """Probabilities of tokenised texts, shape `(n, 5)`, computed as the served layer does."""
    probabilities: Array = expit((model.rows(texts) @ model.weights + model.offset).astype(np.float64))
    return probabilities


def cross_validate(
    texts: Sequence[Sequence[str]],
    traits: Array,
    groups: Groups,
    *,
    rule: VocabularyRule,
    seed: int,
    folds: int,
    shorten_to: Sequence[int] = (),
    progress: Progress = no_progress,
) -> OutOfFold:
    """Hold out every row once; choose features, penalty and calibration inside the rest.

    Args:
        texts: tokens of each text.
        traits: 0 or 1, shape `(n, 5)`.
        groups: author of each text.
        rule: for the vocabulary of each fold.
        seed: of all folds.
        folds: outer folds.
        shorten_to: numbers of words at which the held-out texts are scored again.
        progress: told the share of the folds that are done.
    """
    probabilities = np.zeros(traits.shape)
    shortened = {words: np.zeros(traits.shape) for words in shorten_to}
    fits: list[Fitted] = []
    names = np.asarray(groups)
    for number, (train, test) in enumerate(group_folds(names, folds, seed), start=1):
        fitted = fit(
            [texts[i] for i in train], traits[train], names[train], rule=rule, seed=seed, folds=INNER_FOLDS
        )
        held_out = [texts[i] for i in test]
        probabilities[test] = predict(fitted.model, held_out)
        for words, table in shortened.items():
            table[test] = predict(fitted.model, [first_words(tokens, words) for tokens in held_out])
        fits.append(fitted)
        progress(number / folds)
    return OutOfFold(
        probabilities=probabilities,
        shortened=shortened,
        chosen=[fitted.selection.candidate for fitted in fits],
        half_words=[fitted.model.half_words for fitted in fits],
    )
