"""Networks as lines of the table."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from services.training.reference import recipe_key
from services.video.training.dataset import FloatArray, IntArray
from services.video.training.reference import fitting
from services.video.training.reference.classical import scaled_parts, titled
from services.video.training.reference.corpus import FER, Exam, FaceCorpus
from services.video.training.reference.descriptors import standardised_images
from services.video.training.reference.networks import (
    Shapes,
    build_dexpression,
    build_hybrid,
    build_inception,
    build_simple,
    build_xception,
)

Both = tuple[list[FloatArray], list[FloatArray]]


def images_of(faces: FaceCorpus) -> Both:
    """Return inputs of a network that takes images only, to fit on and to test on."""
    return [standardised_images(faces.fit.images)], [standardised_images(faces.test.images)]


def images_and_tables_of(faces: FaceCorpus) -> Both:
    """Return images, and beside them landmarks and HOG, standardised by the images that are fitted on."""
    (fit,), (test,) = images_of(faces)
    kinds = [scaled_parts(*faces.features(name)) for name in ("landmarks", "hog")]
    known = np.concatenate([pair[0] * np.sqrt(pair[0].shape[1]) for pair in kinds], axis=1)
    asked = np.concatenate([pair[1] * np.sqrt(pair[1].shape[1]) for pair in kinds], axis=1)
    return [fit, known.astype(np.float32)], [test, asked.astype(np.float32)]


@dataclass(frozen=True, slots=True)
class Network:
    """One line of the table that is a network.

    Attributes:
        name: of the line.
        build: makes the network, given the shapes of its inputs.
        published: accuracy of the system it rebuilds, percent; None where none is known.
        remark: where its structure differs from the published one.
        inputs: what it takes of a corpus.
        epochs, batch_size: passes over the images, and images per step.
        version: to be raised with every change of the builder.
    """

    name: str
    build: Callable[[Shapes], Any]
    published: float | None
    remark: str
    inputs: Callable[[FaceCorpus], Both] = images_of
    epochs: int = fitting.EPOCHS
    batch_size: int = fitting.BATCH_SIZE
    version: int = 1
    exam: Exam = FER

    @property
    def title(self) -> str:
        return titled(self.name, self.published)

    @property
    def note(self) -> str:
        """The budget, and what was reduced, for the reader of the table."""
        return f"{fitting.BUDGET} {self.remark}"

    @property
    def recipe(self) -> str:
        """What tells one version of this line from another, for the key of kept predictions."""
        return f"{self.version} {self.epochs} {fitting.VERSION} {self.batch_size} {fitting.LEARNING_RATE}"

    def predict(self, faces: FaceCorpus, *, seed: int) -> IntArray:
        """Train from scratch and name the classes of `faces.test`, shape `(n,)`."""
        fit, test = self.inputs(faces)
        fitting.prepare(seed)
        network = self.build(tuple(part.shape[1:] for part in fit))
        fitting.fit_network(
            network,
            fit,
            faces.fit.labels,
            epochs=self.epochs,
            batch_size=self.batch_size,
            backup=faces.unfinished(f"{recipe_key(self.title, self.recipe)}-{seed}"),
        )
        named = fitting.classes_of(network, test)
        fitting.forget()
        return named


def simple_cnn() -> list[Network]:
    """Train convolutions and pooling."""
    remark = "Five convolutions of 32, 64 and 128 filters, a dense layer of 256."
    return [Network("simple CNN", build_simple, 62.7, remark)]


def inception() -> list[Network]:
    """Train paths of several widths side by side."""
    remark = "Three modules, about a third as wide as GoogLeNet's."
    return [Network("Inception", build_inception, 59.5, remark)]


def xception() -> list[Network]:
    """Train separable convolutions with shortcuts."""
    remark = "About a third as wide as published, four middle blocks instead of eight."
    return [Network("Xception", build_xception, 64.5, remark)]


def dexpression() -> list[Network]:
    """Train two parallel feature extraction blocks."""
    remark = (
        "Filters as published, on 48 pixels instead of 224, batch instead of local response normalisation."
    )
    return [Network("DeXpression", build_dexpression, None, remark)]


def hybrid() -> list[Network]:
    """Train on image, landmarks and gradients in one network."""
    remark = "The simple CNN beside a dense layer on the landmarks and HOG of the SVM lines."
    return [Network("hybrid: image, landmarks and HOG", build_hybrid, 45.8, remark, images_and_tables_of)]
