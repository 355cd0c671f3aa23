"""What a network of two heads reaches: FER2013 with and without mirroring, and the FER+ majority."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from services.common.contracts.labels import EMOTIONS
from services.training.metrics import (
    Interval,
    Scores,
    bootstrap_interval,
    classification_metrics,
    fit_temperature,
)
from services.video.features import network_input
from services.video.training.batches import LabelledFaces
from services.video.training.card import Figures
from services.video.training.dataset import FloatArray
from services.video.training.evaluate import score
from services.video.training.torch_fit import negative_log_likelihood
from services.video.training.votes import FERPLUS_LABELS, NO_MAJORITY, majorities

BATCH = 128


@dataclass(frozen=True, slots=True)
class Measured:
    """What one run reached. `one_way` is the accuracy on `public` without the mirrored look.

    Attributes:
        figures: of the model that would be served.
        mirrored: whether that model looks at the mirror image too.
        one_way: accuracy on `public` without, 0..1.
        both_ways: accuracy on `public` with, 0..1.
        ferplus: of the FER+ head on the images of `public` with a majority, as `mirrored` says.
        ferplus_interval: of its accuracy.
    """

    figures: Figures
    mirrored: bool
    one_way: float
    both_ways: float
    ferplus: Scores
    ferplus_interval: Interval

    def summary(self) -> dict[str, Any]:
        """The figures that decide, as plain values."""
        return {
            "accuracy": self.figures.public.accuracy,
            "interval": list(self.figures.intervals["accuracy"]),
            "uar": self.figures.public.uar,
            "one_way": self.one_way,
            "both_ways": self.both_ways,
            "mirrored": self.mirrored,
            "held_out": self.figures.held_out.accuracy,
            "ece": self.figures.public.ece,
            "temperature": self.figures.temperature,
            "ferplus": self.ferplus.accuracy,
            "ferplus_interval": list(self.ferplus_interval),
            "ferplus_n": self.ferplus.n,
            "per_class": self.figures.public.per_class,
        }


def logits_of(network: Any, faces: LabelledFaces) -> tuple[FloatArray, FloatArray]:
    """Logits of both heads, `(n, 7)` and `(n, 8)`, in slices so that memory stays flat."""
    heads: tuple[list[FloatArray], list[FloatArray]] = ([], [])
    for start in range(0, len(faces), BATCH):
        answers = network(network_input(faces.images[start : start + BATCH]), training=False)
        for parts, answer in zip(heads, answers, strict=True):
            parts.append(np.asarray(answer, dtype=np.float32))
    return np.concatenate(heads[0]), np.concatenate(heads[1])


def softmax(logits: FloatArray) -> FloatArray:
    """Probabilities `(n, classes)` of logits."""
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), dtype=np.float32)


def measure(
    network: Any, mirroring: Any, *, held_out: LabelledFaces, public: LabelledFaces, trained_images: int
) -> Measured:
    """Fit the temperature, decide on mirroring by the held-out loss, and score on `public`.

    Args:
        network: of `load_run`.
        mirroring: `both_ways(network)`.
        held_out: not trained on.
        public: scored.
        trained_images: for the card.
    """
    looks = [network, mirroring]
    held = [logits_of(look, held_out)[0] for look in looks]
    seen = [logits_of(look, public) for look in looks]
    mirrored = negative_log_likelihood(held[1], held_out.labels) < negative_log_likelihood(
        held[0], held_out.labels
    )
    (logits, votes), own = seen[mirrored], held[mirrored]
    temperature = fit_temperature(own, held_out.labels)
    after, intervals = score(public.labels, softmax(logits / temperature))
    truth = majorities(public.votes)
    clear = truth != NO_MAJORITY
    hits = (votes[clear].argmax(axis=1) == truth[clear]).astype(np.float64)
    accuracies = [float((one.argmax(axis=1) == public.labels).mean()) for one, _ in seen]
    return Measured(
        figures=Figures(
            held_out=classification_metrics(held_out.labels, softmax(own / temperature), EMOTIONS),
            before=classification_metrics(public.labels, softmax(logits), EMOTIONS),
            public=after,
            intervals=intervals,
            temperature=temperature,
            trained_images=trained_images,
            parameters=network.count_params(),
        ),
        mirrored=bool(mirrored),
        one_way=accuracies[0],
        both_ways=accuracies[1],
        ferplus=classification_metrics(truth[clear], softmax(votes[clear]), FERPLUS_LABELS),
        ferplus_interval=bootstrap_interval(hits, np.arange(hits.size)),
    )
