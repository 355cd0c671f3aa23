"""How the served voice model is measured: by people it has not heard, sentence, corpus and condition."""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.audio.features import FloatArray
from services.audio.training.classifier import (
    Classifier,
    Labelled,
    choose_strength,
    clip_probabilities,
    enrolled_logits,
    fit_classifier,
)
from services.audio.training.conditions import CONDITIONS, SECOND_VOICE
from services.audio.training.corpora import CLEAN, Corpus
from services.audio.training.dataset import RAVDESS_LABELS
from services.training.splits import group_folds

FOLDS = 5
INNER_FOLDS = 3
EVERY = 1000
"""More clips than anybody has: all others of the same person."""
ENROLLED = (0, 1, 2, 4, 8, 16, EVERY)
CROSS_LABELS = ("angry", "disgust", "fear", "happy", "sad", "neutral")
CROSS_TRAINING = (*CROSS_LABELS, "surprise")
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one seed of a protocol said about clips that nobody trained on.

    Attributes:
        seed: of folds and enrolments.
        clips: indices of the scored clips, shape `(n,)`, ascending.
        truth: their labels, shape `(n,)`.
        logits: of windows, shape `(w, classes)`, uncalibrated.
        part: the windows behind the logits.
    """

    seed: int
    clips: NDArray[np.int64]
    truth: NDArray[np.int64]
    logits: FloatArray
    part: Labelled

    def probabilities(self, temperature: float = 1.0) -> NDArray[np.float64]:
        """Return probabilities per clip, shape `(n, classes)`."""
        return clip_probabilities(self.logits, self.part.windows, temperature=temperature)[1]


def merged(parts: Sequence[tuple[Labelled, FloatArray]], seed: int) -> Outcome:
    """Merge several folds of one corpus into one outcome."""
    order = np.argsort(np.concatenate([part.windows.clip for part, _ in parts]), kind="stable")
    windows = [part.windows for part, _ in parts]
    first = parts[0][0]
    every = type(windows[0])(
        np.zeros((len(order), 0), np.float32),
        np.concatenate([one.clip for one in windows])[order],
        np.concatenate([one.seconds for one in windows])[order],
    )
    clips = np.unique(every.clip)
    logits = np.concatenate([values for _, values in parts])[order]
    return Outcome(seed, clips, first.labels[clips], logits, Labelled(every, first.labels, first.people))


def tuned(parts: Sequence[Labelled], helpers: Sequence[Labelled], *, n_classes: int, seed: int) -> Classifier:
    """Choose the penalty on inner folds by person, on clean windows, then fit on everything.

    Args:
        parts: the corpus to do well on: clean, then its augmented copies.
        helpers: another corpus, in the same form; may be empty.
        n_classes: number of classes.
        seed: of inner folds and enrolments.
    """
    clips = np.unique(parts[0].windows.clip)
    people = parts[0].people[clips]
    inner = [clips[held] for _, held in group_folds(people, min(INNER_FOLDS, len(set(people))), seed)]
    strength = choose_strength([parts[0], *helpers[:1]], folds=inner, n_classes=n_classes, seed=seed)
    log.info("seed %d: penalty %.2f", seed, strength)
    return fit_classifier([*parts, *helpers], n_classes=n_classes, strength=strength, seed=seed)


def _training(corpus: Corpus, clips: NDArray[np.intp]) -> list[Labelled]:
    return [corpus.clean.of(clips), *(copy.of(clips) for copy in corpus.copies)]


def by_actor(
    ravdess: Corpus, helper: Corpus | None, seed: int, *, on_fold: Callable[[], None]
) -> dict[tuple[str, int], Outcome]:
    """Run five folds of four actors, by condition and number of enrolled clips.

    Args:
        ravdess: the corpus, with all conditions.
        helper: EMO-DB under the same classes, all of it for training; None to leave it out.
        seed: of folds and enrolments.
        on_fold: called after each fold.
    """
    collected: dict[tuple[str, int], list[tuple[Labelled, FloatArray]]] = {}
    helpers = [] if helper is None else _training(helper, helper.usable)
    for train, test in group_folds(ravdess.people, FOLDS, seed):
        model = tuned(_training(ravdess, train), helpers, n_classes=len(RAVDESS_LABELS), seed=seed)
        for condition in (*CONDITIONS, SECOND_VOICE):
            part = ravdess.conditions[condition].of(test)
            for count in ENROLLED if condition == CLEAN else (0, 8):
                logits = enrolled_logits(model, part, count=count, seed=seed)
                collected.setdefault((condition, count), []).append((part, logits))
        on_fold()
    return {key: merged(parts, seed) for key, parts in collected.items()}


def by_actor_and_statement(ravdess: Corpus, helper: Corpus, seed: int) -> dict[int, Outcome]:
    """Run actor folds in which the test clips also say the sentence that training never heard."""
    statement = np.array([clip.path.stem.split("-")[4] for clip in ravdess.clips])
    helpers = _training(helper, helper.usable)
    collected: dict[int, list[tuple[Labelled, FloatArray]]] = {0: [], EVERY: []}
    for train, test in group_folds(ravdess.people, FOLDS, seed):
        for said in np.unique(statement):
            new = test[statement[test] == said]
            known = train[statement[train] != said]
            model = tuned(_training(ravdess, known), helpers, n_classes=len(RAVDESS_LABELS), seed=seed)
            part = ravdess.clean.of(new)
            for count, parts in collected.items():
                parts.append((part, enrolled_logits(model, part, count=count, seed=seed)))
    return {count: merged(parts, seed) for count, parts in collected.items()}


def by_speaker(emodb: Corpus, seed: int) -> dict[int, Outcome]:
    """Run EMO-DB alone, leave one speaker out, all seven of its classes."""
    collected: dict[int, list[tuple[Labelled, FloatArray]]] = {0: [], 8: [], EVERY: []}
    for speaker in np.unique(emodb.people):
        train, test = np.flatnonzero(emodb.people != speaker), np.flatnonzero(emodb.people == speaker)
        model = tuned(_training(emodb, train), [], n_classes=len(emodb.classes), seed=seed)
        part = emodb.clean.of(test)
        for count, parts in collected.items():
            parts.append((part, enrolled_logits(model, part, count=count, seed=seed)))
    return {count: merged(parts, seed) for count, parts in collected.items()}


def across_corpora(ravdess: Corpus, emodb: Corpus, seed: int) -> dict[int, Outcome]:
    """Train on RAVDESS alone, test on EMO-DB: another language, another room, six classes."""
    source = ravdess.under(CROSS_TRAINING, merge={"calm": "neutral"})
    target = emodb.under(CROSS_TRAINING)
    model = tuned(_training(source, source.usable), [], n_classes=len(CROSS_TRAINING), seed=seed)
    part = target.clean.of(target.usable)
    surprise = CROSS_TRAINING.index("surprise")
    found = {}
    for count in (0, 8, EVERY):
        logits = enrolled_logits(model, part, count=count, seed=seed)
        logits[:, surprise] = -30.0  # the protocol has six classes
        found[count] = merged([(part, logits)], seed)
    return found


def leaky(ravdess: Corpus, seed: int) -> Outcome:
    """Split 80/20 at random, seven classes without `neutral` as the reference did: actors on both sides."""
    seven = tuple(label for label in RAVDESS_LABELS if label != "neutral")
    corpus = ravdess.under(seven)
    order = np.random.default_rng(seed).permutation(corpus.usable)
    cut = len(order) * 4 // 5
    train, test = np.sort(order[:cut]), np.sort(order[cut:])
    model = tuned(_training(corpus, train), [], n_classes=len(seven), seed=seed)
    part = corpus.clean.of(test)
    return merged([(part, enrolled_logits(model, part, count=0, seed=seed))], seed)


def pooled_windows(outcomes: Iterable[Outcome]) -> tuple[FloatArray, NDArray[np.int64]]:
    """Collect the logits of all windows of several outcomes, and the labels of their clips."""
    each = list(outcomes)
    return (
        np.concatenate([one.logits for one in each]),
        np.concatenate([one.part.labels[one.part.windows.clip] for one in each]),
    )
