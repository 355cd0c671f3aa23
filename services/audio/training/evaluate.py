"""Score the served voice model on a corpus, through the windows and the predictor of serving."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.audio.pipeline import hysteresis
from services.audio.scoring import window_probabilities
from services.audio.settings import AudioSettings
from services.audio.training.dataset import (
    TRAINING_ACTORS,
    Clip,
    find_clips,
    label_indices,
    read_sound,
    served_windows,
)
from services.audio.training.publish import score_intervals
from services.common.contracts.labels import EMOTIONS
from services.common.errors import InputError
from services.common.media import Progress, no_progress
from services.common.serving.client import Predictor
from services.common.serving.registry import VOICE_EMOTION
from services.training.evaluate import TRAINING_DATA_NOTE, evaluation_report
from services.training.metrics import classification_metrics


def evaluate(
    data: Path, *, corpus: str, predictor: Predictor, progress: Progress = no_progress
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
    rule = hysteresis(AudioSettings())
    scored: list[Clip] = []
    rows: list[NDArray[np.float64]] = []
    without_speech, fault = 0, None
    for number, clip in enumerate(clips, start=1):
        try:
            sound = read_sound(clip.path)
        except InputError as error:
            fault = error
            continue
        windows, has_speech = served_windows(sound, rule)
        spans = np.array([window.end - window.start for window in windows], np.float64)
        rows.append(np.average(window_probabilities(windows, predictor), axis=0, weights=spans))
        scored.append(clip)
        without_speech += not has_speech
        progress(number / len(clips))
    if not scored and fault is not None:
        raise fault
    manifest = predictor.manifest(VOICE_EMOTION)
    truth, probabilities = label_indices([clip.emotion for clip in scored], EMOTIONS), np.stack(rows)
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


def _by_training(corpus: str, clips: Sequence[Clip], hits: NDArray[np.bool_]) -> dict[str, Any]:
    """For RAVDESS: clips and accuracy of the actors the model was trained on, and of the others."""
    if corpus != "ravdess":
        return {}
    trained = np.array([int(clip.speaker) in TRAINING_ACTORS for clip in clips])
    parts = {"training_actors": trained, "other_actors": ~trained}
    return {
        name: {"n": int(mask.sum()), "accuracy": float(hits[mask].mean()) if mask.any() else None}
        for name, mask in parts.items()
    }


def _note(corpus: str, clips: Sequence[Clip], excluded: int) -> str | None:
    """What a reader must know before quoting the figures."""
    notes = []
    if corpus == "ravdess":
        known = Counter(int(clip.speaker) in TRAINING_ACTORS for clip in clips)
        notes.append(
            f"{known[True]} clips are by actors 01-20, whom the model was trained on, {known[False]} by "
            "others. `calm` counts as `neutral`."
        )
        if known[True]:
            notes.append(TRAINING_DATA_NOTE if not known[False] else "See `other_actors` for new people.")
    else:
        notes.append("None of this corpus was trained on: the figures are across corpora.")
    if excluded:
        notes.append(f"{excluded} recordings of boredom were left out: the product has no such label.")
    return " ".join(notes)
