"""The FER+ votes of FER2013's images (Barsoum et al. 2016): soft targets and majorities."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.video.training.dataset import FloatArray, IntArray, partition_path

FERPLUS_LABELS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
OTHER_VOTES = ("unknown", "NF")
"""What an annotator could say instead of an emotion; `NF` is "not a face"."""

NO_MAJORITY = -1

VoteArray = NDArray[np.uint8]


def load_votes(data: Path, partition: str) -> VoteArray:
    """Load the votes of one partition, row for row with `load_partition`.

    Returns:
        Counts `(n, 10)`, columns `FERPLUS_LABELS` then `OTHER_VOTES`, whatever the file's own order; all
        zero where FER+ left an image out.

    Raises:
        ValueError: the file's columns are not those ten.
        FileNotFoundError: see `partition_path`.
    """
    with np.load(partition_path(data, partition), allow_pickle=False) as archive:
        votes = archive["ferplus_votes"]
        names = [str(name) for name in archive["ferplus_vote_names"]]
    ours = FERPLUS_LABELS + OTHER_VOTES
    if sorted(names) != sorted(ours):
        raise ValueError(f"expected votes for {', '.join(ours)}, got {', '.join(names)}")
    return np.asarray(votes[:, [names.index(name) for name in ours]], dtype=np.uint8)


def soft_targets(votes: VoteArray) -> FloatArray:
    """Return shares of the eight emotions among the votes for any of them, `(n, 8)`.

    A row sums to 1, or is all zero where nobody named an emotion: such an image teaches nothing here.
    """
    emotions = votes[:, : len(FERPLUS_LABELS)].astype(np.float32)
    return np.asarray(emotions / np.maximum(emotions.sum(axis=1, keepdims=True), 1), dtype=np.float32)


def majorities(votes: VoteArray) -> IntArray:
    """Return the emotion that most annotators agree on, as FER+ is scored (Barsoum et al. 2016, section 3).

    Single votes are dropped as slips; what is left must give one emotion more than half.

    Returns:
        Index into `FERPLUS_LABELS`, shape `(n,)`; `NO_MAJORITY` where there is none, or where the
        majority saw no face or could not tell.
    """
    kept = np.where(votes > 1, votes, 0).astype(np.int64)
    winner = kept.argmax(axis=1)
    clear = 2 * kept.max(axis=1) > kept.sum(axis=1)
    return np.where(clear & (winner < len(FERPLUS_LABELS)), winner, NO_MAJORITY)
