"""The two systems that learn both channels at once: one network on concatenated inputs, two encoders.

Both see the mean embedding of a clip's voice and its action units. The number of epochs is chosen on a
quarter of the training actors; then the network is fitted on all of them for as long.
"""

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from fusion.training.pairs import Floats, Ints, Pairs, by_own_clips
from fusion.training.units import INNER_FOLDS
from services.common.media.files import Progress, ignore_progress
from services.training.artifacts import load_tensorflow, set_seed
from services.training.metrics import fit_temperature
from services.training.reference import keep_array
from services.training.splits import group_folds

CONCATENATED = "one network on concatenated inputs"
TWO_ENCODERS = "two encoders trained together"
NETWORKS = (CONCATENATED, TWO_ENCODERS)
PRESENT = {"both": (1.0, 1.0), "voice alone": (1.0, 0.0), "action units alone": (0.0, 1.0)}
"""Inputs that are there; a missing one is the mean of the training clips, 0."""
MISSING_SHARE = 0.15
"""Share of training rows without voice, and of rows without units."""
MAX_EPOCHS = 15
COPIES = 1
"""Augmented copies of every training clip that are used."""
BATCH_SIZE = 64
LEARNING_RATE = 1e-3
VERSION = 1
"""Part of the key of kept predictions: to be raised with every change here."""
log = logging.getLogger(__name__)

