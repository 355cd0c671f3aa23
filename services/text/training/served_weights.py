"""A fit as the weights of the served layer."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.text.context import ContextLayer
from services.text.features import Floats, Vocabulary
from services.text.meanings import Meanings
from services.text.training.design import CONTEXT, MEANINGS, PACE, TERM_BLOCKS, Design, Linear
from services.text.training.word_vectors import WordVectors

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Layer:
    """What `TextModel` needs of a fit.

    Attributes:
        vocabulary: the blocks that the fit uses.
        weights: shape `(inputs, k)`.
        meanings: a number per word and score; None where the fit does not use them.
        context: a number per dimension of the encoder and score; likewise.
    """

    vocabulary: Vocabulary
    weights: Floats
    meanings: Meanings | None
    context: ContextLayer | None


def lay_out(
    linear: Linear, design: Design, *, scale: Array, shift: Array, vectors: WordVectors | None
) -> Layer:
    """Put the weights in the order of the served inputs.

    Args:
        linear: the fit.
        design: whose inputs it weighs.
        scale: shape `(k,)`, multiplied into everything but the pace.
        shift: shape `(k,)`, added to the constant after that.
        vectors: behind the meanings. They are multiplied into them, so that none is needed to serve.
    """
    vocabulary = _used(linear, design)
    rows = [linear.weights[name] * scale for name in TERM_BLOCKS if name in linear.weights]
    weights = [block * np.sqrt(len(rows)) for block in rows]
    meanings = None
    if vectors is not None and MEANINGS in linear.weights:
        scores = vectors.vectors @ (linear.weights[MEANINGS] * scale)
        meanings = Meanings(vectors.words, scores.astype(np.float16).astype(np.float32))
        weights.append(np.eye(len(scale)))
    context = _context_layer(linear, design, scale)
    if context is not None:
        weights.append(np.eye(len(scale)))
    if PACE in linear.weights:
        weights.append(linear.weights[PACE])
    weights.append((linear.constant * scale + shift)[None])
    return Layer(vocabulary, np.vstack(weights).astype(np.float32), meanings, context)


def _context_layer(linear: Linear, design: Design, scale: Array) -> ContextLayer | None:
    """Return the layer over the encoder's own numbers, evening out included."""
    if design.context is None or CONTEXT not in linear.weights:
        return None
    weights = linear.weights[CONTEXT] / design.context.deviation[:, None] * scale
    return ContextLayer(weights.astype(np.float32), design.context.centre.astype(np.float32))


def _used(linear: Linear, design: Design) -> Vocabulary:
    """Return the vocabulary without the blocks that the fit leaves out."""
    vocabulary = design.chosen.vocabulary
    terms = (vocabulary.tokens, vocabulary.characters, vocabulary.phrases)
    kept = [name in linear.weights for name in TERM_BLOCKS]
    mask = np.concatenate([np.full(len(one), keep) for one, keep in zip(terms, kept, strict=True)])
    tokens, characters, phrases = (list(one) if keep else [] for one, keep in zip(terms, kept, strict=True))
    return Vocabulary(
        tokens=tokens,
        characters=characters,
        phrases=phrases,
        idf=vocabulary.idf[mask.astype(bool)],
        character_ngrams=vocabulary.character_ngrams,
    )
