"""From FER2013's labels to FER+'s: what is learnt for one annotation helps with another.

No other corpus with faces and perceived emotions is in the data folder, so the step is to other labels,
eight instead of seven, on other images of the same source. The published transfer was to other images.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from services.video.training.dataset import IntArray
from services.video.training.reference import fitting
from services.video.training.reference.corpus import FERPLUS, Exam, FaceCorpus
from services.video.training.reference.descriptors import standardised_images
from services.video.training.reference.networks import build_simple

SHARE = 0.25
"""Of the images: they have FER+ labels only, the others FER2013 labels only."""
FINE_TUNING_RATE = 3e-4
RECIPE_VERSION = 1


@dataclass(frozen=True, slots=True)
class Transferred:
    """The simple network, asked for FER+ majorities.

    Attributes:
        title: of the line.
        pretrained: whether it has first learnt FER2013's labels on the other images.
        frozen: whether only the last layer learns FER+.
        remark: what was done, for the reader of the table.
    """

    title: str
    pretrained: bool
    frozen: bool
    remark: str
    exam: Exam = FERPLUS

    @property
    def note(self) -> str:
        """The budget, for the reader of the table."""
        return (
            f"{self.remark} {SHARE:.0%} of the images have FER+ labels, the others FER2013's. "
            "Another annotation of the same source, not another corpus: of the others at hand, GRID has no "
            f"emotions, and RAVDESS's action units no pictures. {fitting.BUDGET}"
        )

    @property
    def recipe(self) -> str:
        """What tells one version of this line from another, for the key of kept predictions."""
        return f"{RECIPE_VERSION} {SHARE} {FINE_TUNING_RATE} {fitting.EPOCHS} {fitting.VERSION}"

    def predict(self, faces: FaceCorpus, *, seed: int) -> IntArray:
        """Train in one step or two, and name the FER+ classes of `faces.test`."""
        majority = FERPLUS.labels(faces.fit)
        first, second = train_test_split(
            np.arange(len(majority)), test_size=SHARE, stratify=faces.fit.labels, random_state=seed
        )
        second = second[majority[second] >= 0]
        fitting.prepare(seed)
        images = standardised_images(faces.fit.images)
        network = (
            _pretrained(faces, first, seed=seed) if self.pretrained else build_simple((images.shape[1:],))
        )
        asked = with_head(network, len(FERPLUS.classes), frozen=self.frozen)
        rate = FINE_TUNING_RATE if self.pretrained and not self.frozen else fitting.LEARNING_RATE
        fitting.fit_network(asked, [images[second]], majority[second], learning_rate=rate)
        named = fitting.classes_of(asked, [standardised_images(faces.test.images)])
        fitting.forget()
        return named


def _pretrained(faces: FaceCorpus, rows: NDArray[np.intp], *, seed: int) -> Any:
    """Return the simple network after FER2013's labels of some images; trained once for both lines."""
    import keras

    key = f"pretrained-{RECIPE_VERSION}-{SHARE}-{fitting.EPOCHS}-{fitting.VERSION}-{seed}"
    path = faces.network(key)
    if path.exists():
        return keras.saving.load_model(path)
    images = standardised_images(faces.fit.images[rows])
    network = build_simple((images.shape[1:],))
    fitting.fit_network(network, [images], faces.fit.labels[rows], backup=faces.unfinished(key))
    network.save(path)
    return network


def with_head(network: Any, n_classes: int, *, frozen: bool) -> Any:
    """Return the same network with a new last layer; where `frozen`, nothing but that layer is trainable."""
    import keras

    body = keras.Model(network.inputs[0], network.layers[-2].output, name="body")
    body.trainable = not frozen
    logits = keras.layers.Dense(n_classes, name="logits")(body.output)
    return keras.Model(body.inputs[0], logits, name="transferred")


def transfer() -> list[Transferred]:
    """Train from scratch, with a frozen body, and tuned throughout."""
    return [
        Transferred("simple CNN, FER+ only", False, False, "From random weights."),
        Transferred("simple CNN, FER2013 then FER+, body frozen", True, True, "Only the last layer is new."),
        Transferred("simple CNN, FER2013 then FER+, all tuned", True, False, "The last layer is new."),
    ]
