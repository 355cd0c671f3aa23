"""What a network of two heads reaches: FER2013 by one look and by several, and the FER+ majority."""

from collections.abc import Mapping
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
from services.video.training.dataset import FloatArray, IntArray
from services.video.training.evaluate import score
from services.video.training.torch_fit import negative_log_likelihood
from services.video.training.votes import FERPLUS_LABELS, NO_MAJORITY, majorities

BATCH = 128


@dataclass(frozen=True, slots=True)
class Measured:
    """What one run reached.

    Attributes:
        figures: of the model that would be served.
        named: index of the label that it names on each image of `public`, shape `(n,)`.
        looks: name of its looks, of `LOOKS`: those with the least loss on the held-out part.
        accuracies: on `public`, 0..1, by name of the looks.
        losses: negative log-likelihood on the held-out part after its temperature, likewise.
        ferplus: of the FER+ head on the images of `public` with a majority, by the same looks.
        ferplus_interval: of its accuracy.
    """

    figures: Figures
    named: IntArray
    looks: str
    accuracies: dict[str, float]
    losses: dict[str, float]
    ferplus: Scores
    ferplus_interval: Interval


def logits_of(network: Any, faces: LabelledFaces) -> tuple[FloatArray, FloatArray]:
    """Return logits of both heads, `(n, 7)` and `(n, 8)`, in slices so that memory stays flat."""
    heads: tuple[list[FloatArray], list[FloatArray]] = ([], [])
    for start in range(0, len(faces), BATCH):
        answers = network(network_input(faces.images[start : start + BATCH]), training=False)
        for parts, answer in zip(heads, answers, strict=True):
            parts.append(np.asarray(answer, dtype=np.float32))
    return np.concatenate(heads[0]), np.concatenate(heads[1])


def softmax(logits: FloatArray) -> FloatArray:
    """Return probabilities `(n, classes)` of logits."""
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), dtype=np.float32)


def measure(
    networks: Mapping[str, Any], *, held_out: LabelledFaces, public: LabelledFaces, trained_images: int
) -> Measured:
    """Choose looks and temperature by the held-out loss, and score on `public`.

    Args:
        networks: a network of two heads for each name of `LOOKS`.
        held_out: not trained on.
        public: scored.
        trained_images: for the card.
    """
    own = {name: logits_of(network, held_out)[0] for name, network in networks.items()}
    temperatures = {name: fit_temperature(logits, held_out.labels) for name, logits in own.items()}
    losses = {
        name: negative_log_likelihood(logits / np.float32(temperatures[name]), held_out.labels)
        for name, logits in own.items()
    }
    looks = min(losses, key=lambda name: losses[name])
    seen = {name: logits_of(network, public) for name, network in networks.items()}
    (logits, votes), temperature = seen[looks], temperatures[looks]
    after, intervals = score(public.labels, softmax(logits / temperature))
    truth = majorities(public.votes)
    clear = truth != NO_MAJORITY
    hits = (votes[clear].argmax(axis=1) == truth[clear]).astype(np.float64)
    return Measured(
        figures=Figures(
            held_out=classification_metrics(held_out.labels, softmax(own[looks] / temperature), EMOTIONS),
            before=classification_metrics(public.labels, softmax(logits), EMOTIONS),
            public=after,
            intervals=intervals,
            temperature=temperature,
            trained_images=trained_images,
            parameters=networks[looks].count_params(),
        ),
        named=logits.argmax(axis=1),
        looks=looks,
        accuracies={
            name: float((one.argmax(axis=1) == public.labels).mean()) for name, (one, _) in seen.items()
        },
        losses=losses,
        ferplus=classification_metrics(truth[clear], softmax(votes[clear]), FERPLUS_LABELS),
        ferplus_interval=bootstrap_interval(hits, np.arange(hits.size)),
    )
