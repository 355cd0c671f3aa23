"""What the voice model says of people whom it never heard, for whoever combines it with other channels.

For every seed and outer fold of actors there are two kinds of clips. Those of the fold's own actors are
scored by a classifier fitted on all other actors, as in `protocols.by_actor`. All others are scored by
classifiers that know neither the fold's actors nor the clip's own: whoever learns from these scores sees
what an unheard person looks like, and nothing of the actors it is tested on (stacking; Wolpert 1992).
"""

import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.audio.features import describe_preprocessing
from services.audio.training.classifier import (
    STRENGTHS,
    Classifier,
    Labelled,
    clip_means,
    clip_probabilities,
    enrolled_logits,
    fit_classifier,
)
from services.audio.training.corpora import CLEAN, Corpus, load_both
from services.audio.training.dataset import RAVDESS_LABELS
from services.audio.training.protocols import EVERY, FOLDS
from services.audio.training.tables import GROUPS
from services.common.media.files import Progress, ignore_progress
from services.common.serving.litert import LiteRtPredictor
from services.training.reference import keep_array
from services.training.results import confusion_of, uar_of
from services.training.splits import group_folds

CONDITION_SNR_DB = {CLEAN: 30.0, "noise_10_db": 10.0, "noise_0_db": 0.0}
"""Conditions that are scored, with their level; clean studio speech counts as 30 dB, as in the tempering."""
KNOWN = (0, EVERY)
"""Other clips of the same person that the voice is normalised by: none, and all."""
INNER_FOLDS = 4
CHOICE = tuple(CONDITION_SNR_DB).index(CLEAN)
log = logging.getLogger(__name__)

Scores = NDArray[np.float32]
"""Probabilities, shape `(conditions, len(KNOWN), clips, classes)`."""


def write_held_out(
    data: Path,
    path: Path,
    *,
    models_dir: Path,
    cache: Path,
    seeds: Sequence[int],
    progress: Progress = ignore_progress,
) -> None:
    """Score RAVDESS out of fold and write it to `path`; folds that were scored before are not repeated.

    The file (`.npz`) holds, for n clips, C conditions and k classes:

    - `clips` `(n,)`: file names without the field of the modality; `people` `(n,)`; `labels` `(n,)`.
    - `classes` `(k,)`; `groups` `(k,)`: place of each among the product's labels.
    - `seeds` `(s,)`; `fold` `(s, n)`: which outer fold tests a clip.
    - `conditions` `(C,)`; `snr_db` `(C,)`; `known` `(2,)`: 0 and 1, whether the person is known.
    - `probabilities` `(s, folds, C, 2, n, k)`, float32, uncalibrated.
    - `embeddings` `(C, n, WINDOW_SIZE)`, float32: mean window of each clip.
    - `copies` `(COPIES, n, WINDOW_SIZE)`, float32: likewise of its augmented copies, for training only.
    - `speech_share` `(n,)`: speech in the clean clip, 0..1.
    - `digest`: SHA-256 of the recordings.

    Args:
        data: folder of the corpora.
        path: the file to write.
        models_dir: where `voice_encoder` is.
        cache: folder of the embeddings that were made before.
        seeds: of folds, inner folds and enrolments.
        progress: told the share of the work done.
    """
    predictor = LiteRtPredictor(models_dir=models_dir)
    ravdess, other = load_both(data, predictor=predictor, degraded=True, cache=cache)
    emodb = other.under(RAVDESS_LABELS)
    helpers = [emodb.clean.of(emodb.usable), *(copy.of(emodb.usable) for copy in emodb.copies)]
    folds = np.zeros((len(seeds), len(ravdess.clips)), np.int64)
    scores = []
    for row, seed in enumerate(seeds):
        for number, (train, test) in enumerate(group_folds(ravdess.people, FOLDS, seed)):
            folds[row, test] = number
            kept = path.parent / "voice" / f"{seed}-{number}-{_key(ravdess, emodb)}.npy"
            if not kept.exists():
                keep_array(kept, fold_scores(ravdess, helpers, train, test, seed=seed))
            scores.append(np.load(kept))
            progress((row * FOLDS + number + 1) / (FOLDS * len(seeds)))
    partial = path.with_suffix(".partial.npz")
    np.savez(
        partial,
        clips=np.array([clip.path.stem.split("-", 1)[1] for clip in ravdess.clips]),
        people=ravdess.people,
        labels=ravdess.labels,
        classes=np.array(RAVDESS_LABELS),
        groups=np.array(GROUPS),
        seeds=np.array(seeds),
        fold=folds,
        conditions=np.array(list(CONDITION_SNR_DB)),
        snr_db=np.array(list(CONDITION_SNR_DB.values())),
        known=np.arange(len(KNOWN)),
        probabilities=np.stack(scores).reshape(len(seeds), FOLDS, *scores[0].shape),
        embeddings=np.stack([clip_means(ravdess.conditions[c].windows)[1] for c in CONDITION_SNR_DB]),
        copies=np.stack([clip_means(copy.windows)[1] for copy in ravdess.copies]),
        speech_share=speech_share(ravdess),
        digest=np.array(ravdess.digest),
    )
    partial.replace(path)


