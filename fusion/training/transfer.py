"""Does a network that has seen faces hear better? Joint cross-domain transfer, after arXiv 2003.11136.

A small convolutional network is fitted on 64 × 64 × 3 faces of FER2013, then fine-tuned on 64 × 64 × 3
log-mel pictures of RAVDESS; the face network and the voice network are then trained together with both
cross-entropies and a contrastive loss between their embeddings (Hadsell, Chopra & LeCun 2006, equation 4).
It is set against the same network from random weights: same clips, same folds, same epochs, same seeds.
"""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from fusion.training.pairs import Floats, Ints
from services.common.media.files import Progress, ignore_progress
from services.training.artifacts import data_hash, load_tensorflow, set_seed
from services.training.reference import keep_array
from services.training.splits import group_folds

SIZE = 64
FOLDS = 5
FACES = 6_000
FACE_EPOCHS = 6
EPOCHS = 10
FURTHER_EPOCHS = 4
BATCH_SIZE = 32
LEARNING_RATE = 1e-3
JOINT_RATE = 3e-4
MARGIN = 1.0
CONTRAST = 0.5
"""Weight of the contrastive loss beside the cross-entropies."""
WIDTHS = (24, 48, 64, 96)
EMBEDDING = 64
VERSION = 1
"""Part of the key of kept predictions: to be raised with every change here."""
RANDOM = "random weights"
RANDOM_LONGER = "random weights, as many epochs as joint"
FACES_FIRST = "faces first"
FACES_LONGER = "faces first, as many epochs as joint"
JOINT = "faces first, then joint with contrast"
ARMS = (RANDOM, RANDOM_LONGER, FACES_FIRST, FACES_LONGER, JOINT)
FACE_OF_VOICE = {"calm": "neutral"}
log = logging.getLogger(__name__)

Images = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Pictures:
    """Faces and voices as pictures.

    Attributes:
        faces: shape `(f, 64, 64, 3)`, mean 0, deviation 1.
        face_labels: index into `face_classes`, shape `(f,)`.
        face_classes: their names.
        voices: shape `(m, 64, 64, 3)`.
        clip: which clip each voice picture is of, shape `(m,)`.
        labels: index into `classes` of every clip, shape `(n,)`.
        classes: their names.
        people: actor of every clip, shape `(n,)`.
        digests: corpus to SHA-256.
    """

    faces: Images
    face_labels: Ints
    face_classes: tuple[str, ...]
    voices: Images
    clip: Ints
    labels: Ints
    classes: tuple[str, ...]
    people: NDArray[np.str_]
    digests: dict[str, str]

    @property
    def voice_as_face(self) -> Ints:
        """The face class of every voice class, shape `(classes,)`."""
        return np.array([self.face_classes.index(FACE_OF_VOICE.get(name, name)) for name in self.classes])


def read_pictures(voices: Path, data: Path, *, seed: int = 0) -> Pictures:
    """Return the log-mel pictures of `services.audio.training.mel_images`, and a random part of the faces.

    Args:
        voices: the file of voice pictures.
        data: folder of the corpora.
        seed: of the choice of faces.
    """
    file = data / "fer2013" / "train.npz"
    with np.load(file) as stored:
        chosen = np.random.default_rng(seed).permutation(len(stored["labels"]))[:FACES]
        faces, face_labels = stored["images"][chosen], stored["labels"][chosen].astype(np.int64)
        names = tuple(stored["label_names"].tolist())
    with np.load(voices) as stored:
        return Pictures(
            faces=face_images(faces),
            face_labels=face_labels,
            face_classes=names,
            voices=standardised(stored["images"].astype(np.float32)),
            clip=stored["clip"],
            labels=stored["labels"],
            classes=tuple(stored["classes"].tolist()),
            people=stored["people"],
            digests={"ravdess": str(stored["digest"]), "fer2013": data_hash([file])},
        )


def face_images(grey: NDArray[np.uint8]) -> Images:
    """Return grey faces, shape `(n, 48, 48)`, enlarged to `(n, 64, 64, 3)`, each with mean 0 and
    deviation 1.
    """
    side = grey.shape[1]
    at = np.linspace(0.0, side - 1.0, SIZE)
    low = np.minimum(at.astype(int), side - 2)
    mix = np.zeros((SIZE, side), np.float32)
    mix[np.arange(SIZE), low] = 1.0 - (at - low)
    mix[np.arange(SIZE), low + 1] = at - low
    large = mix @ grey.astype(np.float32) @ mix.T
    large -= large.mean(axis=(1, 2), keepdims=True)
    large /= large.std(axis=(1, 2), keepdims=True) + 1e-6
    return np.repeat(large[..., np.newaxis], 3, axis=3)


