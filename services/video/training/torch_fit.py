"""Train the residual face network with PyTorch, an epoch at a time.

Every epoch leaves a checkpoint, from which the same run goes on. PyTorch is imported when a run begins.
"""

import fcntl
import json
import logging
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np

from services.common.media.files import Progress, ignore_progress
from services.video.features import network_input
from services.video.training.batches import LabelledFaces, augmented
from services.video.training.dataset import FloatArray, IntArray
from services.video.training.recipe import ResidualRecipe
from services.video.training.torch_network import forward, load_torch, torch_network

STATE_FILE = "state.pt"
WEIGHTS_FILE = "weights.npz"
HISTORY_FILE = "history.json"
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EpochLog:
    """One epoch: training loss, and what the averaged weights reach on the held-out part.

    That part is seen at 48 px and unmirrored; while `size_px` is smaller, the figures are too low.
    """

    number: int
    size_px: int
    loss: float
    accuracy: float
    nll: float
    seconds: float


def learning_rate(recipe: ResidualRecipe, *, step: int, steps_per_epoch: int) -> float:
    """Return the rate of a linear warm-up, then half a cosine to zero at the end of the last epoch."""
    warm_up = recipe.warm_up_epochs * steps_per_epoch
    if step < warm_up:
        return recipe.learning_rate * (step + 1) / (warm_up + 1)
    done = (step - warm_up) / max(1.0, recipe.epochs * steps_per_epoch - warm_up)
    return recipe.learning_rate * (1 + math.cos(math.pi * done)) / 2


class Training:
    """Network, averaged weights and optimiser of one run, between two epochs a file."""

    def __init__(self, recipe: ResidualRecipe, *, seed: int, bfloat16: bool) -> None:
        self._torch = load_torch()
        self._torch.manual_seed(seed)
        self._recipe = recipe
        self._seed = seed
        self._bfloat16 = bfloat16
        self.layers = torch_network(recipe)
        self.averaged = torch_network(recipe)
        self.averaged.load_state_dict(self.layers.state_dict())
        self.averaged.eval()
        kernels = [p for p in self.layers.parameters() if p.dim() > 1]
        others = [p for p in self.layers.parameters() if p.dim() <= 1]
        self._optimiser = self._torch.optim.SGD(
            [
                {"params": kernels, "weight_decay": recipe.weight_decay},
                {"params": others, "weight_decay": 0.0},
            ],
            lr=recipe.learning_rate,
            momentum=recipe.momentum,
            nesterov=True,
        )
        self.history: list[EpochLog] = []

    def run_epoch(self, faces: LabelledFaces) -> float:
        """Train one epoch, reproducible from seed and epoch; returns the mean loss.

        Raises:
            FloatingPointError: the loss is no number any more.
        """
        number, size = len(self.history), self._recipe.batch_size
        order = np.random.default_rng([self._seed, number]).permutation(len(faces))
        self._torch.manual_seed(self._seed * 1000 + number)
        count = len(faces) // size
        loss = 0.0
        for step in range(count):
            rows = order[step * size : (step + 1) * size]
            rng = np.random.default_rng([self._seed, number, step])
            batch = augmented(faces, rows, rng, self._recipe, size_px=self._recipe.size_px(number))
            rate = learning_rate(self._recipe, step=number * count + step, steps_per_epoch=count)
            loss += self._step(*batch, rate=rate) / count
            self._average(number * count + step)
        if not math.isfinite(loss):
            raise FloatingPointError(f"the loss of epoch {number + 1} is {loss}")
        return loss

    def _step(self, inputs: FloatArray, targets: tuple[FloatArray, FloatArray], *, rate: float) -> float:
        torch = self._torch
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        self.layers.train()
        faces = torch.from_numpy(inputs).permute(0, 3, 1, 2)
        logits = forward(self.layers, faces, self._recipe, bfloat16=self._bfloat16)
        losses = [
            -(torch.from_numpy(wanted) * torch.log_softmax(named, dim=1)).sum(dim=1).mean()
            for named, wanted in zip(logits, targets, strict=True)
        ]
        loss = losses[0] + self._recipe.votes_weight * losses[1]
        self._optimiser.zero_grad()
        loss.backward()
        self._optimiser.step()
        return float(loss.detach())

    def _average(self, step: int) -> None:
        """Average weights and the normalisations' statistics (Polyak), over few steps at first."""
        decay = min(self._recipe.ema_decay, (1 + step) / (10 + step))
        current = self.layers.state_dict()
        with self._torch.no_grad():
            for name, value in self.averaged.state_dict().items():
                if value.dtype.is_floating_point:
                    value.lerp_(current[name], 1 - decay)

    def logits(self, faces: LabelledFaces) -> FloatArray:
        """Return FER2013 logits of the averaged weights, `(n, 7)`, in float32, unmirrored."""
        torch = self._torch
        parts = []
        with torch.no_grad():
            for start in range(0, len(faces), 256):
                inputs = torch.from_numpy(network_input(faces.images[start : start + 256])).permute(
                    0, 3, 1, 2
                )
                parts.append(forward(self.averaged, inputs, self._recipe)[0].numpy())
        return np.concatenate(parts)

    def save(self, folder: Path) -> None:
        """Write state, averaged weights and history, each whole or not at all."""
        state = {
            "layers": self.layers.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "history": [asdict(row) for row in self.history],
        }
        weights = {name: value.numpy() for name, value in self.averaged.state_dict().items()}
        rows = json.dumps(state["history"], indent=1)
        _replace(folder / WEIGHTS_FILE, lambda path: _write_weights(path, weights))
        _replace(folder / HISTORY_FILE, lambda path: path.write_text(rows, encoding="utf-8"))
        _replace(folder / STATE_FILE, lambda path: self._torch.save(state, path))

    def load(self, folder: Path) -> None:
        """Load what `save` wrote; nothing happens where it wrote nothing."""
        path = folder / STATE_FILE
        if not path.is_file():
            return
        state = self._torch.load(path, weights_only=True)
        self.layers.load_state_dict(state["layers"])
        self.averaged.load_state_dict(state["averaged"])
        self._optimiser.load_state_dict(state["optimiser"])
        self.history = [EpochLog(**row) for row in state["history"]]


