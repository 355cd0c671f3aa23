"""A linear support vector machine by stochastic gradient descent: the reference wrote its own too."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass
class SgdSvm:
    """Pegasos (Shalev-Shwartz et al. 2011, figure 2, with mini-batches), all traits at once.

    Attributes:
        penalty: λ of the objective `λ/2 |w|² + mean hinge loss`.
        epochs: passes over the rows.
        batch_size: rows of one step.
        seed: of their order.
    """

    penalty: float = 1e-3
    epochs: int = 30
    batch_size: int = 32
    seed: int = 0

    def fit(self, rows: Floats, traits: NDArray[np.float64]) -> "SgdSvm":
        """Learn from rows of shape `(n, d)` and traits of 0 or 1, shape `(n, k)`."""
        generator = np.random.default_rng(self.seed)
        table = np.hstack([rows, np.ones((len(rows), 1), np.float32)]).astype(np.float32)
        signs = (2.0 * traits - 1.0).astype(np.float32)
        weights = np.zeros((table.shape[1], traits.shape[1]), np.float32)
        mean = np.zeros_like(weights)
        step, averaged = 0, 0
        for epoch in range(self.epochs):
            order = generator.permutation(len(table))
            for start in range(0, len(order), self.batch_size):
                step += 1
                here = order[start : start + self.batch_size]
                inside = (signs[here] * (table[here] @ weights) < 1.0).astype(np.float32)
                slope = table[here].T @ (inside * signs[here]) / len(here)
                rate = np.float32(1.0 / (self.penalty * (step + 1.0 / self.penalty)))
                weights = (1.0 - rate * np.float32(self.penalty)) * weights + rate * slope
                if epoch >= self.epochs // 2:
                    averaged += 1
                    mean += (weights - mean) / averaged
        self._weights = mean
        return self

    def predict(self, rows: Floats) -> NDArray[np.int64]:
        """Predict 0 or 1 for each row and trait, shape `(n, k)`."""
        outputs = rows @ self._weights[:-1] + self._weights[-1]
        found: NDArray[np.int64] = (outputs > 0.0).astype(np.int64)
        return found
