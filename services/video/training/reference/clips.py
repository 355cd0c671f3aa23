"""The clip-level network: 256 × 256 grey frames, every twentieth of a clip, and one answer for the clip.

No video in the data folder has a label for its emotion. The frame network is therefore trained and
scored on FER2013, enlarged; on the clips its frames and their aggregation are shown, not scored.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from services.common.contracts.labels import EMOTIONS
from services.common.errors import InputError
from services.training.reference import recipe_key
from services.training.results import Figure, ResultRow
from services.video.decode import VideoSource
from services.video.features import crop_region
from services.video.settings import VideoSettings
from services.video.tracking import FaceTracker
from services.video.training.dataset import FloatArray, IntArray
from services.video.training.reference import fitting
from services.video.training.reference.classical import titled
from services.video.training.reference.corpus import FER, Exam, FaceCorpus
from services.video.training.reference.descriptors import standardised_images
from services.video.training.reference.networks import build_large

FRAME_PX = 256
EVERY = 20
GROUP = "Clip-level CNN on unlabelled clips (a demonstration, no accuracy)"
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FrameNetwork:
    """The network of single frames; its weights are kept for the clips."""

    exam: Exam = FER

    @property
    def title(self) -> str:
        return titled("clip-level CNN, single frames of 256 × 256", None)

    @property
    def note(self) -> str:
        """The budget, for the reader of the table."""
        return (
            f"{fitting.BUDGET} FER2013 enlarged to {FRAME_PX} × {FRAME_PX}, since no labelled video is there."
        )

    @property
    def recipe(self) -> str:
        """What tells one version of this line from another, for the key of kept predictions."""
        return f"1 {fitting.EPOCHS} {fitting.VERSION}"

    def network(self, faces: FaceCorpus, *, seed: int) -> Any:
        """Return the trained network; trained and stored where it is not there yet."""
        import keras

        key = f"{recipe_key(self.title, self.recipe)}-{seed}"
        path = faces.network(key)
        fitting.prepare(seed)
        if path.exists():
            return keras.saving.load_model(path)
        network = build_large(FRAME_PX)
        images = standardised_images(faces.fit.images)
        fitting.fit_network(network, [images], faces.fit.labels, backup=faces.unfinished(key))
        network.save(path)
        return network

    def predict(self, faces: FaceCorpus, *, seed: int) -> IntArray:
        """Name the classes of `faces.test`, shape `(n,)`."""
        network = self.network(faces, seed=seed)
        return fitting.classes_of(network, [standardised_images(faces.test.images)])


def sampled_faces(video: Path, settings: VideoSettings) -> Iterator[NDArray[np.uint8] | None]:
    """Yield every `EVERY`-th frame: the face as FER2013 would show it, `(256, 256)` grey; None without
    one.
    """
    tracker = FaceTracker.from_settings(settings)
    with VideoSource(
        video, max_duration_s=settings.max_duration_s, max_pixels=settings.max_source_pixels
    ) as source:
        frames = source.frames(
            long_side_px=settings.analysed_long_side_px,
            rate_hz=settings.max_decoded_rate_hz,
            max_decoded_rate_hz=settings.max_decoded_rate_hz,
        )
        for number, frame in enumerate(frames):
            if number % EVERY == 0:
                mesh = tracker.follow(frame.image, frame.time_s).mesh
                yield None if mesh is None else _cut(frame.image, crop_region(mesh).to_square(FRAME_PX))


def _cut(image: NDArray[np.uint8], to_square: NDArray[np.float64]) -> NDArray[np.uint8]:
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    size = (FRAME_PX, FRAME_PX)
    return np.asarray(cv2.warpAffine(grey, to_square, size, borderMode=cv2.BORDER_REPLICATE), np.uint8)


@dataclass(frozen=True, slots=True)
class ClipAnswer:
    """One answer for a clip.

    Attributes:
        mean_label: index of the largest mean probability.
        mean_probability: that mean, 0..1.
        vote_label: index of the label that most frames have; of several, the one of the larger mean.
        vote_share: share of the frames that have it, 0..1.
    """

    mean_label: int
    mean_probability: float
    vote_label: int
    vote_share: float


def aggregate(probabilities: FloatArray) -> ClipAnswer:
    """Join the frames of a clip, shape `(n, k)`, n ≥ 1: their mean, and their vote."""
    mean = probabilities.mean(axis=0)
    votes = np.bincount(probabilities.argmax(axis=1), minlength=probabilities.shape[1])
    vote = int(np.lexsort((mean, votes))[-1])
    top = int(mean.argmax())
    return ClipAnswer(top, float(mean[top]), vote, float(votes[vote] / len(probabilities)))


def clip_rows(faces: FaceCorpus, *, system: str, seed: int) -> list[ResultRow]:
    """Return what the frame network and its aggregation say about each clip in `clips/`; no accuracy."""
    network = FrameNetwork().network(faces, seed=seed)
    settings = VideoSettings()
    rows = []
    for video in sorted((faces.data / "clips").glob("*")):
        try:
            frames = list(sampled_faces(video, settings))
        except InputError as fault:
            log.warning("%s: %s", video.name, fault)
            continue
        rows.append(clip_row(network, video.name, frames, system=system, seed=seed))
    fitting.forget()
    return rows


def clip_row(
    network: Any, name: str, frames: list[NDArray[np.uint8] | None], *, system: str, seed: int
) -> ResultRow:
    """Return one clip: how many of its frames had a face, and what they say together.

    Args:
        network: of single frames.
        name: of the clip.
        frames: faces `(256, 256)`, None for frames without one; at least one frame.
        system: name for the results file.
        seed: that the network was trained with.
    """
    seen = [frame for frame in frames if frame is not None]
    figures = {"with a face": Figure(value=len(seen) / len(frames))}
    said = "no face, no answer"
    if seen:
        answer = aggregate(_softmax(fitting.outputs_of(network, [standardised_images(np.stack(seen))])))
        said = f"mean {EMOTIONS[answer.mean_label]}, vote {EMOTIONS[answer.vote_label]}"
        figures["mean probability"] = Figure(value=answer.mean_probability)
        figures["share of the vote"] = Figure(value=answer.vote_share)
    return ResultRow(
        system=system,
        title=f"{name}: {said}",
        group=GROUP,
        protocol=f"every {EVERY}th frame",
        n=len(frames),
        seeds=[seed],
        figures=figures,
    )


def _softmax(logits: FloatArray) -> FloatArray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)


def clip_cnn() -> list[FrameNetwork]:
    """Measure the network of single frames; the clips follow it in the results file."""
    return [FrameNetwork()]
