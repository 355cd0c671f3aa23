"""The systems without a network: support vectors on gradients and landmarks, boosted trees."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from sklearn.metrics import recall_score
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from services.video.training.dataset import FloatArray, IntArray
from services.video.training.reference.corpus import FER, Exam, FaceCorpus, inner_split
from services.video.training.reference.encoder import CODE_SIZE, EPOCHS, encode

Parts = list[FloatArray]

COSTS = (1.0, 10.0)
WIDTHS = (0.25, 1.0)
"""Of the Gaussian: γ in units of one over the features' total variance."""
INNER_SHARE = 0.2
VERSION = 1
"""To be raised when a search changes in a way that its note does not show."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """A support vector machine with a Gaussian kernel over one or several kinds of features.

    Attributes:
        name: of the line.
        front_ends: whose features it takes; each kind counts the same.
        published: accuracy of the system it rebuilds, percent.
        remark: what else a reader must know.
    """

    name: str
    front_ends: tuple[str, ...]
    published: float
    remark: str = ""
    exam: Exam = FER

    @property
    def title(self) -> str:
        return titled(self.name, self.published)

    @property
    def note(self) -> str:
        """The budget, for the reader of the table."""
        grid = f"C out of {_listed(COSTS)} and width out of {_listed(WIDTHS)}"
        return f"{grid} by a fifth of the images, then fitted on all of them.{self.remark}"

    @property
    def recipe(self) -> str:
        """What tells one version of this line from another, for the key of kept predictions."""
        return f"{VERSION} {self.front_ends} {COSTS} {WIDTHS} {INNER_SHARE}"

    def predict(self, faces: FaceCorpus, *, seed: int) -> IntArray:
        """Choose by a part of the images, fit on all, and name the classes of `faces.test`."""
        pairs = [faces.features(name) for name in self.front_ends]
        fit, test = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        labels = faces.fit.labels
        cost, width = _best(fit, labels, seed=seed)
        return _named(fit, labels, test, cost=cost, width=width)


def titled(name: str, published: float | None) -> str:
    """Return the title of a line: what it is, and what was published for it."""
    return f"{name} [{published:.1f} published]" if published is not None else name


def _listed(numbers: Sequence[float]) -> str:
    return " and ".join(f"{number:g}" for number in numbers)


def _best(features: Parts, labels: IntArray, *, seed: int) -> tuple[float, float]:
    """Return the cost and width of the greatest mean recall on the inner part."""
    fit, rest = inner_split(labels, share=INNER_SHARE, seed=seed)
    inside, outside = [part[fit] for part in features], [part[rest] for part in features]

    def score(pair: tuple[float, float]) -> float:
        named = _named(inside, labels[fit], outside, cost=pair[0], width=pair[1])
        return float(recall_score(labels[rest], named, average="macro", zero_division=0.0))

    return max(product(COSTS, WIDTHS), key=score)


def _named(fit: Parts, labels: IntArray, test: Parts, *, cost: float, width: float) -> IntArray:
    scaled = [scaled_parts(known, asked) for known, asked in zip(fit, test, strict=True)]
    known = np.concatenate([pair[0] for pair in scaled], axis=1)
    asked = np.concatenate([pair[1] for pair in scaled], axis=1)
    gamma = width / len(scaled)
    machine = SVC(C=cost, kernel="precomputed", cache_size=300, class_weight=None)
    machine.fit(gaussian_kernel(known, known, gamma=gamma), labels)
    return np.asarray(machine.predict(gaussian_kernel(asked, known, gamma=gamma)), np.int64)


def scaled_parts(fit: FloatArray, test: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return features standardised by the rows that are fitted on, of total variance 1.

    A row of NaN, an image that gave nothing, becomes the mean of those rows: all zero.
    """
    scaler = StandardScaler().fit(fit[np.isfinite(fit).all(axis=1)])
    size = np.sqrt(np.float32(fit.shape[1]))
    known, asked = (np.nan_to_num(scaler.transform(part) / size, nan=0.0) for part in (fit, test))
    return known.astype(np.float32), asked.astype(np.float32)