def standardised(images: Images) -> Images:
    """Return each layer of each picture with mean 0 and deviation 1: the level of a voice says nothing."""
    centred = images - images.mean(axis=(1, 2), keepdims=True)
    scaled: Images = centred / (centred.std(axis=(1, 2), keepdims=True) + 1e-6)
    return scaled


def build(n_classes: int) -> Any:
    """Build four strided convolutions, an embedding of length 1 and a head: `(n, 64, 64, 3)` to both."""
    import keras
    from keras import layers

    x = source = keras.Input((SIZE, SIZE, 3))
    for width in WIDTHS:
        x = layers.Conv2D(width, 3, strides=2, padding="same", use_bias=False)(x)
        x = layers.Activation("relu")(layers.BatchNormalization(momentum=0.9)(x))
    x = layers.Dropout(0.3)(layers.GlobalAveragePooling2D()(x))
    embedding = layers.Dense(EMBEDDING, activation="relu", name="embedding")(x)
    logits = layers.Dense(n_classes, name="head")(layers.Dropout(0.3)(embedding))
    return keras.Model(source, [layers.UnitNormalization()(embedding), logits])


def body_of(model: Any, other: Any) -> None:
    """Copy all weights but the head's from `other` into `model`."""
    for mine, theirs in zip(model.layers, other.layers, strict=True):
        if mine.name != "head":
            mine.set_weights(theirs.get_weights())


class Trainer:
    """Fits networks by steps that are compiled once each."""

    def __init__(self, seed: int) -> None:
        self.tf = load_tensorflow()
        self._random = np.random.default_rng(seed)

    def alone(
        self, model: Any, images: Images, labels: Ints, clip: Ints, *, epochs: int, rate: float
    ) -> None:
        """Train one network on cross-entropy; every epoch takes one random picture of each clip."""
        step = self._step([model], rate)
        for _ in range(epochs):
            rows = self._one_each(clip)
            for batch in self._batches(len(rows)):
                step((images[rows[batch]],), (labels[clip[rows[batch]]],), np.zeros(0, np.float32))

    def together(
        self, face: Any, voice: Any, pictures: Pictures, clips: NDArray[np.intp], *, epochs: int
    ) -> None:
        """Train both networks on their cross-entropies and the contrast of random pairs of a voice and a
        face.
        """
        step = self._step([voice, face], JOINT_RATE)
        as_face = pictures.voice_as_face
        usable = np.flatnonzero(np.isin(pictures.clip, clips))
        for _ in range(epochs):
            rows = usable[self._one_each(pictures.clip[usable])]
            for batch in self._batches(len(rows)):
                mine = rows[batch]
                heard = pictures.labels[pictures.clip[mine]]
                seen = self._partners(as_face[heard], pictures.face_labels)
                same = (pictures.face_labels[seen] == as_face[heard]).astype(np.float32)
                step(
                    (pictures.voices[mine], pictures.faces[seen]),
                    (heard, pictures.face_labels[seen]),
                    same,
                )

    def _partners(self, wanted: Ints, faces: Ints) -> NDArray[np.intp]:
        """Return a face for every voice: half of them of the same emotion."""
        chosen = self._random.integers(len(faces), size=len(wanted))
        for place in np.flatnonzero(self._random.random(len(wanted)) < 0.5):
            chosen[place] = self._random.choice(np.flatnonzero(faces == wanted[place]))
        return chosen

    def _one_each(self, clip: Ints) -> NDArray[np.intp]:
        """Return one random row of every clip, in random order."""
        order = self._random.permutation(len(clip))
        _, first = np.unique(clip[order], return_index=True)
        return self._random.permutation(order[first])

    def _batches(self, n: int) -> list[NDArray[np.intp]]:
        """Return whole batches only, so that a step is compiled once."""
        return [np.arange(start, start + BATCH_SIZE) for start in range(0, n - BATCH_SIZE + 1, BATCH_SIZE)]

    def _step(self, models: list[Any], rate: float) -> Any:
        import keras

        optimizer = keras.optimizers.Adam(rate)
        variables = [variable for model in models for variable in model.trainable_variables]
        optimizer.build(variables)
        entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        tf = self.tf

        def step(images: Any, labels: Any, same: Any) -> Any:
            with tf.GradientTape() as tape:
                outputs = [model(one, training=True) for model, one in zip(models, images, strict=True)]
                loss = sum(entropy(truth, out[1]) for truth, out in zip(labels, outputs, strict=True))
                if len(models) > 1:
                    distance = tf.norm(outputs[0][0] - outputs[1][0] + 1e-6, axis=1)
                    apart = tf.maximum(0.0, MARGIN - distance)
                    loss += CONTRAST * tf.reduce_mean(same * distance**2 + (1.0 - same) * apart**2)
            optimizer.apply(tape.gradient(loss, variables), variables)
            return loss

        return tf.function(step)


