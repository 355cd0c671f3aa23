"""Score the served voice model on a corpus, through the windows and the predictor of serving."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.audio.normalisation import build_normaliser
from services.audio.scoring import predict_windows
from services.audio.settings import AudioSettings
from services.audio.training.dataset import (
    TRAINING_ACTORS,
    TRAINING_SPEAKERS,
    Clip,
    find_clips,
    label_indices,
    read_sound,
    served_windows,
)
from services.audio.vad import build_hysteresis
from services.common.contracts.labels import EMOTIONS
from services.common.errors import InputError
from services.common.media.files import Progress, ignore_progress
from services.common.serving.predictor import Predictor
from services.common.serving.registry import VOICE_EMOTION
from services.training.evaluate import TRAINING_DATA_NOTE, evaluation_report
from services.training.metrics import Interval, bootstrap_interval, classification_metrics


def evaluate(
    data: Path, *, corpus: str, predictor: Predictor, progress: Progress = ignore_progress
) -> dict[str, Any]:
    """Score every recording of a corpus, one score per clip.

    A clip's probabilities are the mean over its windows weighted by speech, as in the product. Where
    voice activity finds no speech the whole clip is scored, and counted in `without_speech`: the
    product would answer `no_speech`.

    Args:
        data: folder with a sub-folder named after the corpus, or with the recordings themselves.
        corpus: `ravdess`, `emodb`, `savee` or `tess`.
        predictor: answers for the served model.
        progress: told the share of the clips that are done.

    Returns:
        What `candor evaluate` prints. Intervals are by bootstrap over speakers. UAR and macro-F1 are
        over the labels that occur in the corpus.

    Raises:
        ValueError: the corpus is unknown.
        FileNotFoundError: there is no recording of that corpus.
        InputError: not one recording can be decoded.
    """
    clips, excluded = find_clips(data, corpus)
    rule, normaliser = build_hysteresis(AudioSettings()), build_normaliser(None, predictor)
    scored: list[Clip] = []
    rows: list[NDArray[np.float64]] = []
    without_speech, fault = 0, None
    for number, clip in enumerate(clips, start=1):
        try:
            sound = read_sound(clip.path)
        except InputError as error:
            fault = error
            continue
        windows, has_speech = served_windows(sound, rule, predictor)
        spans = np.array([window.end - window.start for window in windows], np.float64)
        embeddings = np.stack([window.embedding for window in windows])
        each = predict_windows(embeddings, normaliser, predictor)
        rows.append(np.average(each, axis=0, weights=spans))
        scored.append(clip)
        without_speech += not has_speech
        progress(number / len(clips))
    if not scored and fault is not None:
        raise fault
    manifest = predictor.manifest(VOICE_EMOTION)
    truth, probabilities = label_indices([str(clip.emotion) for clip in scored], EMOTIONS), np.stack(rows)
    speakers = np.array([clip.speaker for clip in scored])
    return evaluation_report(
        manifest.name,
        manifest.version,
        classification_metrics(truth, probabilities, EMOTIONS),
        corpus=corpus,
        intervals=score_intervals(truth, probabilities, speakers),
        note=_note(corpus, scored, excluded),
        speakers=len(set(speakers.tolist())),
        without_speech=without_speech,
        undecodable=len(clips) - len(scored),
        excluded=excluded,
        **_by_training(corpus, scored, probabilities.argmax(axis=1) == truth),
    )


def score_intervals(
    truth: NDArray[np.int64], probabilities: NDArray[np.float64], speakers: NDArray[np.str_]
) -> dict[str, Interval]:
    """Return 95 % intervals of accuracy and UAR, by bootstrap over speakers.

    A resample that lacks a class says nothing about its recall: UAR is over the classes it has.
    """
    named = probabilities.argmax(axis=1)

    def recall(rows: NDArray[np.intp]) -> float:
        classes = np.unique(truth[rows])
        hits = named[rows] == truth[rows]
        return float(np.mean([hits[truth[rows] == label].mean() for label in classes]))

    return {
        "accuracy": bootstrap_interval((named == truth).astype(np.float64), speakers),
        "uar": bootstrap_interval(recall, speakers),
    }


def known_speaker(corpus: str, speaker: str) -> bool:
    """Return whether the served model was trained on this person."""
    if corpus == "ravdess":
        return int(speaker) in TRAINING_ACTORS
    return corpus == "emodb" and speaker in TRAINING_SPEAKERS


def _by_training(corpus: str, clips: Sequence[Clip], hits: NDArray[np.bool_]) -> dict[str, Any]:
    """Split a corpus that was trained on: clips and accuracy of people heard in training, and of others."""
    trained = np.array([known_speaker(corpus, clip.speaker) for clip in clips])
    if corpus not in ("ravdess", "emodb"):
        return {}
    parts = {"training_people": trained, "other_people": ~trained}
    return {
        name: {"n": int(mask.sum()), "accuracy": float(hits[mask].mean()) if mask.any() else None}
        for name, mask in parts.items()
    }


def _note(corpus: str, clips: Sequence[Clip], excluded: int) -> str | None:
    """Return what a reader must know before quoting the figures."""
    known = sum(known_speaker(corpus, clip.speaker) for clip in clips)
    notes = []
    if corpus in ("ravdess", "emodb"):
        new = len(clips) - known
        notes.append(
            f"{known} clips are by people whom the model was trained on, {new} by others. Nothing is known "
            "of the speaker (no enrolment)."
        )
        if known:
            notes.append(TRAINING_DATA_NOTE if not new else "See `other_people` for new people.")
    else:
        notes.append("None of this corpus was trained on: the figures are across corpora.")
    if corpus == "ravdess":
        notes.append("`calm` counts as `neutral`.")
    if excluded:
        notes.append(f"{excluded} recordings of boredom were left out: the product has no such label.")
    return " ".join(notes)
