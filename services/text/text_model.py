"""A served linear model of texts: what is beside its weights, the row it reads, and what each word does.

`text_traits` and `text_impression` are both such models: one linear layer over the terms of a text, the mean
meaning of its words, alone and where they stand, and, for speech, its pace. So every score is a sum, and the
sum can be told word by word.
"""

import io
import json
import weakref
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from services.common.serving.predictor import Predictor
from services.text.context import Context, ContextLayer
from services.text.features import Floats, Vocabulary, is_word, reliability, term_contributions, tfidf
from services.text.meanings import Meanings, read_meanings, write_meanings
from services.text.pace import pace_inputs

VOCABULARY_ASSET = "vocabulary.json"
WEIGHTS_ASSET = "weights.npz"
MEANINGS_ASSET = "meanings.npz"
PACE = "pace of speech"
"""Key of the pace among the contributions; no token has a space in it, and no phrase has two."""


def _nothing() -> Floats:
    return np.zeros(0, dtype=np.float32)


@dataclass(frozen=True)
class Widths:
    """How wide 95 % intervals are, by the length of the text.

    Attributes:
        words: lengths that were measured, ascending, shape `(m,)`.
        half_widths: of each score at each of them, shape `(m, k)`, in units of the linear sum (a logit, where
            the model gives probabilities).
    """

    words: Floats = field(default_factory=_nothing)
    half_widths: Floats = field(default_factory=lambda: np.zeros((0, 0), dtype=np.float32))

    def at(self, words: int) -> Floats:
        """Return half widths for a text of `words` words, shape `(k,)`: linear in the logarithm of the
        length.
        """
        place = np.log1p(float(words))
        columns = self.half_widths.T
        return np.array([np.interp(place, np.log1p(self.words), one) for one in columns], dtype=np.float32)


@dataclass(frozen=True)
class TextModel:
    """A vocabulary and linear weights, as served.

    Attributes:
        vocabulary: terms and their inverse document frequencies.
        weights: shape `(inputs, k)`, calibration included. The inputs are the terms, the scores of the
            meanings, those of the context, the columns of the pace and a constant.
        offset: shape `(k,)`, output for an empty text: the base rate.
        half_words: words at which an estimate keeps half its strength (`features.reliability`).
        meanings: of words; None for a model without.
        context: over what the encoder reads; None for a model without.
        pace_mean: what is taken off `pace_inputs`, shape `(pace.COLUMNS,)`; empty for a model without. A
            text without a pace has the mean one.
        widths: of intervals; empty for a model without.
    """

    vocabulary: Vocabulary
    weights: Floats
    offset: Floats
    half_words: float
    meanings: Meanings | None = None
    context: ContextLayer | None = None
    pace_mean: Floats = field(default_factory=_nothing)
    widths: Widths = field(default_factory=Widths)

    @property
    def reads_context(self) -> bool:
        """Whether `row` needs the `context` of a text."""
        return self.context is not None

    def row(
        self, tokens: Sequence[str], *, words_per_minute: float | None = None, context: Floats | None = None
    ) -> Floats:
        """Return the model's input for a tokenised text, shape `(inputs,)`, float32.

        Args:
            tokens: from `features.tokenize`.
            words_per_minute: of speech; None for what was written, and where it is not known.
            context: `Context.mean` of the text, shape `(d,)`; None where it has no word piece.

        Raises:
            ValueError: the text has words, the model reads their context, and there is none.
        """
        meaning = _nothing() if self.meanings is None else self.meanings.mean(tokens)
        said = np.concatenate([tfidf(tokens, self.vocabulary), meaning, self._context(tokens, context)])
        strength = np.float32(reliability(tokens, self.half_words))
        return np.concatenate([said * strength, self._pace(words_per_minute), [strength]]).astype(np.float32)

    def rows(
        self,
        texts: Iterable[Sequence[str]],
        *,
        rates: Sequence[float | None] | None = None,
        contexts: Sequence[Floats | None] | None = None,
    ) -> Floats:
        """Return `row` of many texts, shape `(n, inputs)`.

        Args:
            texts: tokens of each.
            rates: words per minute of each; none is known by default.
            contexts: `Context.mean` of each.
        """
        given = list(texts)
        each = rates or [None] * len(given)
        read = contexts if contexts is not None else [None] * len(given)
        return np.stack(
            [
                self.row(tokens, words_per_minute=rate, context=context)
                for tokens, rate, context in zip(given, each, read, strict=True)
            ]
        )

    def _context(self, tokens: Sequence[str], context: Floats | None) -> Floats:
        if self.context is None:
            return _nothing()
        if context is not None:
            return self.context.scores(context)
        if any(map(is_word, tokens)):
            raise ValueError("the model reads words in context; hand over `read_context(...).mean`")
        return np.zeros(self.context.weights.shape[1], dtype=np.float32)

    def _pace(self, words_per_minute: float | None) -> Floats:
        if words_per_minute is None or not self.pace_mean.size:
            return np.zeros_like(self.pace_mean)
        return pace_inputs(words_per_minute) - self.pace_mean

    def contributions(
        self,
        tokens: Sequence[str],
        *,
        words_per_minute: float | None = None,
        context: Context | None = None,
    ) -> dict[str, Floats]:
        """Return what each token and phrase of a text, and its pace, add to the linear sums.

        Together with the constant's share and the offset they are the sums, exactly. For a model of
        probabilities the sums are logits.

        Returns:
            By token, by phrase (two tokens with a space between) and `PACE`, shape `(k,)`.
        """
        size = self.vocabulary.size
        strength = np.float32(reliability(tokens, self.half_words))
        values = tfidf(tokens, self.vocabulary) * strength
        found = term_contributions(tokens, self.vocabulary, values, self.weights[:size])
        if self.meanings is not None:
            layer = self.weights[size : size + self.meanings.size] * strength
            size += self.meanings.size
            for token, share in self.meanings.contributions(tokens).items():
                found[token] = found[token] + share @ layer
        if self.context is not None and context is not None:
            layer = self.weights[size : size + self.context.weights.shape[1]] * strength
            for token, share in self.context.contributions(context).items():
                found[token] = found[token] + share @ layer
        if self.pace_mean.size:
            columns = self.weights[-1 - self.pace_mean.size : -1]
            found[PACE] = self._pace(words_per_minute) @ columns
        return found

    def constant(self, tokens: Sequence[str]) -> Floats:
        """Return what a text of this length adds whatever it says, shape `(k,)`."""
        share: Floats = self.weights[-1] * np.float32(reliability(tokens, self.half_words))
        return share