Inputs = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Voice, shape `(n, d)`, and units, shape `(n, u)`."""


@dataclass(frozen=True, slots=True)
class Data:
    """Standardised inputs: all clips, clean, and the training clips with augmented copies."""

    every: Inputs
    copies: Inputs
    copy_of: NDArray[np.intp]


def build(name: str, voice_size: int, unit_size: int, n_classes: int) -> Any:
    """Build a compiled network: inputs `[voice, units]`, output logits `(n, n_classes)`.

    Raises:
        ValueError: there is no network of that name.
    """
    import keras
    from keras import layers

    if name not in NETWORKS:
        raise ValueError(f"unknown network {name!r}")
    voice, units = keras.Input((voice_size,), name="voice"), keras.Input((unit_size,), name="units")
    decay = keras.regularizers.L2(1e-4)
    if name == CONCATENATED:
        x = layers.Dropout(0.3)(layers.Concatenate()([voice, units]))
        x = layers.Dense(128, activation="relu", kernel_regularizer=decay)(x)
        outputs: Any = layers.Dense(n_classes)(layers.Dropout(0.5)(x))
        losses = 1
    else:
        heard = layers.Dense(96, activation="relu", kernel_regularizer=decay)(layers.Dropout(0.3)(voice))
        seen = layers.Dense(48, activation="relu", kernel_regularizer=decay)(layers.Dropout(0.1)(units))
        heard, seen = layers.Dropout(0.5)(heard), layers.Dropout(0.3)(seen)
        joint = layers.Dense(n_classes)(layers.Concatenate()([heard, seen]))
        outputs = [joint, layers.Dense(n_classes)(heard), layers.Dense(n_classes)(seen)]
        losses = 3
    model = keras.Model([voice, units], outputs)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    weights = [1.0, 0.5, 0.5] if losses == len(NETWORKS) + 1 else None
    model.compile(
        keras.optimizers.Adam(LEARNING_RATE),
        loss=loss if losses == 1 else [loss] * losses,
        loss_weights=weights,
    )
    return model


def standardised(pairs: Pairs, train: NDArray[np.intp], *, known: bool) -> Data:
    """Return inputs whose training clips have mean 0 and deviation 1; known people are normalised first."""
    voices = [pairs.embeddings[0], *pairs.copies[:COPIES]]
    units = by_own_clips(pairs.units, pairs.people) if known else pairs.units
    if known:
        voices = [by_own_clips(one, pairs.people) for one in voices]
    mean, deviation = voices[0][train].mean(axis=0), voices[0][train].std(axis=0) + 1e-6
    scaled = [((one - mean) / deviation).astype(np.float32) for one in voices]
    faces = ((units - units[train].mean(axis=0)) / (units[train].std(axis=0) + 1e-6)).astype(np.float32)
    copy_of = np.tile(train, len(scaled))
    copies = (np.concatenate([one[train] for one in scaled]), faces[copy_of])
    return Data((scaled[0], faces), copies, copy_of)


def fold_answers(
    name: str, pairs: Pairs, *, row: int, fold: int, known: bool
) -> tuple[NDArray[np.intp], Floats]:
    """Return tested clips of one outer fold, and logits for each of `PRESENT`, shape `(3, n, k)`, calibrated.

    The temperature comes from the same held-out quarter of training actors as the number of epochs.
    """
    load_tensorflow()
    train, test = pairs.split(row, fold)
    seed = pairs.seeds[row]
    data = standardised(pairs, train, known=known)
    inside, outside = group_folds(pairs.people[train], INNER_FOLDS, seed)[0]
    epochs, temperature = _choose_epochs(name, pairs, data, train[inside], train[outside], seed=seed)
    model = _network(name, pairs, seed)
    _fit(model, data, pairs.labels, train, epochs=epochs, seed=seed)
    rows = [_logits(model, data.every, test, present) / temperature for present in PRESENT.values()]
    log.info("%s, seed %d, fold %d: %d epochs, T %.2f", name, seed, fold, epochs, temperature)
    return test, np.stack(rows)


def _network(name: str, pairs: Pairs, seed: int) -> Any:
    set_seed(seed)
    return build(name, pairs.embeddings.shape[2], pairs.units.shape[1], len(pairs.classes))


def _choose_epochs(
    name: str, pairs: Pairs, data: Data, inside: NDArray[np.intp], outside: NDArray[np.intp], *, seed: int
) -> tuple[int, float]:
    """Return the number of epochs with the least loss on `outside`, and the temperature that suits it
    then.
    """
    model = _network(name, pairs, seed)
    best = (np.inf, 1, 1.0)
    truth = pairs.labels[outside]
    for epoch in range(1, MAX_EPOCHS + 1):
        _fit(model, data, pairs.labels, inside, epochs=1, seed=seed * 1_000 + epoch)
        logits = _logits(model, data.every, outside, PRESENT["both"])
        temperature = fit_temperature(logits, truth)
        loss = -float(log_softmax(logits / temperature, axis=1)[np.arange(len(truth)), truth].mean())
        best = min(best, (loss, epoch, temperature))
    return best[1], best[2]


def _fit(model: Any, data: Data, labels: Ints, clips: NDArray[np.intp], *, epochs: int, seed: int) -> None:
    rows = np.flatnonzero(np.isin(data.copy_of, clips))
    generator = np.random.default_rng(seed)
    for _ in range(epochs):
        draw = generator.random(len(rows))[:, None]
        voice = data.copies[0][rows] * (draw >= MISSING_SHARE)
        units = data.copies[1][rows] * (draw < 1.0 - MISSING_SHARE)
        truth = labels[data.copy_of[rows]]
        targets = truth if len(model.outputs) == 1 else [truth] * len(model.outputs)
        model.fit([voice, units], targets, batch_size=BATCH_SIZE, epochs=1, verbose=0, shuffle=True)


def _logits(model: Any, inputs: Inputs, clips: NDArray[np.intp], present: tuple[float, float]) -> Floats:
    """Return the logits of the joint head, shape `(n, k)`."""
    voice, units = (one[clips] * np.float32(share) for one, share in zip(inputs, present, strict=True))
    out = model.predict_on_batch([voice, units])
    return np.asarray(out[0] if isinstance(out, list) else out, np.float64)


def run_network(
    name: str, pairs: Pairs, *, known: bool, kept: Path, progress: Progress = ignore_progress
) -> list[dict[str, Floats]]:
    """Return, per seed, log-probabilities of all clips by what was present, shape `(n, k)`.

    Args:
        name: one of `NETWORKS`.
        pairs: the clips.
        known: normalise both inputs by the person's other clips.
        kept: folder of folds that were done before.
        progress: told the share of the folds done.
    """
    answers = []
    for row, seed in enumerate(pairs.seeds):
        found = {present: np.zeros((len(pairs.labels), len(pairs.classes))) for present in PRESENT}
        for fold in range(pairs.n_folds):
            path = kept / f"{_key(name, pairs)}-{int(known)}-{seed}-{fold}.npy"
            _, test = pairs.split(row, fold)
            if not path.exists():
                _, logits = fold_answers(name, pairs, row=row, fold=fold, known=known)
                keep_array(path, logits)
            for present, logits in zip(PRESENT, np.load(path), strict=True):
                found[present][test] = log_softmax(logits, axis=1)
            progress((row * pairs.n_folds + fold + 1) / (len(pairs.seeds) * pairs.n_folds))
        answers.append(found)
    return answers


def _key(name: str, pairs: Pairs) -> str:
    recipe = (
        f"{name} {VERSION} {COPIES} {MAX_EPOCHS} {BATCH_SIZE} {LEARNING_RATE} {MISSING_SHARE} {pairs.digests}"
    )
    return hashlib.sha256(recipe.encode()).hexdigest()[:10]
