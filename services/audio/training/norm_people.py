"""How neutral speech of actors sounds to a model that never heard them: an ordinary voice, to compare with.

Of all that they act only the neutral recordings count. Whoever answers a question is not acting rage; beside
all eight emotions in equal parts, every ordinary voice would be uncommonly neutral.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from services.audio.training.classifier import Classifier, enrolled_logits, fit_classifier
from services.audio.training.corpora import Corpus, load_both
from services.audio.training.dataset import RAVDESS_LABELS
from services.audio.training.tables import GROUPS
from services.common.contracts.labels import EMOTIONS, Modality, ModalityStatus
from services.common.contracts.results import ModalityResult
from services.common.media.files import Progress, ignore_progress
from services.common.serving.predictor import Predictor
from services.common.serving.registry import VOICE_EMOTION, VOICE_ENCODER
from services.training.splits import group_folds

FOLDS = 5
STRENGTH = 0.1
"""The penalty that inner folds choose most often (`STRENGTHS`)."""
NEUTRAL = "neutral"
Floats = NDArray[np.float64]


def ordinary_voices(
    data: Path, *, predictor: Predictor, cache: Path, progress: Progress = ignore_progress
) -> list[ModalityResult]:
    """Return a result for every actor of RAVDESS and EMO-DB: all neutral recordings as one answer.

    Args:
        data: folder of the corpora.
        predictor: answers for `voice_encoder`, and for the manifest of `voice_emotion`.
        cache: folder of the embeddings that were made before.
        progress: told the share of the work done.

    Raises:
        FileNotFoundError: a corpus is not in that folder.
    """
    both = load_both(data, predictor=predictor, degraded=False, cache=cache, progress=progress)
    manifest = predictor.manifest(VOICE_EMOTION)
    temperature = float(manifest.preprocessing["temperature"])
    models = [manifest.ref, predictor.manifest(VOICE_ENCODER).ref]
    return [
        ModalityResult(
            modality=Modality.AUDIO,
            status=ModalityStatus.SUCCEEDED,
            emotions=dict(zip(EMOTIONS, row.tolist(), strict=True)),
            models=models,
        )
        for row in unheard_neutral(both, temperature=temperature).values()
    ]


def unheard_neutral(
    corpora: Sequence[Corpus], *, temperature: float, folds: int = FOLDS, seed: int = 0
) -> dict[str, Floats]:
    """Average each person's neutral windows, by a classifier fitted without this person, shape `(7,)`.

    Args:
        corpora: with their augmented copies.
        temperature: of the served model.
        folds: parts that the people of all corpora are dealt into.
        seed: of the folds and enrolments.
    """
    known = [corpus.under(RAVDESS_LABELS) for corpus in corpora]
    everyone = np.unique(np.concatenate([corpus.people for corpus in known]))
    found: dict[str, Floats] = {}
    for _, tested in group_folds(everyone, folds, seed):
        away = set(everyone[tested].tolist())
        model = _without(known, away, seed=seed)
        for corpus in known:
            found |= _scores(model, corpus, away, temperature=temperature, seed=seed)
    return dict(sorted(found.items()))


def _without(corpora: Sequence[Corpus], away: set[str], *, seed: int) -> Classifier:
    parts = []
    for corpus in corpora:
        clips = corpus.usable[[corpus.people[clip] not in away for clip in corpus.usable]]
        parts += [part.of(clips) for part in (corpus.clean, *corpus.copies)]
    return fit_classifier(parts, n_classes=len(RAVDESS_LABELS), strength=STRENGTH, seed=seed)


def _scores(
    model: Classifier, corpus: Corpus, away: set[str], *, temperature: float, seed: int
) -> dict[str, Floats]:
    neutral = corpus.labels == RAVDESS_LABELS.index(NEUTRAL)
    clips = np.flatnonzero(neutral & np.isin(corpus.people, list(away)))
    if not len(clips):
        return {}
    part = corpus.clean.of(clips)
    eight = softmax(enrolled_logits(model, part, count=0, seed=seed) / temperature, axis=1)
    rows = np.zeros((len(eight), len(EMOTIONS)))
    for column, group in enumerate(GROUPS):
        rows[:, group] += eight[:, column]
    person = corpus.people[part.windows.clip]
    return {
        one: np.average(rows[person == one], axis=0, weights=part.windows.seconds[person == one])
        for one in np.unique(person).tolist()
    }