def negative_log_likelihood(logits: FloatArray, labels: IntArray) -> float:
    """Return the mean natural-logarithm loss of `logits` `(n, classes)` against `labels` `(n,)`."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_prob = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return float(-log_prob[np.arange(len(labels)), labels].mean())


def _write_weights(path: Path, weights: Mapping[str, FloatArray]) -> None:
    with path.open("wb") as file:
        np.savez(file, **dict(weights))  # type: ignore[arg-type]  # the stub takes the names for its flags


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a file beside `path`, then put it in its place."""
    partial = path.with_name(f".{path.name}")
    write(partial)
    partial.replace(path)


def fit(
    train: LabelledFaces,
    held_out: LabelledFaces,
    recipe: ResidualRecipe,
    *,
    seed: int,
    work_dir: Path,
    bfloat16: bool = True,
    progress: Progress = ignore_progress,
) -> list[EpochLog]:
    """Train the epochs that `work_dir` does not hold yet, each followed by a checkpoint.

    The held-out part is only logged: the number of epochs is fixed and the last one is the result.

    Args:
        train: what to train on.
        held_out: what every epoch is measured on.
        recipe: hyper-parameters.
        seed: of weights, order and augmentation.
        work_dir: of exactly this recipe, seed and data.
        bfloat16: twice as fast where the processor knows it, slower where it does not.
        progress: told the share of the epochs that are done.

    Returns:
        Every epoch, in order.

    Raises:
        BlockingIOError: another process trains in `work_dir`.
        ValueError: there are fewer images than one batch has.
    """
    if len(train) < recipe.batch_size:
        raise ValueError(f"{len(train)} images are less than one batch of {recipe.batch_size}")
    cv2.setNumThreads(1)  # PyTorch has the cores
    work_dir.mkdir(parents=True, exist_ok=True)
    with (work_dir / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        training = Training(recipe, seed=seed, bfloat16=bfloat16)
        training.load(work_dir)
        while len(training.history) < recipe.epochs:
            begun = time.monotonic()
            loss = training.run_epoch(train)
            logits = training.logits(held_out)
            number = len(training.history)
            row = EpochLog(
                number=number + 1,
                size_px=recipe.size_px(number),
                loss=loss,
                accuracy=float((logits.argmax(axis=1) == held_out.labels).mean()),
                nll=negative_log_likelihood(logits, held_out.labels),
                seconds=round(time.monotonic() - begun, 1),
            )
            training.history.append(row)
            training.save(work_dir)
            log.info("%s", row)
            progress((number + 1) / recipe.epochs)
        return training.history