def speech_share(corpus: Corpus) -> NDArray[np.float64]:
    """Return the share of each clip that its windows represent, shape `(n,)`, 0..1."""
    import soundfile

    windows = corpus.clean.windows
    spoken_s = np.bincount(windows.clip, weights=windows.seconds, minlength=len(corpus.clips))
    length_s = np.array([soundfile.info(clip.path).duration for clip in corpus.clips])
    share: NDArray[np.float64] = np.minimum(spoken_s / length_s, 1.0)
    return share


def _key(ravdess: Corpus, emodb: Corpus) -> str:
    """Return a key that changes with the recordings, the front end and the choices of this module."""
    corpora = f"{ravdess.digest} {emodb.digest}"
    recipe = f"{corpora} {describe_preprocessing()} {CONDITION_SNR_DB} {INNER_FOLDS} {STRENGTHS}"
    return hashlib.sha256(recipe.encode()).hexdigest()[:12]


def fold_scores(
    ravdess: Corpus,
    helpers: Sequence[Labelled],
    train: NDArray[np.intp],
    test: NDArray[np.intp],
    *,
    seed: int,
) -> Scores:
    """Score all clips for one outer fold; the penalty is the one that does best on the inner folds.

    Args:
        ravdess: under all conditions.
        helpers: another corpus, for training only; may be empty.
        train: clips of the training actors.
        test: clips of the fold's actors.
        seed: of inner folds and enrolments.
    """
    inner = [(train[i], train[o]) for i, o in group_folds(ravdess.people[train], INNER_FOLDS, seed)]
    candidates = {strength: _inner(ravdess, helpers, inner, strength, seed) for strength in STRENGTHS}
    truth = ravdess.labels[train]

    def recall(strength: float) -> float:
        named = candidates[strength][CHOICE][:, train].argmax(axis=2)
        return float(np.mean([uar_of(confusion_of(truth, one, len(ravdess.classes))) for one in named]))

    strength = max(STRENGTHS, key=recall)
    log.info("seed %d: penalty %.2f, inner recall %.3f", seed, strength, recall(strength))
    scores = candidates[strength]
    _score(_fit(ravdess, helpers, train, strength, seed), ravdess, test, scores, seed=seed)
    return scores


def _inner(
    ravdess: Corpus,
    helpers: Sequence[Labelled],
    inner: Sequence[tuple[NDArray[np.intp], NDArray[np.intp]]],
    strength: float,
    seed: int,
) -> Scores:
    scores = np.zeros(
        (len(CONDITION_SNR_DB), len(KNOWN), len(ravdess.clips), len(ravdess.classes)), np.float32
    )
    for inside, outside in inner:
        _score(_fit(ravdess, helpers, inside, strength, seed), ravdess, outside, scores, seed=seed)
    return scores


def _fit(
    ravdess: Corpus,
    helpers: Sequence[Labelled],
    clips: NDArray[np.intp],
    strength: float,
    seed: int,
) -> Classifier:
    parts = [ravdess.clean.of(clips), *(copy.of(clips) for copy in ravdess.copies)]
    return fit_classifier([*parts, *helpers], n_classes=len(ravdess.classes), strength=strength, seed=seed)


def _score(model: Classifier, ravdess: Corpus, clips: NDArray[np.intp], scores: Scores, *, seed: int) -> None:
    """Write the probabilities of `clips`, all of whose people the model never heard, into `scores`."""
    for place, condition in enumerate(CONDITION_SNR_DB):
        part = ravdess.conditions[condition].of(clips)
        for known, count in enumerate(KNOWN):
            logits = enrolled_logits(model, part, count=count, seed=seed)
            named, rows = clip_probabilities(logits, part.windows)
            scores[place, known, named] = rows
