"""What the encoder reads in the texts of a corpus, kept in an ignored folder: it takes minutes."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from services.common.media.files import Progress, ignore_progress
from services.common.serving.predictor import Predictor
from services.common.serving.registry import TEXT_ENCODER
from services.text.context import PIECES_ASSET, read_context
from services.text.features import Floats
from services.training.reference import keep_array

KEPT = "text_context"
"""Folder of the runs that keeps what was read."""
PART = 256
"""Texts whose vectors are kept together, so that a run that was stopped goes on."""
Reader = Callable[[Sequence[Sequence[str]]], Floats]
"""Tokenised texts to `Context.mean` of each, shape `(n, d)`."""


def keeping_reader(predictor: Predictor, *, folder: Path, progress: Progress = ignore_progress) -> Reader:
    """Return a reader over the served `text_encoder` that reads nothing twice.

    Args:
        predictor: runs the encoder.
        folder: where vectors are kept, by encoder and text.
        progress: told the share of each call that is done.
    """
    encoder = hashlib.sha256(predictor.asset(TEXT_ENCODER, PIECES_ASSET)).hexdigest()[:12]

    def read(texts: Sequence[Sequence[str]]) -> Floats:
        parts = []
        for start in range(0, len(texts), PART):
            parts.append(_part(texts[start : start + PART], predictor, folder / encoder))
            progress(min(1.0, (start + PART) / len(texts)))
        return np.concatenate(parts)

    return read


def _part(texts: Sequence[Sequence[str]], predictor: Predictor, folder: Path) -> Floats:
    key = hashlib.sha256("\n".join(" ".join(tokens) for tokens in texts).encode()).hexdigest()[:24]
    path = folder / f"{key}.npy"
    if not path.exists():
        size = predictor.manifest(TEXT_ENCODER).output.shape[-1] or 0
        found = [read_context(tokens, predictor) for tokens in texts]
        rows = [np.zeros(size, np.float32) if context is None else context.mean for context in found]
        keep_array(path, np.stack(rows).astype(np.float32))
    return np.asarray(np.load(path), dtype=np.float32)
