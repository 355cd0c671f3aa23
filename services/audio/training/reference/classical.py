"""The systems without a network: a scaler, a projection, a classifier, tuned inside the fold."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import loguniform, uniform
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from services.audio.training.reference.corpus import INNER_FOLDS, Split
from services.audio.training.reference.descriptors import FloatArray

Params = Mapping[str, Any]

COMPONENTS = (None, 140, 120, 100)
KERNELS: dict[str, dict[str, Any]] = {
    "linear": {"kernel": "linear"},
    "poly 2": {"kernel": "poly", "degree": 2, "coef0": 1.0},
    "poly 3": {"kernel": "poly", "degree": 3, "coef0": 1.0},
    "rbf": {"kernel": "rbf"},
}
SVM_COSTS = (0.1, 1.0, 10.0)
VERSION = 1
"""To be raised when a search changes in a way that its budget does not show."""
SCORING = "balanced_accuracy"
"""Mean recall: the inner folds choose by what is reported."""


@dataclass(frozen=True, slots=True)
class Classical:
    """One line of the table that is fitted in seconds.

    Attributes:
        title: of the line.
        front_end: name of its features.
        steps: makes the pipeline, given a seed.
        grid: given the parameters that the random search chose (none without one), what to try.
        drawn: distributions of the random search.
        draws: how many of their combinations are tried; 0 for no random search.
        note: the budget, for the reader of the table.
    """

    title: str
    front_end: str
    steps: Callable[[int], Pipeline]
    grid: Callable[[Params], dict[str, list[Any]]]
    drawn: Params = field(default_factory=dict)
    draws: int = 0
    note: str = ""

    @property
    def recipe(self) -> str:
        """What tells one version of this line from another, for the key of kept predictions."""
        return f"{VERSION} {self.title} {self.front_end} {self.note} {self.steps(0)}"

    def predict(
        self,
        fit_on: tuple[FloatArray, NDArray[np.int64]],
        test: FloatArray,
        *,
        inner: Sequence[Split],
        seed: int,
    ) -> NDArray[np.int64]:
        """Choose by `inner`, fit on all of `fit_on`, and name the classes of `test`, shape `(n,)`."""
        with warnings.catch_warnings():
            # the perceptron's number of passes is part of its budget, not a failure to converge
            warnings.simplefilter("ignore", ConvergenceWarning)
            chosen = self._draw(fit_on, inner, seed) if self.draws else {}
            fine = GridSearchCV(self.steps(seed), self.grid(chosen), scoring=SCORING, cv=inner)
            return np.asarray(fine.fit(*fit_on).predict(test), np.int64)

    def _draw(
        self, fit_on: tuple[FloatArray, NDArray[np.int64]], inner: Sequence[Split], seed: int
    ) -> Params:
        """Return the best of `draws` combinations."""
        rough = RandomizedSearchCV(
            self.steps(seed),
            self.drawn,
            n_iter=self.draws,
            scoring=SCORING,
            cv=inner,
            refit=False,
            random_state=seed,
        )
        best: Params = rough.fit(*fit_on).best_params_
        return best


def _pipeline(classifier: Any, components: int | None = None) -> Pipeline:
    steps: list[tuple[str, Any]] = [("scale", StandardScaler())]
    if components is not None:
        steps.append(("project", PCA(components, random_state=0)))
    return Pipeline([*steps, ("classify", classifier)])


def svm_360() -> list[Classical]:
    """Return sixteen lines: 360 statistics, four projections, four kernels."""
    costs = ", ".join(f"{cost:g}" for cost in SVM_COSTS)
    note = f"C out of {costs} by {INNER_FOLDS} inner folds; polynomials with a constant term of 1."
    return [_svm_360(name, components, note) for name in KERNELS for components in COMPONENTS]


def _svm_360(kernel: str, components: int | None, note: str) -> Classical:
    return Classical(
        title=f"360 statistics, {f'PCA {components}' if components else 'no PCA'}, SVM {kernel}",
        front_end="statistics_360",
        steps=lambda _: _pipeline(SVC(cache_size=500, **KERNELS[kernel]), components),
        grid=lambda _: {"classify__C": list(SVM_COSTS)},
        note=note,
    )


def _around(chosen: Params, factors: Mapping[str, Sequence[float]]) -> dict[str, list[Any]]:
    """Return the chosen parameters, and those in `factors` at multiples of their chosen values."""
    named = {f"classify__{name}": values for name, values in factors.items()}
    return {
        name: [value * factor for factor in named[name]] if name in named else [value]
        for name, value in chosen.items()
    }


def _tuned(
    title: str,
    classifier: Callable[[int], Any],
    *,
    draws: int,
    drawn: Params,
    factors: Mapping[str, Sequence[float]],
) -> list[Classical]:
    size = int(np.prod([len(values) for values in factors.values()]))
    line = Classical(
        title=f"MFCC summary, {title}",
        front_end="mfcc_summary",
        steps=lambda seed: _pipeline(classifier(seed)),
        grid=lambda chosen: _around(chosen, factors),
        drawn={f"classify__{name}": values for name, values in drawn.items()},
        draws=draws,
        note=f"{draws} random draws, then a grid of {size} around the best, by {INNER_FOLDS} inner folds.",
    )
    return [line]


def mfcc_svc() -> list[Classical]:
    """Build MFCC summaries and a support vector classifier."""
    return _tuned(
        "SVC",
        lambda _: SVC(kernel="rbf", cache_size=500),
        draws=12,
        drawn={"C": loguniform(0.3, 100.0), "gamma": loguniform(3e-4, 3e-2)},
        factors={"C": (0.5, 1.0, 2.0), "gamma": (0.5, 1.0, 2.0)},
    )


def mfcc_random_forest() -> list[Classical]:
    """Build MFCC summaries and a random forest."""
    return _tuned(
        "random forest",
        lambda seed: RandomForestClassifier(random_state=seed),
        draws=6,
        drawn={
            "n_estimators": [100],
            "max_depth": [8, 12, 20, None],
            "max_features": ["sqrt", 0.15],
            "min_samples_leaf": [1, 2, 4],
        },
        factors={"n_estimators": (1, 2), "min_samples_leaf": (1, 2)},
    )


def mfcc_xgboost() -> list[Classical]:
    """Build MFCC summaries and gradient-boosted trees."""
    from xgboost import XGBClassifier

    return _tuned(
        "XGBoost",
        lambda seed: XGBClassifier(tree_method="hist", n_jobs=1, random_state=seed),
        draws=6,
        drawn={
            "n_estimators": [80],
            "max_depth": [2, 3],
            "learning_rate": loguniform(0.05, 0.4),
            "subsample": uniform(0.6, 0.4),
            "colsample_bytree": uniform(0.2, 0.4),
            "min_child_weight": [1, 3, 5],
        },
        factors={"n_estimators": (1, 2), "learning_rate": (0.6, 1.0)},
    )


def mfcc_mlp() -> list[Classical]:
    """Build MFCC summaries and a multi-layer perceptron."""
    return _tuned(
        "MLP",
        lambda seed: MLPClassifier(max_iter=120, early_stopping=False, random_state=seed),
        draws=8,
        drawn={
            "hidden_layer_sizes": [(128,), (256,), (128, 64)],
            "alpha": loguniform(1e-4, 1.0),
            "learning_rate_init": loguniform(3e-4, 5e-3),
        },
        factors={"alpha": (0.3, 1.0, 3.0), "learning_rate_init": (0.5, 1.0)},
    )
