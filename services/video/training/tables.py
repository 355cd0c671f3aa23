"""What a published run reaches, as the rows that `candor train face --report` shows.

Both labels by one look and by several, calibration, robustness, and slices. FER2013 names no persons, so that
intervals draw images.
"""

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.common.contracts.labels import EMOTIONS
from services.training.metrics import expected_calibration_error
from services.training.results import SERVED, Figure, Predictions, ResultRow, figures_of
from services.video.training.batches import LabelledFaces
from services.video.training.conditions import CONDITIONS
from services.video.training.dataset import FloatArray
from services.video.training.measure import logits_of, softmax
from services.video.training.torch_fit import negative_log_likelihood
from services.video.training.votes import FERPLUS_LABELS, NO_MAJORITY, VoteArray, majorities

LABELS = tuple(map(str, EMOTIONS))
SYSTEM = "served"
RESAMPLES = 500
ROBUSTNESS_EVERY = 3
"""Every so many images of `public` are disturbed: enough to tell a point or two."""
PROTOCOL = "FER2013, trained on train, scored on public, 7 classes"
VOTES_PROTOCOL = "FER+ majority of the same images, 8 classes"
ROBUSTNESS = "Served model: robustness (FER2013 public)"
SLICES = "Served model: slices (FER2013 public)"
DARK_BELOW, BRIGHT_FROM = 90.0, 170.0
"""Mean grey value."""
AGREED_FROM, DISPUTED_BELOW = 0.8, 0.5
"""Share of the FER+ annotators who named the most frequent emotion."""
log = logging.getLogger(__name__)


def served_rows(
    networks: Mapping[str, Any], *, looks: str, temperature: float, public: LabelledFaces, seed: int
) -> list[ResultRow]:
    """Return every row of the served model.

    Args:
        networks: by name of the looks.
        looks: those that are served.
        temperature: of the served network.
        public: scored.
        seed: of the run.
    """
    network = networks[looks]
    seen = {name: logits_of(one, public) for name, one in networks.items()}
    logits = seen[looks][0]
    rows = [_row(name, PROTOCOL, public.labels, emotions) for name, (emotions, _) in seen.items()]
    served = list(seen).index(looks)
    rows[served] |= {"figures": _calibration(public.labels, logits, temperature)}
    rows += [_majority_row(f"{name}; second head", public, votes) for name, (_, votes) in seen.items()]
    some = public.take(np.arange(0, len(public), ROBUSTNESS_EVERY))
    rows += [_row("as they are", PROTOCOL, some.labels, logits[::ROBUSTNESS_EVERY], group=ROBUSTNESS)]
    rows += [_under(title, network, some) for title in CONDITIONS]
    rows += [
        _row(title, PROTOCOL, public.labels[mask], logits[mask], group=SLICES)
        for title, mask in slice_masks(public).items()
        if mask.any()
    ]
    return [_finished(row | {"seeds": [seed]}) for row in rows]


def slice_masks(faces: LabelledFaces) -> dict[str, NDArray[np.bool_]]:
    """Return parts of the images by light and by how far the FER+ annotators agreed, each `(n,)`."""
    light = faces.images.mean(axis=(1, 2))
    agreement = annotator_agreement(faces.votes)
    return {
        f"dark (mean below {DARK_BELOW:.0f} of 255)": light < DARK_BELOW,
        "medium light": (light >= DARK_BELOW) & (light < BRIGHT_FROM),
        f"bright (mean from {BRIGHT_FROM:.0f} on)": light >= BRIGHT_FROM,
        f"annotators agree ({AGREED_FROM:.0%} and more)": agreement >= AGREED_FROM,
        f"annotators differ (below {DISPUTED_BELOW:.0%})": (agreement > 0) & (agreement < DISPUTED_BELOW),
    }


def annotator_agreement(votes: VoteArray) -> NDArray[np.float64]:
    """Return the share of the votes that the most frequent answer got, shape `(n,)`; 0 where nobody voted."""
    counts = votes.astype(np.float64)
    return np.asarray(counts.max(axis=1) / np.maximum(counts.sum(axis=1), 1.0))


def _under(title: str, network: Any, public: LabelledFaces) -> dict[str, Any]:
    changed = LabelledFaces(CONDITIONS[title](public.images), public.labels, public.votes)
    log.info("%s", title)
    return _row(title, PROTOCOL, public.labels, logits_of(network, changed)[0], group=ROBUSTNESS)


def _majority_row(title: str, public: LabelledFaces, logits: FloatArray) -> dict[str, Any]:
    truth = majorities(public.votes)
    clear = truth != NO_MAJORITY
    return _row(title, VOTES_PROTOCOL, truth[clear], logits[clear], labels=FERPLUS_LABELS)


def _row(
    title: str,
    protocol: str,
    truth: NDArray[np.int64],
    logits: FloatArray,
    *,
    group: str = SERVED,
    labels: tuple[str, ...] = LABELS,
) -> dict[str, Any]:
    run = Predictions(0, truth, logits.argmax(axis=1), np.arange(len(truth)))
    return {
        "system": SYSTEM,
        "title": title,
        "group": group,
        "protocol": protocol,
        "n": len(truth),
        "labels": list(labels),
        "measured": figures_of([run], len(labels), resamples=RESAMPLES),
    }


def _finished(row: Mapping[str, Any]) -> ResultRow:
    """Complete `figures`: where a row has any, those that every row has come beside."""
    figures = {**row["measured"], **row.get("figures", {})}
    return ResultRow(
        **{name: value for name, value in row.items() if name != "measured"} | {"figures": figures}
    )


def _calibration(truth: NDArray[np.int64], logits: FloatArray, temperature: float) -> dict[str, Figure]:
    after, before = logits / np.float32(temperature), logits
    return {
        "ece": Figure(value=expected_calibration_error(truth, softmax(after))),
        "nll": Figure(value=negative_log_likelihood(after, truth)),
        "ece_before": Figure(value=expected_calibration_error(truth, softmax(before))),
        "nll_before": Figure(value=negative_log_likelihood(before, truth)),
    }