def words_and_phrases(contributions: Mapping[str, Floats]) -> dict[str, Floats]:
    """Return the contributions that are words or phrases of two words; not marks, numbers or the pace."""
    return {
        term: share
        for term, share in contributions.items()
        if term != PACE and all(is_word(part) for part in term.split(" "))
    }


def strongest(shares: Mapping[str, Floats], *, limit: int) -> list[list[tuple[str, float]]]:
    """Return the terms that moved each score most, up or down, with their shares, strongest first."""
    if not shares or limit == 0:
        return []
    terms, table = list(shares), np.stack(list(shares.values()))
    orders = np.argsort(-np.abs(table), axis=0, kind="stable")[:limit].T
    return [
        [(terms[row], round(float(column[row]), 6)) for row in order]
        for order, column in zip(orders, table.T, strict=True)
    ]


def write_assets(model: TextModel) -> dict[str, bytes]:
    """Write the side files of a version folder, by name. No pickles."""
    words = {
        "tokens": list(model.vocabulary.tokens),
        "characters": list(model.vocabulary.characters),
        "phrases": list(model.vocabulary.phrases),
        "character_ngrams": list(model.vocabulary.character_ngrams),
        "half_words": model.half_words,
    }
    arrays = io.BytesIO()
    layer = {} if model.context is None else vars(model.context)
    np.savez_compressed(
        arrays,
        **{f"context_{name}": array for name, array in layer.items()},
        idf=model.vocabulary.idf,
        weights=model.weights,
        offset=model.offset,
        pace_mean=model.pace_mean,
        width_words=model.widths.words,
        half_widths=model.widths.half_widths,
    )
    files = {
        VOCABULARY_ASSET: json.dumps(words, ensure_ascii=False, indent=0).encode(),
        WEIGHTS_ASSET: arrays.getvalue(),
    }
    if model.meanings is not None:
        files[MEANINGS_ASSET] = write_meanings(model.meanings)
    return files


def read_assets(vocabulary: bytes, weights: bytes, meanings: bytes | None = None) -> TextModel:
    """Read what `write_assets` wrote."""
    words: dict[str, Any] = json.loads(vocabulary)
    shortest, longest = words["character_ngrams"]
    with np.load(io.BytesIO(weights), allow_pickle=False) as arrays:
        held = {name: arrays[name].astype(np.float32) for name in arrays.files}
    return TextModel(
        vocabulary=Vocabulary(
            tokens=words["tokens"],
            characters=words["characters"],
            idf=held["idf"],
            character_ngrams=(shortest, longest),
            phrases=words.get("phrases", []),
        ),
        weights=held["weights"],
        offset=held["offset"],
        half_words=float(words["half_words"]),
        meanings=None if meanings is None else read_meanings(meanings),
        context=ContextLayer(held["context_weights"], held["context_centre"])
        if "context_weights" in held
        else None,
        pace_mean=held.get("pace_mean", _nothing()),
        widths=Widths(held["width_words"], held["half_widths"]) if "half_widths" in held else Widths(),
    )


_LOADED: "weakref.WeakKeyDictionary[Predictor, dict[str, TextModel]]" = weakref.WeakKeyDictionary()


def load_text_model(predictor: Predictor, name: str) -> TextModel:
    """Return the side files of a served model, read once per predictor and so once per process.

    Args:
        predictor: serves the model.
        name: in the registry.

    Raises:
        TemporaryError: `model_unavailable`, there is no such model.
    """
    models = _LOADED.setdefault(predictor, {})
    if name not in models:
        has_meanings = bool(predictor.manifest(name).preprocessing.get("meanings"))
        models[name] = read_assets(
            predictor.asset(name, VOCABULARY_ASSET),
            predictor.asset(name, WEIGHTS_ASSET),
            predictor.asset(name, MEANINGS_ASSET) if has_meanings else None,
        )
    return models[name]
