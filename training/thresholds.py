"""From scores to probabilities, and from probabilities to what is a tag."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize  # type: ignore[import-untyped]

# The share of paragraphs without a theme that may get one by the model; rules add theirs.
FALSE_ALARMS = 0.04
Floats = NDArray[np.float32]


def platt(scores: Floats, wanted: Floats) -> tuple[float, float]:
    """Slope and shift that turn scores into probabilities.

    J. Platt, "Probabilistic outputs for support vector machines" (1999), with his smoothed targets.
    """
    yes = wanted.sum()
    target = np.where(wanted > 0, (yes + 1) / (yes + 2), 1 / (len(wanted) - yes + 2))

    def loss(pair: NDArray[np.float64]) -> float:
        values = pair[0] * scores + pair[1]
        return float((np.logaddexp(0, values) - target * values).sum())

    slope, shift = minimize(loss, np.array([1.0, 0.0]), method="BFGS").x
    return float(slope), float(shift)


def chances(scores: Floats, pairs: list[tuple[float, float]]) -> Floats:
    slope, shift = np.array(pairs).T
    return np.asarray(1 / (1 + np.exp(-(scores * slope + shift))), np.float32)


def thresholds(chances: Floats, wanted: Floats) -> NDArray[np.float64]:
    """A threshold for each theme: the best F1 of all together while at most `FALSE_ALARMS` of the paragraphs without a
    theme get one. One theme's is moved at a time, for as long as that helps."""
    grid = np.r_[np.arange(0.1, 0.95, 0.025), 1.01]
    bare = wanted.sum(1) == 0
    best = np.full(wanted.shape[1], 0.7)

    def value(limits: NDArray[np.float64]) -> float:
        found = chances >= limits
        f1 = 2 * (found * wanted).sum() / max(1.0, found.sum() + wanted.sum())
        excess = max(0.0, float(found[bare].any(1).mean()) - FALSE_ALARMS)
        return float(f1 - 20 * excess)

    improved = True
    while improved:
        improved = False
        for place in range(len(best)):
            tried = [value(np.r_[best[:place], limit, best[place + 1 :]]) for limit in grid]
            if max(tried) > value(best) + 1e-9:
                best[place], improved = grid[int(np.argmax(tried))], True
    return best


def measured(found: NDArray[np.bool_], wanted: Floats) -> dict[str, float]:
    hits = (found * wanted).sum()
    return {
        "precision": round(float(hits / max(1, found.sum())), 3),
        "recall": round(float(hits / wanted.sum()), 3),
        "f1": round(float(2 * hits / max(1, found.sum() + wanted.sum())), 3),
        "false_alarms": round(float(found[wanted.sum(1) == 0].any(1).mean()), 3),
    }