def gaussian_kernel(left: FloatArray, right: FloatArray, *, gamma: float) -> FloatArray:
    """Compute exp(−γ ‖x − y‖²) of every row with every row, shape `(len(left), len(right))`."""
    squares = (left**2).sum(axis=1)[:, np.newaxis] + (right**2).sum(axis=1)
    distances = np.maximum(squares - 2.0 * (left @ right.T), 0.0)
    return np.asarray(np.exp(-gamma * distances), np.float32)


@dataclass(frozen=True, slots=True)
class Boosted:
    """Gradient-boosted trees.

    Attributes:
        name: of the line.
        encoded: whether the trees see the codes of an auto-encoder instead of the pixels.
        trees, depth, learning_rate, columns: the budget; `columns` is the share each tree sees.
    """

    name: str
    encoded: bool
    trees: int = 80
    depth: int = 4
    learning_rate: float = 0.2
    columns: float = 0.2
    published: float | None = None
    exam: Exam = FER

    @property
    def title(self) -> str:
        return titled(self.name, self.published)

    @property
    def note(self) -> str:
        """The budget, for the reader of the table."""
        trees = (
            f"{self.trees} trees per emotion, depth {self.depth}, each on {self.columns:.0%} of the columns"
        )
        codes = (
            f"; {CODE_SIZE} codes of a convolutional auto-encoder trained {EPOCHS} epochs on the same images"
        )
        return f"{trees}{codes if self.encoded else ''}. Nothing was tuned."

    @property
    def recipe(self) -> str:
        """What tells one version of this line from another, for the key of kept predictions."""
        numbers = f"{self.trees} {self.depth} {self.learning_rate} {self.columns}"
        return f"{VERSION} {numbers} {(CODE_SIZE, EPOCHS) if self.encoded else ''}"

    def predict(self, faces: FaceCorpus, *, seed: int) -> IntArray:
        """Fit the trees, and before them the auto-encoder, and name the classes of `faces.test`."""
        fit, test = encode(faces, seed=seed) if self.encoded else faces.features("pixels")
        return np.asarray(self._trees(seed).fit(fit, faces.fit.labels).predict(test), np.int64)

    def _trees(self, seed: int) -> Any:
        from xgboost import XGBClassifier

        return XGBClassifier(
            n_estimators=self.trees,
            max_depth=self.depth,
            learning_rate=self.learning_rate,
            colsample_bytree=self.columns,
            subsample=0.8,
            max_bin=64,
            tree_method="hist",
            n_jobs=1,
            random_state=seed,
        )


LANDMARKS = (
    " FaceMesh's 468 points, without place, size and roll; images without a face count as the mean face."
)


def hog_svm() -> list[Kernel]:
    """Fit on gradients in nine cells of 16 pixels."""
    return [Kernel("HOG + SVM", ("hog",), 32.8, " Nine cells of 16 × 16 pixels, eight orientations.")]


def landmarks_svm() -> list[Kernel]:
    """Fit on the shape of the face."""
    return [Kernel("landmarks + SVM", ("landmarks",), 46.4, LANDMARKS)]


def landmarks_hog_svm() -> list[Kernel]:
    """Fit on landmarks and gradients together."""
    return [Kernel("landmarks and HOG + SVM", ("landmarks", "hog"), 47.5, LANDMARKS)]


def sliding_hog_svm() -> list[Kernel]:
    """Fit on gradients in 25 overlapping windows."""
    windows = " 25 windows of 24 × 24 pixels every 6, nine cells each."
    return [Kernel("sliding-window HOG + SVM", ("sliding_hog",), 24.6, windows)]


def boosted_pixels() -> list[Boosted]:
    """Fit trees on grey values."""
    return [Boosted("gradient boosting on pixels", encoded=False)]


def boosted_codes() -> list[Boosted]:
    """Fit trees on the codes of an auto-encoder."""
    return [Boosted("gradient boosting on auto-encoded images", encoded=True, columns=0.5)]