def face_network(pictures: Pictures, seed: int, kept: Path) -> Any:
    """Return the network fitted on faces, from the file of an earlier run where there is one."""
    load_tensorflow()
    set_seed(seed)
    model = build(len(pictures.face_classes))
    path = kept / f"{_key(pictures)}-{seed}-faces.weights.h5"
    if path.exists():
        model.load_weights(path)
        return model
    each = np.arange(len(pictures.face_labels))
    Trainer(seed).alone(
        model, pictures.faces, pictures.face_labels, each, epochs=FACE_EPOCHS, rate=LEARNING_RATE
    )
    kept.mkdir(parents=True, exist_ok=True)
    model.save_weights(path)
    return model


def fold_answers(pictures: Pictures, face: Any, train: NDArray[np.intp], *, seed: int) -> Floats:
    """Return logits of every voice picture by each of `ARMS`, shape `(arms, m, classes)`."""
    rows = np.flatnonzero(np.isin(pictures.clip, train))
    found = []
    for start in (None, face):
        set_seed(seed)
        model = build(len(pictures.classes))
        if start is not None:
            body_of(model, start)
        trainer = Trainer(seed)
        for epochs in (EPOCHS, FURTHER_EPOCHS):
            rate = LEARNING_RATE if epochs == EPOCHS else JOINT_RATE
            trainer.alone(
                model, pictures.voices[rows], pictures.labels, pictures.clip[rows], epochs=epochs, rate=rate
            )
            found.append(_logits(model, pictures.voices))
            if start is not None and epochs == EPOCHS:
                heard = model.get_weights()
    set_seed(seed)
    model, seen = build(len(pictures.classes)), build(len(pictures.face_classes))
    model.set_weights(heard)
    seen.set_weights(face.get_weights())
    Trainer(seed).together(seen, model, pictures, train, epochs=FURTHER_EPOCHS)
    found.append(_logits(model, pictures.voices))
    return np.stack(found)


def _logits(model: Any, images: Images) -> Floats:
    parts = [model(images[at : at + 256], training=False)[1] for at in range(0, len(images), 256)]
    return np.concatenate([np.asarray(part, np.float64) for part in parts])


def run_transfer(
    pictures: Pictures, *, seeds: Sequence[int], kept: Path, progress: Progress = ignore_progress
) -> dict[str, list[Floats]]:
    """Return, by arm and seed, log-probabilities of every clip by networks that never heard its actor.

    Args:
        pictures: faces and voices.
        seeds: of folds and weights.
        kept: folder of what was done before.
        progress: told the share of the folds done.
    """
    answers: dict[str, list[Floats]] = {arm: [] for arm in ARMS}
    for number, seed in enumerate(seeds):
        each = np.zeros((len(ARMS), len(pictures.labels), len(pictures.classes)))
        for fold, (train, test) in enumerate(group_folds(pictures.people, FOLDS, seed)):
            path = kept / f"{_key(pictures)}-{seed}-{fold}.npy"
            if not path.exists():
                face = face_network(pictures, seed, kept)
                keep_array(path, fold_answers(pictures, face, train, seed=seed))
                log.info("seed %d, fold %d done", seed, fold)
            each[:, test] = [clip_answers(logits, pictures.clip, test) for logits in np.load(path)]
            progress((number * FOLDS + fold + 1) / (FOLDS * len(seeds)))
        for arm, rows in zip(ARMS, each, strict=True):
            answers[arm].append(rows)
    return answers


def clip_answers(logits: Floats, clip: Ints, clips: NDArray[np.intp]) -> Floats:
    """Return the mean log-probability over the pictures of each of `clips`, normalised, shape `(len(clips),
    k)`.
    """
    each = log_softmax(logits, axis=1)
    mean = np.stack([each[clip == one].mean(axis=0) for one in clips])
    found: Floats = log_softmax(mean, axis=1)
    return found


def _key(pictures: Pictures) -> str:
    recipe = (
        f"{VERSION} {FACES} {FACE_EPOCHS} {EPOCHS} {FURTHER_EPOCHS} {BATCH_SIZE} {LEARNING_RATE} "
        f"{JOINT_RATE} {MARGIN} {CONTRAST} {WIDTHS} {EMBEDDING} {pictures.digests}"
    )
    return hashlib.sha256(recipe.encode()).hexdigest()[:10]
